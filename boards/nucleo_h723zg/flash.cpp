#include "flash.hpp"

#include <array>

#include "registers.hpp"
#include "time.hpp"

namespace recado::nucleo_h723zg {
namespace {

using store::flash_answer;
namespace control = flash_control;

/// The control register is open while this lives. Errors left from before would forbid the next operation.
class unlocked {
 public:
  unlocked() {
    if (control::cr1.has(control::lock)) {
      control::keyr1.write(control::key_1);
      control::keyr1.write(control::key_2);
    }
    control::ccr1.write(control::write_errors | control::read_errors);
  }
  ~unlocked() { control::cr1.write(control::lock); }
  unlocked(const unlocked&) = delete;
  unlocked& operator=(const unlocked&) = delete;
};

bool settled(std::uint32_t reads) {
  bus::barrier();
  return control::sr1.wait(control::bsy | control::wbne | control::qw, 0, reads) &&
         !(control::sr1.read() & control::write_errors);
}

}  // namespace

bool sector_flash::holds(std::uint32_t address, std::size_t size) const {
  const std::uint32_t all = where_.sectors * where_.sector_bytes;
  return address <= all && size <= all - address;
}

flash_answer sector_flash::read(std::uint32_t address, mutable_bytes into) {
  if (!holds(address, into.size())) return flash_answer::failed;
  control::ccr1.write(control::sneccerr | control::dbeccerr);
  bus::copy_guarded(where_.begin + address, into);
  const std::uint32_t seen = control::sr1.read();
  if (seen & (control::sneccerr | control::dbeccerr)) control::ccr1.write(control::sneccerr | control::dbeccerr);
  if (seen & control::sneccerr) ++corrected_;
  return seen & control::dbeccerr ? flash_answer::uncorrectable : flash_answer::done;
}

// What was programmed is read again: an error that the flash doesn't report is found while the original is still there.
flash_answer sector_flash::program(std::uint32_t address, bytes granule) {
  if (!holds(address, word_bytes) || address % word_bytes != 0 || granule.size() != word_bytes)
    return flash_answer::failed;
  std::uint32_t words[8];
  copy(granule, std::as_writable_bytes(std::span{words}));
  {
    const unlocked open;
    control::cr1.write(control::psize_64 | control::pg);
    bus::store_flash_word(where_.begin + address, words);
    if (!settled(short_wait_reads)) return flash_answer::failed;
  }
  std::array<std::byte, word_bytes> found;
  return read(address, found) == flash_answer::done && equal(found, granule) ? flash_answer::done
                                                                             : flash_answer::failed;
}

flash_answer sector_flash::erase(std::uint32_t block) {
  if (block >= where_.sectors) return flash_answer::failed;
  refresh_watchdog();
  const unlocked open;
  const std::uint32_t command =
      control::ser | control::psize_64 | (where_.first_sector + block) << control::snb_position;
  control::cr1.write(command);
  control::cr1.write(command | control::start);
  return settled(where_.erase_reads) ? flash_answer::done : flash_answer::failed;
}

namespace {

reg backup_word(std::size_t offset) {
  return {map::backup.begin + static_cast<std::uint32_t>(offset & ~std::size_t{3})};
}

void read_backup(std::size_t offset, mutable_bytes into) {
  for (std::byte& each : into) {
    each = static_cast<std::byte>(backup_word(offset).read() >> offset % 4 * 8);
    ++offset;
  }
}

// The RAM has an ECC over each word, so it is always written in whole ones.
void write_backup(std::size_t offset, bytes what) {
  for (const std::byte each : what) {
    const unsigned shift = static_cast<unsigned>(offset % 4 * 8);
    backup_word(offset).change(0xffU << shift, std::to_integer<std::uint32_t>(each) << shift);
    ++offset;
  }
}

// A write that stands in the RAM's own buffer is pushed out by one to another word.
void flush_backup() {
  backup_word(map::backup.bytes - 4).write(0);
  bus::barrier();
}

bool inside(std::size_t offset, std::size_t size, std::size_t all) { return offset <= all && size <= all - offset; }

}  // namespace

bool backup_memory::read(std::size_t offset, mutable_bytes into) {
  if (!inside(offset, into.size(), 2 * bytes_of_block)) return false;
  read_backup(offset, into);
  return true;
}

bool backup_memory::program(std::size_t offset, bytes what) {
  if (!inside(offset, what.size(), 2 * bytes_of_block)) return false;
  write_backup(offset, what);
  return true;
}

bool backup_memory::erase(std::size_t block) {
  if (block >= block_count()) return false;
  for (std::size_t offset = 0; offset < bytes_of_block; offset += 4)
    backup_word(block * bytes_of_block + offset).write(0xffffffff);
  return true;
}

bool backup_memory::sync() {
  flush_backup();
  return true;
}

bool backup_chip::read(std::uint32_t address, mutable_bytes into) {
  if (!inside(address, into.size(), bytes_of_chip)) return false;
  read_backup(begin + address, into);
  return true;
}

bool backup_chip::write(std::uint32_t address, bytes what) {
  if (!inside(address, what.size(), bytes_of_chip)) return false;
  write_backup(begin + address, what);
  flush_backup();
  return true;
}

// After the loss of power nothing in there may be read before it was written: its ECC would complain.
void erase_backup() {
  for (std::size_t offset = 0; offset < map::backup.bytes; offset += 4) backup_word(offset).write(0xffffffff);
}

}  // namespace recado::nucleo_h723zg
