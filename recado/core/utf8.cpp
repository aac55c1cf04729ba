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

bool is_utf8(bytes data) {
  while (!data.empty()) {
    const std::size_t length = utf8_sequence_length(data);
    if (length == 0) return false;
    data = data.subspan(length);
  }
  return true;
}

}  // namespace recado
