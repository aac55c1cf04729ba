// A journal's storage on NOR flash, in the chip or beside it: erased in blocks, programmed in granules of 1 to 32
// bytes, each of them once after an erase. Flash with ECC may not be able to read a granule whose programming the power
// interrupted: it reads as zeros here, which no checksum takes for a record.
#pragma once

#include <recado/store/storage.hpp>

namespace recado::store {

/// What a flash answers.
enum class flash_answer : std::uint8_t {
  done,
  uncorrectable,  ///< `read`: some granule's ECC says that it can't be read; nothing of `into` is known
  failed,         ///< for good
};

/// The flash, as a board drives it. Each call returns when it is done.
class flash {
 public:
  virtual std::uint32_t block_bytes() const = 0;    ///< erased together
  virtual std::uint32_t blocks() const = 0;         ///< that belong to the journal; the first begins at address 0
  virtual std::uint32_t granule_bytes() const = 0;  ///< programmed together: 1, 2, 4, 8, 16 or 32
  /// Reads bytes from `address` on, across granules.
  virtual flash_answer read(std::uint32_t address, mutable_bytes into) = 0;
  /// Programs one granule that is erased.
  virtual flash_answer program(std::uint32_t address, bytes granule) = 0;
  /// Erases one block, counted from 0.
  virtual flash_answer erase(std::uint32_t block) = 0;

 protected:
  ~flash() = default;
};

/// A storage over a microcontroller's own flash or a chip that is like it.
class flash_storage final : public storage {
 public:
  /// The largest granule that it can work with, in bytes.
  static constexpr std::uint32_t granule_bytes_max = 32;
  /// The flash must outlive it.
  explicit flash_storage(flash& chip) : chip_(chip) {}

  /// A granule of another size than those above becomes no sectors at all, which `mount` refuses.
  storage_geometry geometry() const override;
  bool read(std::uint32_t address, mutable_bytes into) override;
  bool program(std::uint32_t address, bytes what) override;
  bool erase(std::uint32_t sector) override { return chip_.erase(sector) == flash_answer::done; }
  /// What a call of the flash has done is done.
  bool sync() override { return true; }

 private:
  bool read_granules(std::uint32_t address, mutable_bytes into);

  flash& chip_;
};

}  // namespace recado::store
