// A page of named fields, aligned, safe to print.
#pragma once

#include <string>
#include <string_view>

#include <recado/core/bytes.hpp>

namespace recado::pki {

/// Bytes as capital hexadecimal digits with a separator.
std::string hex_of(bytes data, char separator);

/// Gathers "name   value" lines under titles. Long values are folded, control characters become \xNN.
class report {
 public:
  void title(std::string_view text);
  void field(std::string_view name, std::string_view value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace recado::pki
