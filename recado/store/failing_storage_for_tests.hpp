// A storage whose power goes at a word of one's choice, and takes with it what was not synced.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include <recado/store/limits.hpp>
#include <recado/store/storage.hpp>

namespace recado::store::testing {

/// What the power leaves of the writes since the last sync.
enum class power_loss : std::uint8_t {
  torn,       ///< all in their order; of the last word some bits
  reordered,  ///< in each sector any of them
  garbage,    ///< any of them, and words that were on their way hold anything
  spoiled,  ///< any of them, and pages in which something was on its way hold anything, what was synced there included
};
/// All of them.
inline constexpr power_loss power_losses[] = {power_loss::torn, power_loss::reordered, power_loss::garbage,
                                              power_loss::spoiled};

// Tests that let the power go at each write do so at every seventh with sanitizers, where each takes ten times as long:
// the release build has them all.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr std::uint64_t cut_stride = 7;
#elif defined(__has_feature)
inline constexpr std::uint64_t cut_stride = __has_feature(address_sanitizer) ? 7 : 1;
#else
inline constexpr std::uint64_t cut_stride = 1;
#endif
/// The first of them: another one for each way of losing power.
constexpr std::uint64_t first_cut(power_loss how) { return static_cast<std::uint64_t>(how) % cut_stride; }

class failing_storage final : public storage {
 public:
  explicit failing_storage(const storage_geometry& shape);

  storage_geometry geometry() const override { return shape_; }
  bool read(std::uint32_t address, mutable_bytes into) override;
  bool program(std::uint32_t address, bytes what) override;
  bool erase(std::uint32_t sector) override;
  bool sync() override;

  /// The power goes within the step of that number, counted from now: a word programmed, a sector erased, a sync.
  void cut_in(std::uint64_t steps) { left_ = steps; }
  /// Steps since the storage was made.
  std::uint64_t steps() const { return steps_; }
  bool dead() const { return dead_; }
  /// True if something was programmed that wasn't erased, or not in whole words.
  bool misused() const { return misused_; }

  /// The power is back: what is on the storage now.
  void power_up(power_loss how, std::mt19937_64& random);
  std::vector<std::byte>& image() { return kept_ = seen_, seen_; }

 private:
  struct write {
    std::uint32_t address = 0;
    std::uint32_t size = 0;  ///< of the word; 0: the sector was erased
    std::array<std::byte, program_bytes_max> word{};
    bytes content() const { return {word.data(), size}; }
  };
  static write word_at(std::uint32_t address, bytes word);
  bool step();
  bool misuse() { return misused_ = true, false; }
  void put(const write& what);
  void spoil_pages(std::mt19937_64& random);
  void half(const write& what, bool anything, std::mt19937_64& random);

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
