#include <sim/storage.hpp>

#include <algorithm>

namespace recado::sim {

sim_storage::sim_storage(const store::storage_geometry& shape, std::uint64_t seed)
    : shape_(shape),
      random_(seed, 6),
      seen_(std::size_t{shape.sector_bytes} * shape.sectors, shape.erased),
      kept_(seen_) {}

bool sim_storage::read(std::uint32_t address, mutable_bytes into) {
  if (dead_ || address > seen_.size() || into.size() > seen_.size() - address) return false;
  copy(bytes{seen_}.subspan(address, into.size()), into);
  return true;
}

bool sim_storage::step(std::uint32_t count, std::uint32_t& done) {
  done = dead_ ? 0 : std::min(count, left_);
  if (left_ != UINT32_MAX) left_ -= done;
  dead_ = dead_ || done != count;
  return !dead_;
}

bool sim_storage::program(std::uint32_t address, bytes what) {
  const std::uint32_t word = shape_.program_bytes;
  if (dead_) return false;
  if (address % word != 0 || what.size() % word != 0 || address + what.size() > seen_.size())
    return misused_ = true, false;
  const bytes before = bytes{seen_}.subspan(address, what.size());
  std::byte differs{0};  // all of it, so that it can be done sixteen at a time
  for (const std::byte each : before) differs |= each ^ shape_.erased;
  if (differs != std::byte{0}) return misused_ = true, false;
  std::uint32_t words = 0;
  const bool whole = step(static_cast<std::uint32_t>(what.size()) / word, words);
  const std::uint32_t size = words * word;
  const auto from = static_cast<std::uint32_t>(written_.size());
  written_.insert(written_.end(), what.begin(), what.end());
  if (size != 0) {
    copy(what.first(size), mutable_bytes{seen_}.subspan(address));
    pending_.push_back({address, size, from});
  }
  if (!whole) interrupted_ = write{address + size, word, from + size};
  return whole;
}

bool sim_storage::erase(std::uint32_t sector) {
  const std::uint32_t address = sector * shape_.sector_bytes;
  std::uint32_t done = 0;
  if (dead_ || sector >= shape_.sectors) return false;
  if (!step(1, done)) return interrupted_ = write{address, 0, 0}, false;
  std::fill_n(seen_.begin() + address, shape_.sector_bytes, shape_.erased);
  pending_.push_back({address, 0, 0});
  return true;
}

bool sim_storage::sync() {
  std::uint32_t done = 0;
  if (dead_ || !step(1, done)) return false;
  for (const write& each : pending_) put(each);
  pending_.clear(), written_.clear();
  return true;
}

void sim_storage::put(const write& what) {
  if (what.size == 0) std::fill_n(kept_.begin() + what.address, shape_.sector_bytes, shape_.erased);
  else copy(content(what), mutable_bytes{kept_}.subspan(what.address));
}

// Some bits have reached their value, or (`anything`) not even that is sure.
void sim_storage::put_half(const write& what, bool anything) {
  if (what.size == 0) {
    for (std::uint32_t i = 0; i < shape_.sector_bytes; ++i)
      if (random_.one_in(2)) kept_[what.address + i] = shape_.erased;
    return;
  }
  for (std::uint32_t i = 0; i < what.size; ++i) {
    const auto mask = static_cast<std::byte>(random_.next());
    std::byte& at = kept_[what.address + i];
    at = anything ? static_cast<std::byte>(random_.next()) : ((at & ~mask) | (content(what)[i] & mask));
  }
}

// The chip or the disk was at one page when the power went, or at none of those that had to be written still.
bool sim_storage::spoil_pages() {
  const std::uint32_t size = std::max(shape_.page_bytes, shape_.program_bytes);
  bool any = false;
  const auto spoil = [&](const write& one) {
    const mutable_bytes page = mutable_bytes{kept_}.subspan(one.address / size * size, size);
    for (std::byte& each : page) each = static_cast<std::byte>(random_.next());
    any = true;
  };
  if (interrupted_ && interrupted_->size != 0) spoil(*interrupted_);
  for (const write& each : pending_)
    if (each.size != 0 && random_.one_in(8)) spoil(each);
  return any;
}

bool sim_storage::power_cycle(power_loss how) {
  bool suffers = !pending_.empty() || interrupted_;
  std::vector<bool> broken(shape_.sectors);  // an erase that didn't happen: nor did what came behind it
  for (const write& each : pending_) {
    const std::uint32_t sector = each.address / shape_.sector_bytes;
    const std::uint32_t piece = each.size == 0 ? 1 : shape_.program_bytes;
    for (std::uint32_t at = 0; at < std::max(each.size, 1U) && !broken[sector]; at += piece) {
      const write one{each.address + at, each.size == 0 ? 0 : piece, each.from + at};
      const bool done = how == power_loss::torn || random_.one_in(2);
      if (each.size == 0 && !done) broken[sector] = true;
      else if (done) put(one);
      else if (how == power_loss::garbage && random_.one_in(4)) put_half(one, true);
    }
  }
  if (interrupted_ && !broken[interrupted_->address / shape_.sector_bytes])
    put_half(*interrupted_, how == power_loss::garbage);
  if (how == power_loss::spoiled) suffers = spoil_pages();
  pending_.clear(), written_.clear();
  interrupted_.reset();
  seen_ = kept_;
  dead_ = false;
  left_ = UINT32_MAX;
  return suffers;
}

}  // namespace recado::sim
