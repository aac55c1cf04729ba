// Text that is gathered before it goes on.
#pragma once

#include <string>

#include <recado/core/text.hpp>

namespace recado::capture {

/// Appends to a string that must outlive it.
class string_sink final : public text_sink {
 public:
  /// Refers to the string.
  explicit string_sink(std::string& text) : text_(text) {}
  void write(std::string_view text) override { text_ += text; }

 private:
  std::string& text_;
};

}  // namespace recado::capture
