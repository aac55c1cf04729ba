#include <recado/store/crc32c.hpp>

#include <array>

namespace recado::store {
namespace {

constexpr std::uint32_t polynomial = 0x82f6'3b78;

// Where 8 KiB of tables don't matter, eight bytes at a time ("slicing by 8"); else by half ones, with 64 bytes.
constexpr bool by_slices = sizeof(void*) > 4;
constexpr unsigned bits = by_slices ? 8 : 4, slices = by_slices ? 8 : 1;

using table = std::array<std::uint32_t, 1U << bits>;

// tables[n][i]: what the byte i becomes when n further bytes of zeros have passed.
constexpr std::array<table, slices> make_tables() {
  std::array<table, slices> tables{};
  for (std::uint32_t i = 0; i < tables[0].size(); ++i) {
    std::uint32_t value = i;
    for (unsigned bit = 0; bit < bits; ++bit) value = (value & 1U) != 0 ? value >> 1U ^ polynomial : value >> 1U;
    tables[0][i] = value;
  }
  for (std::size_t n = 1; n < slices; ++n)
    for (std::size_t i = 0; i < tables[0].size(); ++i) {
      const std::uint32_t before = tables[n - 1][i];
      tables[n][i] = tables[0][before & (tables[0].size() - 1)] ^ before >> bits;
    }
  return tables;
}
constexpr auto tables = make_tables();

// Compilers make one load of it.
std::uint32_t word_at(bytes data) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(data[i]) << 8 * i;
  return value;
}

[[maybe_unused]] std::uint32_t past_eight(std::uint32_t value, bytes data) {
  const std::uint32_t first = value ^ word_at(data), second = word_at(data.subspan(4));
  value = 0;
  for (unsigned i = 0; i < 4; ++i)
    value ^= tables[(7 - i) % slices][first >> 8 * i & 0xff] ^ tables[(3 - i) % slices][second >> 8 * i & 0xff];
  return value;
}

}  // namespace

std::uint32_t crc32c(bytes data, std::uint32_t so_far) {
  std::uint32_t value = ~so_far;
  if constexpr (by_slices)
    for (; data.size() >= 8; data = data.subspan(8)) value = past_eight(value, data);
  for (const std::byte each : data) {
    value ^= std::to_integer<std::uint32_t>(each);
    for (unsigned done = 0; done < 8; done += bits) value = tables[0][value & (tables[0].size() - 1)] ^ value >> bits;
  }
  return ~value;
}

}  // namespace recado::store
