#include <recado/drive/internet_checksum.hpp>

#include <cstring>

namespace recado {
namespace {

std::uint32_t load(const std::byte* from) {
  std::uint32_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

std::uint32_t add(std::uint32_t sum, std::uint32_t word) {
  const std::uint32_t both = sum + word;
  return both + (both < word ? 1u : 0u);
}

/// 32 bytes at an address that is a multiple of 4, added with their carries.
std::uint32_t add_block(std::uint32_t sum, const std::byte* from) {
#if defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_7M__)
  asm("ldmia %[from]!, {r3, r4, r5, r6}\n"
      "adds %[sum], %[sum], r3\n"
      "adcs %[sum], %[sum], r4\n"
      "adcs %[sum], %[sum], r5\n"
      "adcs %[sum], %[sum], r6\n"
      "ldmia %[from]!, {r3, r4, r5, r6}\n"
      "adcs %[sum], %[sum], r3\n"
      "adcs %[sum], %[sum], r4\n"
      "adcs %[sum], %[sum], r5\n"
      "adcs %[sum], %[sum], r6\n"
      "adc %[sum], %[sum], #0\n"
      : [sum] "+r"(sum), [from] "+r"(from)
      : "m"(*reinterpret_cast<const std::byte(*)[32]>(from))
      : "r3", "r4", "r5", "r6", "cc");
  return sum;
#else
  for (unsigned i = 0; i < 32; i += 4) sum = add(sum, load(from + i));
  return sum;
#endif
}

std::uint32_t fold(std::uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16);
}

/// From an even address.
std::uint32_t sum_of(const std::byte* from, std::size_t size) {
  std::uint32_t sum = 0;
  if (size >= 2 && reinterpret_cast<std::uintptr_t>(from) % 4 != 0) {
    std::uint16_t half;
    std::memcpy(&half, from, sizeof half);
    sum = half, from += 2, size -= 2;
  }
  for (; size >= 32; from += 32, size -= 32) sum = add_block(sum, from);
  for (; size >= 4; from += 4, size -= 4) sum = add(sum, load(from));
  std::uint32_t rest = 0;
  std::memcpy(&rest, from, size);
  return fold(add(sum, rest));
}

}  // namespace

std::uint16_t internet_checksum(bytes data) {
  const bool odd = reinterpret_cast<std::uintptr_t>(data.data()) % 2 != 0;
  if (data.empty()) return 0;
  if (!odd) return static_cast<std::uint16_t>(sum_of(data.data(), data.size()));
  // From an odd address on every byte is in the other half of its word: the sum comes out with its halves exchanged.
  const std::uint32_t rest = fold(sum_of(data.data() + 1, data.size() - 1));
  const std::uint32_t all = fold(rest + (std::to_integer<std::uint32_t>(data[0]) << 8));
  return static_cast<std::uint16_t>(all << 8 | all >> 8);
}

}  // namespace recado
