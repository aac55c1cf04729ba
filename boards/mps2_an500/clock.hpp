// Time on the board: a counter of 25 MHz, and sleeping until something happens.
#pragma once

#include <optional>

#include <recado/device/board.hpp>

namespace recado::mps2_an500 {

/// Starts the counter.
void start_clock();
/// The monotonic clock. To be read at least every two minutes, because the counter wraps after 171 s.
instant now();
/// Cycles of 40 ns since the start.
std::uint64_t cycles();
/// Those of them that `sleep_until` slept.
std::uint64_t cycles_slept();
/// For interrupts: the next sleep ends at once.
void wake();
/// Sleeps until an interrupt, or until then; half a second at most.
void sleep_until(instant then);

/// Switches the watchdog on: after eight seconds without `feed` the board starts again.
void start_watchdog();
/// Says that the loop goes on.
void feed_watchdog();

/// The counter in nanoseconds.
class counter_stopwatch final : public device::stopwatch {
 public:
  std::uint64_t nanoseconds() override { return cycles() * 40; }
};

/// The civil time as NTP set it, kept over a reset in memory that no image claims, with a check. The board has no
/// battery: while it is reset, the clock stands.
class kept_clock final : public device::real_time_clock {
 public:
  std::optional<utc_time> read() override;
  void set(utc_time time) override;
  /// Notes the time for after a reset; to be called now and then.
  void keep();
};

}  // namespace recado::mps2_an500
