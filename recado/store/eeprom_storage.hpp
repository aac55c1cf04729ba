// A journal's storage on an EEPROM: bytes are written in pages, and nothing has to be erased. An erase of the journal
// is a write of 0xff. The chip erases and programs a page as a whole, however few of its bytes are written, so the loss
// of power may spoil all of it: to the journal that is the storage's page.
#pragma once

#include <recado/store/storage.hpp>

namespace recado::store {

/// The chip, as a board drives it (I2C, SPI or on chip). Nothing here waits but `busy`'s caller.
class eeprom {
 public:
  /// How many bytes there are, and in one page: a write must not cross its border. The page is a power of two.
  virtual std::uint32_t size() const = 0;
  /// The bytes of a page.
  virtual std::uint32_t page_bytes() const = 0;
  /// False if the chip didn't answer.
  virtual bool read(std::uint32_t address, mutable_bytes into) = 0;
  /// Starts to write bytes of one page. False if the chip didn't take them.
  virtual bool write(std::uint32_t address, bytes what) = 0;
  /// True while the last write goes on; the board may sleep in here for a while.
  virtual bool busy() = 0;

 protected:
  ~eeprom() = default;
};

/// `sectors` of `sector_bytes`, eight pages of the chip or more, from the chip's first byte on. A write is given up
/// after `polls_max` times `busy`.
class eeprom_storage final : public storage {
 public:
  /// The chip must outlive it; `polls_max` bounds how often `busy` is asked for one write.
  eeprom_storage(eeprom& chip, std::uint32_t sector_bytes, std::uint32_t sectors, std::uint32_t polls_max = 10'000)
      : chip_(chip), sector_bytes_(sector_bytes), sectors_(sectors), polls_max_(polls_max) {}

  /// Too many sectors for the chip become none, which `mount` refuses.
  storage_geometry geometry() const override;
  bool read(std::uint32_t address, mutable_bytes into) override;
  bool program(std::uint32_t address, bytes what) override;
  bool erase(std::uint32_t sector) override;
  bool sync() override { return ready(); }

 private:
  bool ready();

  eeprom& chip_;
  std::uint32_t sector_bytes_;
  std::uint32_t sectors_;
  std::uint32_t polls_max_;
};

}  // namespace recado::store
