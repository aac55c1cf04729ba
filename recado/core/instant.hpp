// Time as the machines know it: an argument, never a clock that they read.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace recado {

/// Microseconds: the one unit of time below the roof.
using duration = std::chrono::duration<std::int64_t, std::micro>;

/// Names the time line of `instant`. It has no `now()`: only drivers read clocks.
struct monotonic {
  using rep = recado::duration::rep;                                ///< as the standard library asks for it
  using period = recado::duration::period;                          ///< as the standard library asks for it
  using duration = recado::duration;                                ///< as the standard library asks for it
  using time_point = std::chrono::time_point<monotonic, duration>;  ///< as the standard library asks for it
  static constexpr bool is_steady = true;                           ///< it never jumps
};

/// A point on the device's monotonic time line, whose zero means nothing. It never jumps.
using instant = monotonic::time_point;

// Times are compared everywhere. These are a subtraction each, where the standard library's way over `<=>`, which its
// std::min and std::max go, too, is a call with both in memory if GCC optimises for size.
/// Shorter.
constexpr bool operator<(duration a, duration b) { return a.count() < b.count(); }
/// Longer.
constexpr bool operator>(duration a, duration b) { return b < a; }
/// Not longer.
constexpr bool operator<=(duration a, duration b) { return !(b < a); }
/// Not shorter.
constexpr bool operator>=(duration a, duration b) { return !(a < b); }
/// The shorter of two.
constexpr duration shorter(duration a, duration b) { return b < a ? b : a; }
/// The longer of two.
constexpr duration longer(duration a, duration b) { return a < b ? b : a; }
/// Earlier, of instants and of civil times.
template <class Clock>
constexpr bool operator<(std::chrono::time_point<Clock, duration> a, std::chrono::time_point<Clock, duration> b) {
  return a.time_since_epoch() < b.time_since_epoch();
}
/// Later.
template <class Clock>
constexpr bool operator>(std::chrono::time_point<Clock, duration> a, std::chrono::time_point<Clock, duration> b) {
  return b < a;
}
/// Not later.
template <class Clock>
constexpr bool operator<=(std::chrono::time_point<Clock, duration> a, std::chrono::time_point<Clock, duration> b) {
  return !(b < a);
}
/// Not earlier.
template <class Clock>
constexpr bool operator>=(std::chrono::time_point<Clock, duration> a, std::chrono::time_point<Clock, duration> b) {
  return !(a < b);
}

/// The deadline of a machine that waits for nothing.
inline constexpr instant never = instant::max();

/// Later by `wait` (not negative), never beyond `never`.
constexpr instant after(instant from, duration wait) {
  const bool beyond = from > instant{} && wait >= never - from;
  return beyond || wait == duration::max() ? never : from + wait;
}

/// A point in civil time: microseconds since 1970-01-01 00:00:00 UTC, leap seconds not counted.
using utc_time = std::chrono::time_point<std::chrono::system_clock, duration>;

/// The device's civil clock: an offset between the monotonic time line and UTC, as NTP or a real-time
/// clock sets it. Nobody has to set the system's clock.
class wall_clock {
 public:
  /// At the instant `when` it was `utc`. `trusted` is false for a guess (build date, last known time).
  constexpr void set(utc_time utc, instant when, bool trusted = true) {
    offset_ = utc.time_since_epoch() - when.time_since_epoch();
    trusted_ = trusted;
  }
  /// True once NTP or a real-time clock has set it, as opposed to a guess.
  constexpr bool trusted() const { return trusted_; }
  /// The civil time at `now`; 1970 if it was never set.
  constexpr utc_time at(instant now) const {
    return offset_ ? utc_time{now.time_since_epoch() + *offset_} : utc_time{};
  }

 private:
  std::optional<duration> offset_;
  bool trusted_ = false;
};

}  // namespace recado
