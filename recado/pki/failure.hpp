// How the PKI says that something didn't work. It runs on a PC only, above the floors without exceptions.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace recado::pki {

/// Cause (what) and remedy, each half a sentence for one line "cause; remedy".
class failure : public std::runtime_error {
 public:
  /// Cause and remedy, half a sentence each.
  failure(const std::string& cause, std::string remedy) : std::runtime_error(cause), remedy_(std::move(remedy)) {}
  /// What to do about it.
  std::string_view remedy() const { return remedy_; }

 private:
  std::string remedy_;
};

/// A failure whose cause ends with the newest reason that OpenSSL gives; empties OpenSSL's error queue.
[[noreturn]] void fail_openssl(std::string cause, std::string remedy);
/// A failure whose cause ends with the system's words for errno.
[[noreturn]] void fail_system(std::string cause, int error);

}  // namespace recado::pki
