#include <recado/core/crc32.hpp>

namespace recado {

std::uint32_t crc32(bytes data) {
  std::uint32_t sum = ~std::uint32_t{0};
  for (const std::byte each : data) {
    sum ^= std::to_integer<std::uint32_t>(each);
    for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0u);
  }
  return ~sum;
}

}  // namespace recado
