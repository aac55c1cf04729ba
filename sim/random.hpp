// Randomness that a seed decides: each part of a life draws from a stream of its own, so that leaving one fault out
// changes as little as possible of the rest.
#pragma once

#include <cstdint>

#include <recado/core/entropy.hpp>
#include <recado/core/instant.hpp>

namespace recado::sim {

/// SplitMix64 (Steele, Lea and Flood 2014): one addition and a mix per number, and any seed is a good one.
class random_source {
 public:
  explicit random_source(std::uint64_t seed, std::uint64_t stream = 0) : state_(seed) {
    state_ = next() ^ stream * 0x9e37'79b9'7f4a'7c15U;
  }

  std::uint64_t next() {
    state_ += 0x9e37'79b9'7f4a'7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ mixed >> 30) * 0xbf58'476d'1ce4'e5b9U;
    mixed = (mixed ^ mixed >> 27) * 0x94d0'49bb'1331'11ebU;
    return mixed ^ mixed >> 31;
  }
  /// In [0, bound); 0 if bound is 0. The bias is below 2^-32.
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>((next() >> 32) * bound >> 32); }
  /// In [low, high].
  std::uint32_t between(std::uint32_t low, std::uint32_t high) { return low + below(high - low + 1); }
  /// True once in `n` times.
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  /// In [low, high], to the microsecond.
  duration time(duration low, duration high) {
    const auto range = static_cast<std::uint64_t>((high - low).count()) + 1;
    return low + duration{static_cast<duration::rep>(next() % range)};
  }

 private:
  std::uint64_t state_;
};

/// The same as the machines want it.
class seeded_entropy final : public entropy {
 public:
  explicit seeded_entropy(std::uint64_t seed) : source_(seed, 99) {}
  void fill(mutable_bytes out) override {
    for (std::size_t i = 0; i < out.size(); i += 8) {
      std::uint64_t word = source_.next();
      for (std::size_t j = i; j < out.size() && j < i + 8; ++j, word >>= 8) out[j] = static_cast<std::byte>(word);
    }
  }

 private:
  random_source source_;
};

}  // namespace recado::sim
