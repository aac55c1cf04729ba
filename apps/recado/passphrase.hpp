// Pass phrases from a file or the terminal.
#pragma once

#include <string>
#include <string_view>

#include <recado/pki/secret.hpp>

namespace recado::app {

/// The first line of a file, without its end. Throws `failure` if it is empty or can't be read.
pki::secret read_passphrase_file(const std::string& path);

/// Asks on the terminal without showing what is typed; `twice` asks again and compares, for a new pass phrase.
/// Throws `failure` if there is no terminal; `option` is the one to use then ("--passphrase-file").
pki::secret ask_passphrase(std::string_view what, bool twice, std::string_view option);

/// Reads the file if a path is given, else asks on the terminal.
pki::passphrase_source passphrase_from(std::string path, std::string option);

}  // namespace recado::app
