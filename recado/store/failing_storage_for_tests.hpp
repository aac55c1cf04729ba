// A storage whose power goes at a word of one's choice, and takes with it what was not synced.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include <recado/store/storage.hpp>

namespace recado::store::testing {

/// What the power leaves of the writes since the last sync.
enum class power_loss : std::uint8_t {
  torn,       ///< all in their order; of the last word some bits
  reordered,  ///< in each sector any of them
  garbage,    ///< any of them, and words that were on their way hold anything
};

class failing_storage final : public storage {
 public:
  explicit failing_storage(const storage_geometry& shape)
      : shape_(shape),
        seen_(std::size_t{shape.sector_bytes} * shape.sectors, shape.erased),
        kept_(seen_),
        wear(shape.sectors) {}

  storage_geometry geometry() const override { return shape_; }
  bool read(std::uint32_t address, mutable_bytes into) override {
    if (dead_ || address > seen_.size() || into.size() > seen_.size() - address) return false;
    copy(bytes{seen_}.subspan(address, into.size()), into);
    return true;
  }
  bool program(std::uint32_t address, bytes what) override {
    if (address % shape_.program_bytes != 0 || what.size() % shape_.program_bytes != 0) return misuse();
    for (; !what.empty(); what = what.subspan(shape_.program_bytes), address += shape_.program_bytes) {
      const bytes word = what.first(shape_.program_bytes);
      for (std::uint32_t i = 0; i < word.size(); ++i)
        if (seen_[address + i] != shape_.erased) return misuse();
      if (!step()) return interrupted_ = write{address, {word.begin(), word.end()}}, false;
      copy(word, mutable_bytes{seen_}.subspan(address, word.size()));
      pending_.push_back({address, {word.begin(), word.end()}});
    }
    return true;
  }
  bool erase(std::uint32_t sector) override {
    const std::uint32_t address = sector * shape_.sector_bytes;
    if (!step()) return interrupted_ = write{address}, false;
    std::fill_n(seen_.begin() + address, shape_.sector_bytes, shape_.erased);
    pending_.push_back({address, {}});
    ++wear[sector];
    return true;
  }
  bool sync() override {
    if (!step()) return false;
    kept_ = seen_;
    pending_.clear();
    return true;
  }

  /// The power goes within the step of that number, counted from now: a word programmed, a sector erased, a sync.
  void cut_in(std::uint64_t steps) { left_ = steps; }
  /// Steps since the storage was made.
  std::uint64_t steps() const { return steps_; }
  bool dead() const { return dead_; }
  /// True if something was programmed that wasn't erased, or not in whole words.
  bool misused() const { return misused_; }

  /// The power is back: what is on the storage now.
  void power_up(power_loss how, std::mt19937_64& random) {
    std::vector<bool> broken(shape_.sectors);  // an erase that didn't happen: nor did what came behind it
    for (const write& each : pending_) {
      const std::uint32_t sector = each.address / shape_.sector_bytes;
      const bool done = how == power_loss::torn || random() % 2 == 0;
      if (each.word.empty() && !done) broken[sector] = true;
      if (broken[sector]) continue;
      if (done) put(each);
      else if (how == power_loss::garbage && random() % 4 == 0) half(each, true, random);
    }
    if (interrupted_ && !broken[interrupted_->address / shape_.sector_bytes])
      half(*interrupted_, how == power_loss::garbage, random);
    pending_.clear();
    interrupted_.reset();
    seen_ = kept_;
    dead_ = false;
    left_ = UINT64_MAX;
  }
  std::vector<std::byte>& image() { return kept_ = seen_, seen_; }

 private:
  struct write {
    std::uint32_t address = 0;
    std::vector<std::byte> word{};  ///< empty: the sector was erased
  };
  bool step() {
    ++steps_;
    if (!dead_ && left_ != 0) return --left_, true;
    dead_ = true;
    return false;
  }
  bool misuse() { return misused_ = true, false; }
  void put(const write& what) {
    if (what.word.empty()) std::fill_n(kept_.begin() + what.address, shape_.sector_bytes, shape_.erased);
    else std::copy(what.word.begin(), what.word.end(), kept_.begin() + what.address);
  }
  // Some bits have reached their value, or (`anything`) not even that is sure.
  void half(const write& what, bool anything, std::mt19937_64& random) {
    if (what.word.empty()) {
      for (std::uint32_t i = 0; i < shape_.sector_bytes; ++i)
        if (random() % 2 == 0) kept_[what.address + i] = shape_.erased;
      return;
    }
    for (std::size_t i = 0; i < what.word.size(); ++i) {
      const auto mask = static_cast<std::byte>(random());
      std::byte& at = kept_[what.address + i];
      at = anything ? static_cast<std::byte>(random()) : ((at & ~mask) | (what.word[i] & mask));
    }
  }

  storage_geometry shape_;
  std::vector<std::byte> seen_;  // what is read
  std::vector<std::byte> kept_;  // what was synced
  std::vector<write> pending_;
  std::optional<write> interrupted_;  // what was on its way when the power went
  std::uint64_t left_ = UINT64_MAX, steps_ = 0;
  bool dead_ = false, misused_ = false;

 public:
  std::vector<std::uint64_t> wear;  ///< erases of each sector
};

}  // namespace recado::store::testing
