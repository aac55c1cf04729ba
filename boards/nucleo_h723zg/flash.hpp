// The last two sectors of the chip's flash as a journal's memory, and the backup RAM for what is small.
//
// Flash words are 256 bits with an ECC of their own: programmed once after an erase, never twice. One whose programming
// the power interrupted may read well, be corrected or not be readable; the last is told, not a fault. While a sector
// is erased the core stands still, as its instructions come from the same flash: up to 4 s, which the watchdog allows
// for.
#pragma once

#include <cstdint>

#include <recado/device/board.hpp>
#include <recado/store/eeprom_storage.hpp>
#include <recado/store/flash_storage.hpp>

#include "memory.hpp"

namespace recado::nucleo_h723zg {

/// Sectors of the flash, by its registers.
class sector_flash final : public store::flash {
 public:
  static constexpr std::uint32_t word_bytes = 32;  ///< programmed together
  /// Which sectors.
  struct layout {
    std::uint32_t begin = map::journal.begin;                              ///< address of the first
    std::uint32_t first_sector = map::first_journal_sector;                ///< its number
    std::uint32_t sectors = map::journal.bytes / map::flash_sector_bytes;  ///< how many
    std::uint32_t sector_bytes = map::flash_sector_bytes;                  ///< of each
    std::uint32_t erase_reads =
        400'000'000;  ///< of the status, until an erase counts as failed; the watchdog comes first
  };
  sector_flash() : sector_flash(layout{}) {}
  /// Sectors other than the usual.
  explicit sector_flash(const layout& where) : where_(where) {}

  std::uint32_t block_bytes() const override { return where_.sector_bytes; }
  std::uint32_t blocks() const override { return where_.sectors; }
  std::uint32_t granule_bytes() const override { return word_bytes; }
  store::flash_answer read(std::uint32_t address, mutable_bytes into) override;
  store::flash_answer program(std::uint32_t address, bytes granule) override;
  store::flash_answer erase(std::uint32_t block) override;

  /// Words whose single wrong bit the ECC has put right, as far as they were read.
  std::uint32_t corrected() const { return corrected_; }

 private:
  bool holds(std::uint32_t address, std::size_t size) const;

  layout where_;
  std::uint32_t corrected_ = 0;
};

/// Lease and last known time in the backup RAM: they outlive a reset, not the loss of power.
class backup_memory final : public device::storage {
 public:
  static constexpr std::size_t bytes_of_block = 1024;  ///< the RAM's first half is this

  std::size_t block_bytes() const override { return bytes_of_block; }
  std::size_t block_count() const override { return 2; }
  bool read(std::size_t offset, mutable_bytes into) override;
  bool program(std::size_t offset, bytes what) override;
  bool erase(std::size_t block) override;
  bool sync() override;
};

/// The second half of the backup RAM, for the TLS session.
class backup_chip final : public store::eeprom {
 public:
  static constexpr std::uint32_t begin = 2048,
                                 bytes_of_chip = 2032;  ///< the last 16 bytes push writes out of the RAM's buffer

  std::uint32_t size() const override { return bytes_of_chip; }
  std::uint32_t page_bytes() const override { return 1024; }
  bool read(std::uint32_t address, mutable_bytes into) override;
  bool write(std::uint32_t address, bytes what) override;
  bool busy() override { return false; }
};

/// Fills all of the backup RAM with ones.
void erase_backup();

}  // namespace recado::nucleo_h723zg
