#include <recado/core/base64.hpp>

#include <cstdint>

namespace recado {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The characters of up to three bytes at the front of `data`.
void encode_group(bytes data, mutable_bytes out) {
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < 3; ++i)
    group = group << 8 | (i < data.size() ? std::to_integer<std::uint32_t>(data[i]) : 0U);
  for (std::size_t i = 0; i < 4; ++i) {
    const char letter = i <= data.size() ? alphabet[group >> (18 - 6 * i) & 63U] : '=';
    out[i] = static_cast<std::byte>(letter);
  }
}

}  // namespace

std::size_t base64_encode(bytes data, mutable_bytes out) {
  std::size_t size = 0;
  for (; !data.empty(); size += 4) {
    const bytes group = data.first(data.size() < 3 ? data.size() : 3);
    encode_group(group, out.subspan(size, 4));
    data = data.subspan(group.size());
  }
  return size;
}

std::optional<std::size_t> base64_decode(std::string_view text, mutable_bytes out) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.size() > padding && text[text.size() - 1 - padding] == '=') ++padding;
  const std::size_t size = text.size() / 4 * 3 - padding;
  if (size > out.size()) return std::nullopt;
  text.remove_suffix(padding);
  std::uint32_t bits = 0;
  unsigned count = 0;
  std::size_t written = 0;
  for (const char letter : text) {
    const std::size_t value = alphabet.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out[written++] = static_cast<std::byte>(bits >> count);
  }
  if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
  return written;
}

}  // namespace recado
