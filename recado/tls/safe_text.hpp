// Texts out of certificates, which strangers wrote. For the back ends.
#pragma once

#include <recado/core/fixed_vector.hpp>
#include <recado/core/text.hpp>
#include <recado/core/utf8.hpp>

namespace recado::tls {

/// Appends in pieces and remembers that something didn't fit.
class limited final : public text_sink {
 public:
  /// Appends to `to`, which outlives it.
  template <std::size_t Capacity>
  explicit limited(fixed_string<Capacity>& to) : to_(to.space()) {}
  void write(std::string_view text) override {
    if (!fits_) return;
    const auto room = to_.capacity - to_.size;
    fits_ = text.size() <= room;
    (void)to_.append(text.substr(0, room));
  }
  /// False if a piece was cut.
  bool fits() const { return fits_; }

 private:
  text_space to_;
  bool fits_ = true;
};

/// What a certificate says may not move the cursor of a terminal, nor look like a separator of recado's.
inline void print_safely(bytes text, text_sink& out) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    const auto first = std::to_integer<unsigned char>(text[0]);
    const bool unsafe =
        length == 0 || first < 0x20 || first == 0x7f || first == '\\' || first == ',' || utf8_is_c1(text);
    if (unsafe) (out << "\\x").hex(first, 2);
    else out << as_text(text.first(length));
    text = text.subspan(unsafe ? 1 : length);
  }
}

}  // namespace recado::tls
