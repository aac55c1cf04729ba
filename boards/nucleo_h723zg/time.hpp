// Time on the board: microseconds from a 32-bit timer, nanoseconds from the core's cycle counter, and the watchdog.
#pragma once

#include <cstdint>

#include <recado/core/instant.hpp>
#include <recado/device/board.hpp>

namespace recado::nucleo_h723zg {

/// Microseconds since `start`: TIM2, extended to 64 bits. It has to be read once in 71 minutes.
class microsecond_timer {
 public:
  /// The timer counts on the bus clock.
  void start(std::uint32_t bus_mhz);
  /// Now.
  instant now();
  /// Has the timer's interrupt wake the core at `when`, or after half an hour if that is sooner.
  void wake_at(instant when);
  /// Takes the interrupt back.
  void wake_no_more();

 private:
  std::uint32_t last_ = 0;
  std::uint64_t upper_ = 0;
};

/// The cycle counter as a stopwatch. It stands still while the core sleeps, so whoever lets the core sleep says how
/// long; and it has to be read once in 7.8 s (at 550 MHz).
class cycle_stopwatch final : public device::stopwatch {
 public:
  /// Starts the counter.
  void start(std::uint32_t core_mhz);
  std::uint64_t nanoseconds() override;
  /// The core is about to sleep.
  void sleeps(instant now);
  /// It is awake again.
  void wakes(instant now);

 private:
  std::uint32_t core_mhz_ = 64;
  std::uint32_t last_ = 0;
  std::uint64_t cycles_ = 0;
  std::uint64_t before_sleep_ = 0;
  instant asleep_since_{};
};

/// The independent watchdog: 16 s on the chip's own 32 kHz, longer than the erase of a flash sector stops the core.
inline constexpr std::uint32_t watchdog_reload = 4095;
void start_watchdog();    ///< It can't be stopped any more; it rests while a debugger halts the core.
void refresh_watchdog();  ///< All is well.

}  // namespace recado::nucleo_h723zg
