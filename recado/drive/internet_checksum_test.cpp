// The sum against RFC 1071's own words, wherever the bytes begin and end.
#include <array>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include <recado/drive/internet_checksum.hpp>

namespace recado {
namespace {

/// RFC 1071 §1: 16-bit words in the order of memory, the carry added in at once, an odd byte as if a zero followed.
std::uint16_t by_the_book(bytes data) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < data.size(); i += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, data.data() + i, i + 1 < data.size() ? 2 : 1);
    sum += word;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(sum);
}

TEST(internet_checksum, the_example_of_rfc_1071_section_3) {
  constexpr std::array octets{std::byte{0x00}, std::byte{0x01}, std::byte{0xf2}, std::byte{0x03},
                              std::byte{0xf4}, std::byte{0xf5}, std::byte{0xf6}, std::byte{0xf7}};
  const std::uint16_t sum = internet_checksum(octets);
  std::array<std::byte, 2> in_memory{};
  std::memcpy(in_memory.data(), &sum, sizeof sum);
  EXPECT_EQ(in_memory, (std::array{std::byte{0xdd}, std::byte{0xf2}}));
}

TEST(internet_checksum, every_beginning_and_every_length) {
  alignas(8) std::array<std::byte, 160> memory{};
  std::mt19937 random{7};
  for (auto& each : memory) each = static_cast<std::byte>(random());
  for (std::size_t begin = 0; begin < 8; ++begin)
    for (std::size_t size = 0; begin + size <= memory.size(); ++size) {
      const bytes data = bytes{memory}.subspan(begin, size);
      EXPECT_EQ(internet_checksum(data), by_the_book(data)) << begin << ' ' << size;
    }
}

TEST(internet_checksum, carries_of_carries) {
  alignas(8) std::array<std::byte, 1500> memory;
  memory.fill(std::byte{0xff});
  for (std::size_t size = 1; size < memory.size(); size += 37)
    EXPECT_EQ(internet_checksum(bytes{memory}.first(size)), by_the_book(bytes{memory}.first(size))) << size;
  EXPECT_EQ(internet_checksum({}), 0);
}

}  // namespace
}  // namespace recado
