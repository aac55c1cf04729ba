// How sectors and records look on the storage. Numbers are little-endian.
//
// A sector begins with its header, twice, so that no single damaged place loses a sector. It is programmed last of all
// that opens the sector. The records follow, each padded to the storage's unit, without gaps but for one: behind what
// was synced the rest of a page may have been left erased. The header has its pages for itself. A record's checksum
// begins with the sequence number of its sector, so what an earlier lap left behind is never taken for a record of this
// one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <recado/core/bytes.hpp>

namespace recado::store {

/// What stands at the beginning of each sector, in bytes.
inline constexpr std::size_t sector_header_bytes = 48;
/// What stands in front of each record, in bytes.
inline constexpr std::size_t record_header_bytes = 24;
/// A note in a record, in bytes.
inline constexpr std::size_t note_bytes = 16;

/// The beginning of a sector.
struct sector_header {
  std::uint64_t sequence = 0;       ///< counts the sectors that were opened, from 1
  std::uint64_t oldest = 0;         ///< the first sector that still matters
  std::uint64_t after = 0;          ///< the last record before this sector that counts; what follows it there is void
  std::uint32_t sector_bytes = 0;   ///< of each sector
  std::uint32_t sectors = 0;        ///< how many the storage has
  std::uint32_t program_bytes = 0;  ///< granularity of programming, and of spoiling:
  std::uint32_t page_bytes = 0;     ///< 1: nothing but what is programmed
};

/// What the bytes of a sector's header are.
enum class header_state : std::uint8_t { valid, other_format, invalid };

/// Its bytes, with a magic number, the version of the format and a CRC-32C.
void encode(const sector_header& what, std::array<std::byte, sector_header_bytes>& into);
/// Reads and checks them; what is in `into` counts only if they are `valid`.
header_state decode(const std::array<std::byte, sector_header_bytes>& from, sector_header& into);

/// Two numbers of the application's that change together with a record, or not at all.
struct note {
  std::uint64_t first = 0;                                 ///< of the application's choice
  std::uint64_t second = 0;                                ///< of the application's choice
  constexpr bool operator==(const note&) const = default;  ///< Member by member.
};

/// What a record does; `record_header::flags`.
inline constexpr std::uint8_t flag_removal = 1;  ///< the record of that key is gone
inline constexpr std::uint8_t flag_clear = 2;    ///< all records of that kind are
inline constexpr std::uint8_t flag_note = 4;     ///< a note stands between header and payload
/// The kind of a record that carries nothing but a note.
inline constexpr std::uint8_t kind_note = 0x7f;
/// `record_header::unsynced`: nothing is known.
inline constexpr std::uint16_t unsynced_unknown = 0xffff;

/// The beginning of a record.
struct record_header {
  std::uint32_t checksum = 0;  ///< of sector number, the rest of the header, the note and the payload
  std::uint32_t payload = 0;   ///< its bytes
  std::uint64_t sequence = 0;  ///< counts all records, from 1
  std::uint32_t number = 0;    ///< of the key
  std::uint8_t kind = 0;       ///< of the key, 1 to 127
  std::uint8_t flags = 0;      ///< of the three above
  /// How many records before this one were not known to be synced when it was written: a hole among the older ones
  /// is damage, a hole among these is an interrupted write.
  std::uint16_t unsynced = unsynced_unknown;

  /// The bytes in front of the payload.
  std::size_t head_bytes() const { return record_header_bytes + ((flags & flag_note) != 0 ? note_bytes : 0); }
};

/// A record's header as bytes.
using record_header_octets = std::array<std::byte, record_header_bytes>;
/// A note as bytes.
using note_octets = std::array<std::byte, note_bytes>;

/// Its bytes, little-endian.
record_header_octets encode(const record_header& what);
/// Reads them; whether they are right only the checksum tells.
record_header decode(const record_header_octets& from);
/// Its bytes, little-endian.
note_octets encode(const note& what);
/// Reads them.
note decode(const note_octets& from);
/// The checksum of a record up to its payload.
std::uint32_t checksum_of(std::uint64_t sector, const record_header_octets& head);

}  // namespace recado::store
