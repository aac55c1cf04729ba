#include "passphrase.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include <recado/core/bytes.hpp>
#include <recado/pki/file.hpp>

#include "command.hpp"
#include "console.hpp"

namespace recado::app {
namespace {

constexpr int passphrase_bytes_max = 1024;

/// OpenSSL would fall back to standard input, where something else may wait to be read.
bool has_terminal() {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal >= 0) ::close(terminal);
  return terminal >= 0;
}

}  // namespace

pki::secret read_passphrase_file(const std::string& path) {
  const pki::secret content{pki::read_file(path)};
  const std::string_view line = content.view().substr(0, content.view().find_first_of("\r\n"));
  if (line.size() > passphrase_bytes_max)
    throw failure("the pass phrase in '" + path + "' has more than " + std::to_string(passphrase_bytes_max) + " bytes",
                  "choose a shorter one");
  if (line.empty()) throw failure("the pass phrase in '" + path + "' is empty", "write it on the file's first line");
  return pki::secret{std::string{line}};
}

bool may_be_encrypted(const std::string& key_file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(key_file, error)) return true;  // what a pipe holds can be read but once
  const pki::secret content{pki::read_file(key_file)};
  return content.view().find("PRIVATE KEY-----") == std::string_view::npos ||
         content.view().find("ENCRYPTED") != std::string_view::npos;
}

void refuse_needless(const std::string& passphrase_file, const std::string& key_file, std::string_view option,
                     int status) {
  if (passphrase_file.empty() || may_be_encrypted(key_file)) return;
  throw failure("the key '" + key_file + "' is not encrypted, and " + std::string{option} + " is given",
                "leave " + std::string{option} + " out", status);
}

pki::secret ask_passphrase(std::string_view what, bool twice, std::string_view option) {
  if (!has_terminal())
    throw failure("the pass phrase of " + std::string{what} + " is needed and there is no terminal to ask on",
                  "give it in a file with " + std::string{option});
  out().flush();
  err().flush();
  std::array<char, passphrase_bytes_max + 1> memory{};
  const std::string prompt = "Pass phrase of " + std::string{what} + ": ";
  const int result = EVP_read_pw_string_min(memory.data(), 1, passphrase_bytes_max, prompt.c_str(), twice ? 1 : 0);
  pki::secret phrase{result == 0 ? std::string{memory.data()} : std::string{}};
  wipe(std::as_writable_bytes(std::span{memory}));
  if (result != 0 || phrase.empty())
    throw failure("no pass phrase was given", twice ? "type the same one twice" : "type it or give a file with it");
  return phrase;
}

pki::passphrase_source passphrase_from(std::string path, std::string option) {
  return [path = std::move(path), option = std::move(option)](std::string_view what) {
    return path.empty() ? ask_passphrase(what, false, option) : read_passphrase_file(path);
  };
}

std::size_t key_passphrase::ask(std::span<char> out) {
  try {
    return get(out);
  } catch (...) {
    trouble_ = std::current_exception();
    return 0;
  }
}

void key_passphrase::rethrow() const {
  if (trouble_) std::rethrow_exception(trouble_);
}

std::size_t key_passphrase::get(std::span<char> out) {
  const pki::secret phrase = from_(what_);
  if (phrase.view().size() > out.size()) return 0;
  std::ranges::copy(phrase.view(), out.begin());
  return phrase.view().size();
}

}  // namespace recado::app
