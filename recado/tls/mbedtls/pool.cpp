#include <algorithm>
#include <bit>
#include <cstdint>

#include <recado/tls/mbedtls/pool.hpp>

namespace recado::tls::mbedtls {

void pool::give(mutable_bytes memory) {
  *this = {};
  const std::size_t skip = (granule - reinterpret_cast<std::uintptr_t>(memory.data()) % granule) % granule;
  if (memory.size() < skip + smallest) return;
  const std::size_t size = (memory.size() - skip) / granule * granule;
  begin_ = memory.data() + skip, end_ = begin_ + size;
  usage_.size = size;
  auto* all = reinterpret_cast<block*>(begin_);
  all->size = size, all->before = 0;
  put(all);
}

std::size_t pool::class_of(std::size_t size) { return static_cast<std::size_t>(std::bit_width(size / granule)) - 1; }

pool::block* pool::after(block* one) const {
  std::byte* at = reinterpret_cast<std::byte*>(one) + (one->size & ~std::size_t{1});
  return at == end_ ? nullptr : reinterpret_cast<block*>(at);
}

void pool::put(block* one) {
  const std::size_t kind = class_of(one->size);
  one->previous = nullptr, one->next = free_[kind];
  if (one->next) one->next->previous = one;
  free_[kind] = one;
  nonempty_ |= std::size_t{1} << kind;
}

void pool::drop(block* one) {
  const std::size_t kind = class_of(one->size);
  if (one->next) one->next->previous = one->previous;
  if (one->previous) one->previous->next = one->next;
  else free_[kind] = one->next;
  if (!free_[kind]) nonempty_ &= ~(std::size_t{1} << kind);
}

// The list of its own class may hold what is too small; in those above everything fits.
pool::block* pool::find(std::size_t size) {
  const std::size_t kind = class_of(size);
  for (block* one = free_[kind]; one; one = one->next)
    if (one->size >= size) return one;
  const std::size_t above = kind + 1 < classes ? nonempty_ >> (kind + 1) << (kind + 1) : 0;
  return above != 0 ? free_[static_cast<std::size_t>(std::countr_zero(above))] : nullptr;
}

void pool::split(block* one, std::size_t size) {
  if (one->size - size < smallest) return;
  auto* rest = reinterpret_cast<block*>(reinterpret_cast<std::byte*>(one) + size);
  rest->size = one->size - size, rest->before = size;
  one->size = size;
  if (block* next = after(rest)) next->before = rest->size;
  put(rest);
}

void* pool::take(std::size_t size) {
  ++usage_.taken_count;
  block* one = nullptr;
  if (size <= usage_.size) {
    size = std::max((size + header + granule - 1) / granule * granule, smallest);
    one = find(size);
  }
  if (!one) {
    ++usage_.refused_count;
    return nullptr;
  }
  drop(one);
  split(one, size);
  usage_.used += one->size;
  usage_.high_water = std::max(usage_.high_water, usage_.used);
  one->size |= 1;
  return reinterpret_cast<std::byte*>(one) + header;
}

void pool::release(void* memory) {
  if (!memory) return;
  auto* one = reinterpret_cast<block*>(static_cast<std::byte*>(memory) - header);
  one->size &= ~std::size_t{1};
  usage_.used -= one->size;
  if (block* next = after(one); next && !taken(next)) {
    drop(next);
    one->size += next->size;
  }
  if (one->before != 0) {
    auto* previous = reinterpret_cast<block*>(reinterpret_cast<std::byte*>(one) - one->before);
    if (!taken(previous)) {
      drop(previous);
      previous->size += one->size;
      one = previous;
    }
  }
  if (block* next = after(one)) next->before = one->size;
  put(one);
}

}  // namespace recado::tls::mbedtls
