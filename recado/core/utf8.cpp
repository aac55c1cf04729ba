#include <recado/core/utf8.hpp>

namespace recado {

namespace {

/// The length of the sequence that begins with this byte; 0 if none does.
constexpr unsigned length_from(unsigned lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/// What the second byte of a sequence may be: neither overlong forms nor surrogates nor anything above U+10FFFF.
constexpr unsigned second_min(unsigned lead) { return lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80; }
constexpr unsigned second_max(unsigned lead) { return lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf; }

}  // namespace

std::size_t utf8_sequence_length(bytes data) {
  if (data.empty()) return 0;
  const auto at = [&](std::size_t i) { return std::to_integer<unsigned>(data[i]); };
  const unsigned lead = at(0);
  const std::size_t length = length_from(lead);
  if (length < 2) return length;
  if (data.size() < length || at(1) < second_min(lead) || at(1) > second_max(lead)) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  return length;
}

void utf8_check::add(bytes piece) {
  for (const std::byte one : piece) {
    const auto value = std::to_integer<unsigned>(one);
    if (left_ == broken) return;
    if (left_ == 0) {
      left_ = static_cast<std::uint8_t>(length_from(value) - 1);  // none: `broken`
      min_ = static_cast<std::uint8_t>(second_min(value)), max_ = static_cast<std::uint8_t>(second_max(value));
    } else {
      left_ = value < min_ || value > max_ ? broken : static_cast<std::uint8_t>(left_ - 1);
      min_ = 0x80, max_ = 0xbf;
    }
  }
}

bool is_utf8(bytes data) {
  utf8_check whole;
  whole.add(data);
  return whole.well_formed();
}

}  // namespace recado
