// What a journal needs of EEPROM, flash or a file: sectors that are erased as a whole and programmed once.
#pragma once

#include <cstddef>
#include <cstdint>

#include <recado/core/bytes.hpp>

namespace recado::store {

/// The shape of a storage; it never changes.
struct storage_geometry {
  std::uint32_t sector_bytes = 0;   ///< erased together; a multiple of `program_bytes`, `sector_bytes_min` at least
  std::uint32_t sectors = 0;        ///< `sectors_min` at least; all of them together less than 4 GiB
  std::uint32_t program_bytes = 1;  ///< the smallest piece that is programmed, a power of two up to `program_bytes_max`
  std::byte erased{0xff};           ///< what every byte of an erased sector reads as
  /// What the loss of power may spoil while a piece of it is programmed, also where it was synced long before: a power
  /// of two, of which a sector has eight or more. The smallest piece itself, unless it is larger.
  std::uint32_t page_bytes = 1;
  /// False: `sync` promises less than the loss of power, so that there is no use in sparing pages for it.
  bool spares_pages = true;
};

/// Some memory that keeps its content without power. Addresses count bytes from the first sector's first byte. A call
/// that returns false failed for good; whether it did a part of its work is not known.
class storage {
 public:
  virtual storage_geometry geometry() const = 0;  ///< Its size and shape; never changes.
  /// Reads from anywhere.
  virtual bool read(std::uint32_t address, mutable_bytes into) = 0;
  /// Programs bytes that are erased. Address and size are multiples of `program_bytes`, all in one sector.
  virtual bool program(std::uint32_t address, bytes what) = 0;
  /// Erases one sector.
  virtual bool erase(std::uint32_t sector) = 0;
  /// Returns when all that was programmed and erased before would outlive the loss of power, but for a later write to
  /// the same page. Until then it may be lost in any part and in any order.
  virtual bool sync() = 0;

 protected:
  ~storage() = default;
};

}  // namespace recado::store
