// A text that leaves no trace: pass phrases and private keys on their way to a file.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <recado/core/bytes.hpp>

namespace recado::pki {

/// Owns a secret and wipes it at the end. It can be moved, not copied, and it never prints itself.
class secret {
 public:
  secret() = default;
  /// Takes the text and wipes the one it came in.
  explicit secret(std::string text) : text_(text) { clean(text); }  // moved from, a short one would keep its characters
  /// Moves; the other one is wiped.
  secret(secret&& other) noexcept : text_(other.text_) { clean(other.text_); }
  /// Wipes what it had, then moves.
  secret& operator=(secret&& other) noexcept {
    if (this == &other) return *this;
    clean(text_);
    text_ = other.text_;
    clean(other.text_);
    return *this;
  }
  ~secret() { clean(text_); }

  /// The text; lives as long as the secret.
  std::string_view view() const { return text_; }
  /// True if there is none.
  bool empty() const { return text_.empty(); }

 private:
  static void clean(std::string& text) {
    wipe(std::as_writable_bytes(std::span{text.data(), text.size()}));
    text.clear();
  }
  std::string text_;
};

/// Asks for the pass phrase of what is named ("the key private/mqtt-ca.key"). Called only when one is needed.
/// Throws `failure` if there is nobody to ask.
using passphrase_source = std::function<secret(std::string_view what)>;

}  // namespace recado::pki
