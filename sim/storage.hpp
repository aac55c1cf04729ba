// The device's storage: its power goes in any write, and takes of what was not synced what it likes.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <recado/store/storage.hpp>
#include <sim/random.hpp>

namespace recado::sim {

/// What the power leaves of the writes since the last sync.
enum class power_loss : std::uint8_t {
  torn,       ///< all in their order; of the last word some bits
  reordered,  ///< any of them
  garbage,    ///< any of them, and words that were on their way hold anything
  spoiled,    ///< any of them, and pages of what was on its way hold anything, what was synced there before included
};
inline constexpr std::size_t power_loss_count = 4;

class sim_storage final : public store::storage {
 public:
  sim_storage(const store::storage_geometry& shape, std::uint64_t seed);

  store::storage_geometry geometry() const override { return shape_; }
  bool read(std::uint32_t address, mutable_bytes into) override;
  bool program(std::uint32_t address, bytes what) override;
  bool erase(std::uint32_t sector) override;
  bool sync() override;

  /// The power goes within so many words, erases or syncs from now.
  void cut_in(std::uint32_t steps) { left_ = steps; }
  void spare() { left_ = UINT32_MAX; }
  bool dead() const { return dead_; }
  /// Something was programmed that wasn't erased.
  bool misused() const { return misused_; }
  /// The power is gone: what was not synced is as `how` says. It can be read and written again afterwards. True if
  /// there was anything that could suffer.
  bool power_cycle(power_loss how);

 private:
  struct write {
    std::uint32_t address = 0;
    std::uint32_t size = 0;  ///< 0: the sector was erased
    std::uint32_t from = 0;  ///< in `written_`
  };
  bool step(std::uint32_t count, std::uint32_t& done);
  void put(const write& what);
  void put_half(const write& what, bool anything);
  bool spoil_pages();
  bytes content(const write& what) const { return bytes{written_}.subspan(what.from, what.size); }

  store::storage_geometry shape_;
  random_source random_;
  std::vector<std::byte> seen_;  // what is read
  std::vector<std::byte> kept_;  // what was synced
  std::vector<write> pending_;
  std::vector<std::byte> written_;
  std::optional<write> interrupted_;
  std::uint32_t left_ = UINT32_MAX;
  bool dead_ = false, misused_ = false;
};

}  // namespace recado::sim
