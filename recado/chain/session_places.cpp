#include <recado/chain/session_places.hpp>

#include <algorithm>

#include <recado/core/bytes.hpp>
#include <recado/core/crc32.hpp>

namespace recado::chain {

std::uint32_t session_places::number_of(std::string_view host, std::uint16_t port) {
  return std::max<std::uint32_t>(crc32(as_bytes(host)) + port, 1);
}

bool session_places::stale_at(std::uint32_t where) const { return std::ranges::find(left(), where) != left().end(); }

void session_places::accepted(std::uint32_t where, bool present) {
  const std::uint32_t before = size_ != 0 ? memory_[0] : 0;
  if (!present && before != 0 && before != where) leave(before);
  forget(where);
  memory_[0] = where;
  size_ = std::max<std::size_t>(size_, 1);
}

void session_places::leave(std::uint32_t where) {
  forget(where);
  if (size_ == 0) memory_[0] = 0, size_ = 1;
  if (size_ == memory_.size()) forget(memory_[1]);
  memory_[size_++] = where;
}

void session_places::forget(std::uint32_t where) { size_ -= std::ranges::remove(left(), where).size(); }

void session_places::restore(std::span<const std::uint32_t> known) {
  size_ = 0;
  if (known.empty()) return;
  for (const std::uint32_t one : known.subspan(1)) leave(one);
  accepted(known[0], true);
}

}  // namespace recado::chain
