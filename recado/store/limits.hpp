// The limits of the journal.
#pragma once

#include <cstddef>
#include <cstdint>

namespace recado::store {

inline constexpr std::uint32_t sectors_min = 2;         ///< one is erased while another holds the data
inline constexpr std::uint32_t sector_bytes_min = 512;  ///< bytes of a sector
inline constexpr std::uint32_t program_bytes_max = 64;  ///< bytes that are programmed together
inline constexpr std::uint32_t page_bytes_max = 32768;  ///< bytes that are spoiled together
/// Pages of a sector, if they are larger than what is programmed together.
inline constexpr std::uint32_t pages_per_sector_min = 8;
/// What a journal needs to work: it copies records through that memory, and more makes fewer calls of the storage.
inline constexpr std::size_t scratch_bytes_min = 128;
/// A record may take at most this part of a sector, so that what is left over at a sector's end stays small.
inline constexpr std::uint32_t records_per_sector_min = 4;

}  // namespace recado::store
