#include <recado/store/failing_storage_for_tests.hpp>

#include <algorithm>

namespace recado::store::testing {

failing_storage::failing_storage(const storage_geometry& shape)
    : shape_(shape),
      seen_(std::size_t{shape.sector_bytes} * shape.sectors, shape.erased),
      kept_(seen_),
      wear(shape.sectors) {}

bool failing_storage::read(std::uint32_t address, mutable_bytes into) {
  if (dead_ || address > seen_.size() || into.size() > seen_.size() - address) return false;
  copy(bytes{seen_}.subspan(address, into.size()), into);
  return true;
}

bool failing_storage::program(std::uint32_t address, bytes what) {
  if (address % shape_.program_bytes != 0 || what.size() % shape_.program_bytes != 0) return misuse();
  for (; !what.empty(); what = what.subspan(shape_.program_bytes), address += shape_.program_bytes) {
    const bytes word = what.first(shape_.program_bytes);
    for (std::uint32_t i = 0; i < word.size(); ++i)
      if (seen_[address + i] != shape_.erased) return misuse();
    if (!step()) return interrupted_ = word_at(address, word), false;
    copy(word, mutable_bytes{seen_}.subspan(address, word.size()));
    pending_.push_back(word_at(address, word));
  }
  return true;
}

bool failing_storage::erase(std::uint32_t sector) {
  const std::uint32_t address = sector * shape_.sector_bytes;
  if (!step()) return interrupted_ = write{address}, false;
  std::fill_n(seen_.begin() + address, shape_.sector_bytes, shape_.erased);
  pending_.push_back({address});
  ++wear[sector];
  return true;
}

bool failing_storage::sync() {
  if (!step()) return false;
  kept_ = seen_;
  pending_.clear();
  return true;
}

void failing_storage::power_up(power_loss how, std::mt19937_64& random) {
  std::vector<bool> broken(shape_.sectors);  // an erase that didn't happen: nor did what came behind it
  for (const write& each : pending_) {
    const std::uint32_t sector = each.address / shape_.sector_bytes;
    const bool done = how == power_loss::torn || random() % 2 == 0;
    if (each.size == 0 && !done) broken[sector] = true;
    if (broken[sector]) continue;
    if (done) put(each);
    else if (how == power_loss::garbage && random() % 4 == 0) half(each, true, random);
  }
  if (interrupted_ && !broken[interrupted_->address / shape_.sector_bytes])
    half(*interrupted_, how == power_loss::garbage, random);
  if (how == power_loss::spoiled) spoil_pages(random);
  pending_.clear();
  interrupted_.reset();
  seen_ = kept_;
  dead_ = false;
  left_ = UINT64_MAX;
}

failing_storage::write failing_storage::word_at(std::uint32_t address, bytes word) {
  write made{address, static_cast<std::uint32_t>(word.size())};
  copy(word, made.word);
  return made;
}

bool failing_storage::step() {
  ++steps_;
  if (!dead_ && left_ != 0) return --left_, true;
  dead_ = true;
  return false;
}

void failing_storage::put(const write& what) {
  const auto at = kept_.begin() + what.address;
  if (what.size == 0) std::fill_n(at, shape_.sector_bytes, shape_.erased);
  else std::ranges::copy(what.content(), at);
}

// The chip or the disk was at that page, or at none of those that had to be written still.
void failing_storage::spoil_pages(std::mt19937_64& random) {
  const auto spoil = [&](const write& one) {
    const std::uint32_t page = std::max(shape_.page_bytes, shape_.program_bytes);
    const std::uint32_t address = one.address / page * page;
    for (std::uint32_t i = 0; i < page; ++i) kept_[address + i] = static_cast<std::byte>(random());
  };
  if (interrupted_ && interrupted_->size != 0) spoil(*interrupted_);
  for (const write& each : pending_)
    if (each.size != 0 && random() % 16 == 0) spoil(each);
}

// Some bits have reached their value, or (`anything`) not even that is sure.
void failing_storage::half(const write& what, bool anything, std::mt19937_64& random) {
  if (what.size == 0) {
    for (std::uint32_t i = 0; i < shape_.sector_bytes; ++i)
      if (random() % 2 == 0) kept_[what.address + i] = shape_.erased;
    return;
  }
  for (std::size_t i = 0; i < what.size; ++i) {
    const auto mask = static_cast<std::byte>(random());
    std::byte& at = kept_[what.address + i];
    at = anything ? static_cast<std::byte>(random()) : ((at & ~mask) | (what.word[i] & mask));
  }
}

}  // namespace recado::store::testing
