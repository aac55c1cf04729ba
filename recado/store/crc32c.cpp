#include <recado/store/crc32c.hpp>

#include <array>

namespace recado::store {
namespace {

constexpr std::uint32_t polynomial = 0x82f6'3b78;

// By whole bytes where 1 KiB doesn't matter, else by half ones.
constexpr unsigned bits = sizeof(void*) > 4 ? 8 : 4;

constexpr std::array<std::uint32_t, 1U << bits> make_table() {
  std::array<std::uint32_t, 1U << bits> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (unsigned bit = 0; bit < bits; ++bit) value = (value & 1U) != 0 ? value >> 1U ^ polynomial : value >> 1U;
    table[i] = value;
  }
  return table;
}
constexpr auto table = make_table();

}  // namespace

std::uint32_t crc32c(bytes data, std::uint32_t so_far) {
  std::uint32_t value = ~so_far;
  for (const std::byte each : data) {
    value ^= std::to_integer<std::uint32_t>(each);
    for (unsigned done = 0; done < 8; done += bits) value = table[value & (table.size() - 1)] ^ value >> bits;
  }
  return ~value;
}

}  // namespace recado::store
