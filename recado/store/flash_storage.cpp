#include <recado/store/flash_storage.hpp>

#include <algorithm>
#include <array>
#include <bit>

namespace recado::store {

storage_geometry flash_storage::geometry() const {
  const std::uint32_t granule = chip_.granule_bytes();
  const bool good = std::has_single_bit(granule) && granule <= granule_bytes_max;
  return {chip_.block_bytes(), good ? chip_.blocks() : 0, granule, std::byte{0xff}};
}

bool flash_storage::read(std::uint32_t address, mutable_bytes into) {
  const flash_answer answer = chip_.read(address, into);
  if (answer != flash_answer::uncorrectable) return answer == flash_answer::done;
  return read_granules(address, into);
}

// One by one, so that only what can't be read is missing.
bool flash_storage::read_granules(std::uint32_t address, mutable_bytes into) {
  const std::uint32_t size = chip_.granule_bytes();
  std::array<std::byte, granule_bytes_max> memory;
  const mutable_bytes granule = mutable_bytes{memory}.first(std::min(size, granule_bytes_max));
  while (!into.empty()) {
    const std::uint32_t within = address % size;
    const std::size_t count = std::min<std::size_t>(into.size(), size - within);
    const flash_answer answer = chip_.read(address - within, granule);
    if (answer == flash_answer::failed) return false;
    if (answer == flash_answer::uncorrectable) std::ranges::fill(granule, std::byte{0});
    copy(granule.subspan(within, count), into);
    into = into.subspan(count);
    address += static_cast<std::uint32_t>(count);
  }
  return true;
}

bool flash_storage::program(std::uint32_t address, bytes what) {
  const std::uint32_t size = chip_.granule_bytes();
  for (; !what.empty(); what = what.subspan(size), address += size)
    if (what.size() < size || chip_.program(address, what.first(size)) != flash_answer::done) return false;
  return true;
}

}  // namespace recado::store
