// How long to wait before trying again: exponential with full jitter, between named bounds.
//
// After a power failure a whole street of devices comes back at the same moment. Had each waited the same time, they
// would hit the server together, fail together and come again together. A wait drawn evenly from [0, ceiling], the
// ceiling doubling with each failure, spreads them as thinly as the time allows.
#pragma once

#include <chrono>
#include <cstdint>

#include <recado/core/entropy.hpp>
#include <recado/core/instant.hpp>

namespace recado::chain {

/// The bounds of a back-off.
struct backoff_limits {
  duration first = std::chrono::seconds{1};     ///< the ceiling of the first wait; at least 1 ms is used
  duration longest = std::chrono::seconds{60};  ///< no ceiling is higher than this
  duration shortest{};                          ///< no wait is shorter than this
};

/// Draws the waits of one series of failures.
class backoff {
 public:
  /// Begins with the first wait of a series.
  explicit backoff(const backoff_limits& limits = {}) : limits_(limits) {}

  /// The wait before the next attempt.
  duration next(entropy& random) {
    const duration top = ceiling();
    if (failures_ < doublings_max) ++failures_;
    const duration wait{static_cast<duration::rep>(random.below(static_cast<std::uint64_t>(top.count()) + 1))};
    return longer(wait, shorter(limits_.shortest, limits_.longest));
  }
  /// What the next wait cannot exceed.
  duration ceiling() const {
    duration top = longer(limits_.first, std::chrono::milliseconds{1});
    for (std::uint8_t i = 0; i < failures_ && top < limits_.longest; ++i) top *= 2;
    return shorter(top, longer(limits_.longest, std::chrono::milliseconds{1}));
  }
  /// How many waits were drawn since the last success.
  unsigned failures() const { return failures_; }
  /// It worked: the next series begins with `first`.
  void reset() { failures_ = 0; }

 private:
  static constexpr std::uint8_t doublings_max = 40;  // of a millisecond: longer than anybody waits

  backoff_limits limits_;
  std::uint8_t failures_ = 0;
};

}  // namespace recado::chain
