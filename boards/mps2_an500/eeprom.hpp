// The EEPROM on the I2C bus, driven bit by bit: a 24xx128 with 16 KiB.
//
// Its first KiB holds the lease and the last known time, the next three the TLS session, the rest the session's
// journal.
#pragma once

#include <recado/device/board.hpp>
#include <recado/store/eeprom_storage.hpp>

namespace recado::mps2_an500 {

/// The chip.
class i2c_eeprom final : public store::eeprom {
 public:
  /// True if it answers.
  bool present();
  std::uint32_t size() const override { return 16'384; }
  std::uint32_t page_bytes() const override { return 64; }
  bool read(std::uint32_t address, mutable_bytes into) override;
  bool write(std::uint32_t address, bytes what) override;
  bool busy() override { return !present(); }
};

/// A part of the chip, shifted to its beginning.
class eeprom_part final : public store::eeprom {
 public:
  /// `size` bytes from `first` on; both are multiples of the page.
  eeprom_part(i2c_eeprom& chip, std::uint32_t first, std::uint32_t size) : chip_(chip), first_(first), size_(size) {}
  std::uint32_t size() const override { return size_; }
  std::uint32_t page_bytes() const override { return chip_.page_bytes(); }
  bool read(std::uint32_t address, mutable_bytes into) override { return chip_.read(first_ + address, into); }
  bool write(std::uint32_t address, bytes what) override { return chip_.write(first_ + address, what); }
  bool busy() override { return chip_.busy(); }

 private:
  i2c_eeprom& chip_;
  std::uint32_t first_, size_;
};

}  // namespace recado::mps2_an500
