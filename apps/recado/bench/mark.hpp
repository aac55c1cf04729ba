// What the payload of a measured message begins with: who sent it, its number, and when it was due.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

#include <recado/core/bytes.hpp>

namespace recado::app::bench {

/// Shorter payloads carry nothing.
inline constexpr std::size_t mark_bytes = 16;

struct mark {
  std::uint16_t sender = 0;  ///< drawn by lot for each run, so that runs aren't mixed up
  std::uint64_t number = 0;  ///< 48 bits, from 0
  std::int64_t time_us = 0;  ///< when it was due, on the clock of the run; 56 bits
};

namespace detail {
inline constexpr std::uint64_t low_bits_48 = (std::uint64_t{1} << 48) - 1, low_bits_56 = (std::uint64_t{1} << 56) - 1;
inline constexpr std::uint64_t sign = 0xfe;  ///< of a message of recado bench; no UTF-8 has it
inline std::uint64_t in_network_order(std::uint64_t value) {
  return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}
}  // namespace detail

/// Writes `mark_bytes` bytes.
inline void write(const mark& what, std::byte* to) {
  const std::uint64_t words[2] = {
      detail::in_network_order(std::uint64_t{what.sender} << 48 | (what.number & detail::low_bits_48)),
      detail::in_network_order(detail::sign << 56 | (static_cast<std::uint64_t>(what.time_us) & detail::low_bits_56))};
  std::memcpy(to, words, sizeof words);
}

/// Nothing if the payload isn't one of recado bench.
inline std::optional<mark> read(bytes payload) {
  if (payload.size() < mark_bytes) return std::nullopt;
  std::uint64_t words[2];
  std::memcpy(words, payload.data(), sizeof words);
  const std::uint64_t first = detail::in_network_order(words[0]), second = detail::in_network_order(words[1]);
  if (second >> 56 != detail::sign) return std::nullopt;
  return mark{static_cast<std::uint16_t>(first >> 48), first & detail::low_bits_48,
              static_cast<std::int64_t>(second & detail::low_bits_56)};
}

}  // namespace recado::app::bench
