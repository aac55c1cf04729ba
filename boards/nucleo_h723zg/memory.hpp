// Where what lies in memory, how the core may cache it, and the caches.
//
// The map is that of the linker script; the attributes follow from who else reads there. Write-through is used nowhere
// (Arm erratum 1259864 of this core). A background region without any access stops speculative reads of memory that
// isn't there (Arm erratum 1013783).
#pragma once

#include <array>
#include <cstdint>

namespace recado::nucleo_h723zg {

/// A stretch of the address space.
struct memory_range {
  std::uint32_t begin;                                           ///< first address
  std::uint32_t bytes;                                           ///< length
  constexpr std::uint32_t end() const { return begin + bytes; }  ///< behind the last
  /// True if all of it is in here.
  constexpr bool holds(std::uint32_t address, std::uint32_t count) const {
    return address >= begin && count <= bytes && address - begin <= bytes - count;
  }
};

namespace map {
inline constexpr memory_range program{0x08000000, 768 * 1024};  ///< sectors 0 to 5 of the flash
inline constexpr memory_range journal{0x080c0000, 256 * 1024};  ///< sectors 6 and 7
inline constexpr memory_range tight{
    0x20000000, 128 * 1024};  ///< DTCM: the stack first, below it there is nothing; no DMA reaches it
inline constexpr memory_range main{0x24000000, 320 * 1024};      ///< AXI SRAM: data, cached
inline constexpr memory_range ethernet{0x30000000, 32 * 1024};   ///< SRAM1 and SRAM2: descriptors and buffers
inline constexpr memory_range backup{0x38800000, 4 * 1024};      ///< kept over a reset
inline constexpr std::uint32_t flash_sector_bytes = 128 * 1024;  ///< erased together
inline constexpr std::uint32_t first_journal_sector = 6;         ///< of the flash
}  // namespace map

/// One region of the memory protection unit, as its two registers have it.
struct protected_region {
  std::uint32_t base;        ///< MPU_RBAR without the number
  std::uint32_t attributes;  ///< MPU_RASR
};

/// Who may do what in a region.
enum class access : std::uint32_t { none = 0, full = 3, read_only = 6 };
/// How a region is cached, as TEX, C and B.
enum class caching : std::uint32_t {
  strongly_ordered = 0,    ///< every access happens, in order
  none = 0b001'0'0,        ///< normal memory without a cache
  write_back = 0b001'1'1,  ///< normal memory, lines allocated by reads and writes
  read = 0b000'1'1,        ///< normal memory, lines allocated by reads
};

/// MPU_RASR: `bytes` is a power of two from 32 to 2^32; of its eighths those in `without` don't belong to the region.
constexpr std::uint32_t region_attributes(std::uint64_t bytes, access who, caching how, bool executable,
                                          std::uint32_t without = 0) {
  std::uint32_t size = 0;
  while ((std::uint64_t{2} << size) < bytes) ++size;
  const auto kind = static_cast<std::uint32_t>(how);
  const std::uint32_t shareable = how == caching::strongly_ordered ? 1U << 18 : 0;  // as such memory always is
  return shareable | (executable ? 0 : 1U << 28) | static_cast<std::uint32_t>(who) << 24 | (kind >> 2) << 19 |
         (kind & 3) << 16 | without << 8 | size << 1 | 1;
}

/// The regions; where two overlap the later one counts.
inline constexpr std::array<protected_region, 8> protected_regions{{
    {0, region_attributes(std::uint64_t{1} << 32, access::none, caching::strongly_ordered, false, 0x87)},
    {map::program.begin, region_attributes(1024 * 1024, access::read_only, caching::read, true)},
    {map::main.begin, region_attributes(512 * 1024, access::full, caching::write_back, false, 0xe0)},
    {map::ethernet.begin, region_attributes(map::ethernet.bytes, access::full, caching::none, false)},
    // The descriptors alone: what is written to them is there, in that order.
    {map::ethernet.begin, region_attributes(256, access::full, caching::strongly_ordered, false)},
    // Programmed behind the cache's back. The control register, not this region, guards it against being written.
    {map::journal.begin, region_attributes(map::journal.bytes, access::full, caching::none, false)},
    {map::backup.begin, region_attributes(map::backup.bytes, access::full, caching::none, false)},
    // Speculative fetches from here would set the flash's error flags.
    {0x1ff00000, region_attributes(512 * 1024, access::full, caching::strongly_ordered, false)},
}};

/// Switches the memory protection unit on, and the faults that it and the buses raise.
void protect_memory();
/// Empties and switches on the cache of instructions, then that of data. After `protect_memory`.
void start_caches();

}  // namespace recado::nucleo_h723zg
