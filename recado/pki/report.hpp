// A page of named fields, aligned, safe to print.
#pragma once

#include <string>
#include <string_view>

#include <recado/core/bytes.hpp>

namespace recado::pki {

/// Bytes as capital hexadecimal digits with a separator.
std::string hex_of(bytes data, char separator);

/// Gathers "name   value" lines under titles. Long values are folded, control characters become `\xNN`.
class report {
 public:
  /// Begins a part.
  void title(std::string_view text);
  /// Adds a line to it.
  void field(std::string_view name, std::string_view value);
  /// All of it so far.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace recado::pki
