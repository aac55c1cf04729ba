// What `recado firmware` does, as functions; `recado lab run --board` uses them, too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <boards/linux/configuration_file.hpp>
#include <recado/pki/secret.hpp>

namespace recado::app::firmware {

/// A board that an image can be made for.
struct board {
  std::string_view name;            ///< as on the command line, and the CMake preset
  std::string_view memory;          ///< where it remembers what a PC has folders for
  std::uint32_t message_bytes_max;  ///< of a message of the test mode
};
/// Those of this checkout.
const std::vector<board>& boards();
/// Throws `failure` with the nearest name.
const board& find_board(std::string_view name);

/// What is compiled into an image beside the values of the configuration, as DER; several of them one behind the other.
struct credentials {
  pki::secret ca, certificate, key, crl;
};

/// Reads what [tls] names, decrypts the key, and checks it for a board. Throws `failure`, naming the option.
credentials read_credentials(const device::configuration& chosen);

/// Turns what means something on a PC only into what it means on the board; what can't be is a problem of the file.
/// Answers a line for each thing that means something else there, or nothing with that preset.
std::vector<std::string> resolve_for(const board& target, std::string_view preset,
                                     linux_board::configuration_file& file);

/// The one C++ source of an image, with its secrets.
pki::secret source_of(const device::configuration& chosen, const credentials& with, bool test_mode);

/// What an image may be built for; the first is what is taken.
const std::vector<std::string>& presets();

/// What to build.
struct build_request {
  std::string board, preset = presets().front();
  std::filesystem::path source;  ///< of recado; empty: the checkout that this program was built from
  std::filesystem::path output;  ///< gets mode 0600, since the key is in it
  /// Its end is the emulator's, whose status says how it went; such an image may do anything there (semihosting).
  bool emulator_exit = false;
};
/// What became of it.
struct build_result {
  std::uint64_t flash_bytes = 0, ram_bytes = 0;
};
/// Runs CMake and Ninja on the generated source. Throws `failure` with the first error, or what is missing.
build_result build(const build_request& what, const pki::secret& source);

/// How `recado firmware` and `recado lab run --board` are told what to make.
struct image_request {
  std::string config;                 ///< the path of a configuration; empty: the defaults
  std::vector<std::string> settings;  ///< "section.name=value"
  bool test_mode = false;
  build_request build;
};
/// Reads, checks, resolves and generates. Notes go to standard error.
pki::secret generate(const image_request& what);

}  // namespace recado::app::firmware
