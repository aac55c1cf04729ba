// Pieces of any length become whole units of the storage.
#include <algorithm>
#include <cstring>

#include <recado/store/journal.hpp>

namespace recado::store {

mutable_bytes journal::pack_half() const {
  const mutable_bytes half = scratch_.subspan(scratch_.size() / 2);
  return half.first(half.size() / shape_.program_bytes * shape_.program_bytes);
}

bool journal::program(std::uint32_t address, bytes what) {
  counts_.programmed_bytes += what.size();
  return below_.program(address, what);
}

bool journal::pack(packer& to, bytes what) {
  const mutable_bytes half = pack_half();
  while (!what.empty()) {
    const std::size_t count = std::min(what.size(), half.size() - to.used);
    std::memcpy(half.data() + to.used, what.data(), count);
    what = what.subspan(count);
    to.used += count;
    if (to.used != half.size()) continue;
    if (!program(to.address, half)) return false;
    to.address += static_cast<std::uint32_t>(half.size());
    to.used = 0;
  }
  return true;
}

bool journal::pack_end(packer& to) {
  const mutable_bytes half = pack_half();
  const std::size_t size = rounded(to.used);
  std::fill(half.begin() + static_cast<std::ptrdiff_t>(to.used), half.begin() + static_cast<std::ptrdiff_t>(size),
            shape_.erased);
  return size == 0 || program(to.address, half.first(size));
}

}  // namespace recado::store
