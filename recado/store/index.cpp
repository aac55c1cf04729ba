#include <recado/store/index.hpp>

#include <algorithm>

namespace recado::store {

void record_index::clear() {
  std::fill(table_.begin(), table_.end(), index_entry{});
  size_ = 0;
}

std::size_t record_index::home(key what) const {
  const std::uint32_t mixed = (what.number + what.kind * 0x0100'0193U) * 0x9e37'79b1U;
  return static_cast<std::size_t>(std::uint64_t{mixed} * table_.size() >> 32U);
}

index_entry* record_index::find(key what) {
  if (size_ == 0) return nullptr;
  for (std::size_t at = home(what); table_[at].kind != 0; at = next(at))
    if (table_[at].number == what.number && table_[at].kind == what.kind) return &table_[at];
  return nullptr;
}

index_entry& record_index::insert(key what) {
  std::size_t at = home(what);
  while (table_[at].kind != 0) at = next(at);
  ++size_;
  table_[at].number = what.number;
  table_[at].kind = what.kind;
  return table_[at];
}

// Those behind it that were pushed on by it move up.
void record_index::erase(index_entry& what) {
  auto hole = static_cast<std::size_t>(&what - table_.data());
  for (std::size_t at = next(hole); table_[at].kind != 0; at = next(at)) {
    const std::size_t wanted = home({static_cast<std::uint8_t>(table_[at].kind), table_[at].number});
    const bool may_move = hole <= at ? wanted <= hole || wanted > at : wanted <= hole && wanted > at;
    if (!may_move) continue;
    table_[hole] = table_[at];
    hole = at;
  }
  table_[hole] = {};
  --size_;
}

}  // namespace recado::store
