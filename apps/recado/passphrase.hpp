// Pass phrases from a file or the terminal.
#pragma once

#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <recado/pki/secret.hpp>
#include <recado/tls/options.hpp>

#include "command.hpp"

namespace recado::app {

/// The first line of a file, without its end. Throws `failure` if it is empty or can't be read.
pki::secret read_passphrase_file(const std::string& path);

/// False if the file is a private key in PEM without a pass phrase. DER doesn't tell, and neither does what can't be
/// read.
bool may_be_encrypted(const std::string& key_file);
/// Throws `failure` with that exit status if `option` gives the file of a pass phrase and the key is not encrypted.
void refuse_needless(const std::string& passphrase_file, const std::string& key_file, std::string_view option,
                     int status = exit_usage);

/// Asks on the terminal without showing what is typed; `twice` asks again and compares, for a new pass phrase.
/// Throws `failure` if there is no terminal; `option` is the one to use then ("--passphrase-file").
pki::secret ask_passphrase(std::string_view what, bool twice, std::string_view option);

/// Reads the file if a path is given, else asks on the terminal.
pki::passphrase_source passphrase_from(std::string path, std::string option);

/// Gives a TLS library the pass phrase of a private key. What is wrong with that waits until the library, which asks,
/// has put away what it holds: nothing may be thrown through it.
class key_passphrase final : public tls::pass_phrase_source {
 public:
  key_passphrase(std::string what, pki::passphrase_source from) : what_(std::move(what)), from_(std::move(from)) {}
  std::size_t ask(std::span<char> out) override;
  /// Throws what `ask` had to hold back; to be called behind the library.
  void rethrow() const;

 private:
  std::size_t get(std::span<char> out);

  std::string what_;
  pki::passphrase_source from_;
  std::exception_ptr trouble_;
};

}  // namespace recado::app
