#include <recado/core/utf8.hpp>

namespace recado {

namespace {

struct lead_byte {
  std::size_t length;
  unsigned second_min, second_max;
};

constexpr lead_byte classify(unsigned lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xc2) return {0, 0, 0};
  if (lead < 0xe0) return {2, 0x80, 0xbf};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};
  if (lead == 0xed) return {3, 0x80, 0x9f};
  if (lead < 0xf0) return {3, 0x80, 0xbf};
  if (lead == 0xf0) return {4, 0x90, 0xbf};
  if (lead < 0xf4) return {4, 0x80, 0xbf};
  if (lead == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

}  // namespace

std::size_t utf8_sequence_length(bytes data) {
  if (data.empty()) return 0;
  const auto at = [&](std::size_t i) { return std::to_integer<unsigned>(data[i]); };
  const lead_byte lead = classify(at(0));
  if (lead.length < 2) return lead.length;
  if (data.size() < lead.length || at(1) < lead.second_min || at(1) > lead.second_max) return 0;
  for (std::size_t i = 2; i < lead.length; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  return lead.length;
}

void utf8_check::add(bytes piece) {
  for (const std::byte one : piece) {
    const auto value = std::to_integer<unsigned>(one);
    if (left_ == broken) return;
    if (left_ == 0) {
      const lead_byte lead = classify(value);
      left_ = lead.length == 0 ? broken : static_cast<std::uint8_t>(lead.length - 1);
      min_ = static_cast<std::uint8_t>(lead.second_min), max_ = static_cast<std::uint8_t>(lead.second_max);
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
