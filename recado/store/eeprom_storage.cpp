#include <recado/store/eeprom_storage.hpp>

#include <algorithm>
#include <array>

namespace recado::store {

storage_geometry eeprom_storage::geometry() const {
  const bool fits = std::uint64_t{sector_bytes_} * sectors_ <= chip_.size();
  return {sector_bytes_, fits ? sectors_ : 0, 1, std::byte{0xff}, chip_.page_bytes()};
}

// A write that is still going on when the next call comes would be disturbed by it.
bool eeprom_storage::ready() {
  for (std::uint32_t polls = 0; chip_.busy(); ++polls)
    if (polls >= polls_max_) return false;
  return true;
}

bool eeprom_storage::read(std::uint32_t address, mutable_bytes into) { return ready() && chip_.read(address, into); }

bool eeprom_storage::program(std::uint32_t address, bytes what) {
  const std::uint32_t page = chip_.page_bytes();
  while (!what.empty()) {
    const bytes part = what.first(std::min<std::size_t>(what.size(), page - address % page));
    if (!ready() || !chip_.write(address, part)) return false;
    address += static_cast<std::uint32_t>(part.size());
    what = what.subspan(part.size());
  }
  return true;
}

// A page that reads erased is spared: it is what wears an EEPROM out.
bool eeprom_storage::erase(std::uint32_t sector) {
  std::array<std::byte, 32> part, blank;
  blank.fill(std::byte{0xff});
  const std::uint32_t page = chip_.page_bytes();
  std::uint32_t at = sector * sector_bytes_;
  for (const std::uint32_t end = at + sector_bytes_; at < end;) {
    const std::size_t size = std::min<std::size_t>({end - at, page - at % page, part.size()});
    if (!read(at, mutable_bytes{part}.first(size))) return false;
    const bool erased = equal(bytes{part}.first(size), bytes{blank}.first(size));
    if (!erased && (!ready() || !chip_.write(at, bytes{blank}.first(size)))) return false;
    at += static_cast<std::uint32_t>(size);
  }
  return true;
}

}  // namespace recado::store
