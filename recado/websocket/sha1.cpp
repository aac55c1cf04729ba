#include <recado/websocket/sha1.hpp>

#include <bit>
#include <cassert>
#include <cstdint>

namespace recado::websocket {
namespace {

constexpr std::size_t block_octets = 64;

void add_block(bytes block, std::array<std::uint32_t, 5>& state) {
  std::array<std::uint32_t, 80> w{};
  for (std::size_t i = 0; i < block_octets; ++i) w[i / 4] = w[i / 4] << 8 | std::to_integer<std::uint32_t>(block[i]);
  for (std::size_t i = 16; i < w.size(); ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  auto [a, b, c, d, e] = state;
  for (std::size_t i = 0; i < w.size(); ++i) {
    const std::uint32_t f = i < 20 ? (b & c) | (~b & d) : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
    constexpr std::uint32_t k[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    const std::uint32_t next = std::rotl(a, 5) + f + e + k[i / 20] + w[i];
    e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

}  // namespace

std::array<std::byte, 20> sha1(bytes message) {
  std::array<std::byte, 2 * block_octets> padded{};
  assert(message.size() + 9 <= padded.size());
  copy(message, padded);
  padded[message.size()] = std::byte{0x80};
  const std::size_t size = message.size() + 9 <= block_octets ? block_octets : padded.size();
  const std::size_t bits = message.size() * 8;
  padded[size - 2] = static_cast<std::byte>(bits >> 8), padded[size - 1] = static_cast<std::byte>(bits);
  std::array<std::uint32_t, 5> state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (std::size_t at = 0; at < size; at += block_octets) add_block(bytes{padded}.subspan(at, block_octets), state);
  std::array<std::byte, 20> result{};
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<std::byte>(state[i / 4] >> (24 - 8 * (i % 4)));
  return result;
}

}  // namespace recado::websocket
