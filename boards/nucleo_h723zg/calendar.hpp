// The real-time clock in the backup domain: a calendar of binary-coded decimals that goes on over a reset, and as long
// as the board's VBAT has power.
//
// Months count from 1 to 12, the days of the week from Monday 1 to Sunday 7, years from 2000 to 2099 (the original
// wrote what the C library's struct tm holds: January became month 0, Sunday no day at all, and the year 121
// overflowed).
#pragma once

#include <cstdint>
#include <optional>

#include <recado/core/instant.hpp>
#include <recado/device/board.hpp>

namespace recado::nucleo_h723zg {

/// A moment as the clock's two registers hold it.
struct calendar {
  std::uint32_t time = 0;                                      ///< RTC_TR
  std::uint32_t date = 0;                                      ///< RTC_DR
  constexpr bool operator==(const calendar&) const = default;  ///< member by member
};
/// A moment of the years 2000 to 2099 for the registers; its fraction of a second is left out.
std::optional<calendar> to_calendar(utc_time when);
/// What the registers say; nothing if that is no date.
std::optional<utc_time> from_calendar(const calendar& registers);

/// The clock. It counts on the board's crystal; if that doesn't swing within three seconds, on the chip's own 32 kHz.
class calendar_clock final : public device::real_time_clock {
 public:
  static constexpr duration crystal_takes = std::chrono::seconds{3};  ///< at the most

  /// Finds it running, or starts its oscillator, without waiting. The backup domain must be writable.
  void start(instant now);
  /// Goes on with the start; call it whenever the loop turns until `running`.
  void advance(instant now);
  /// True once it counts.
  bool running() const { return stage_ == stage::running; }
  /// True if it counts on the crystal, which is exact, not on the chip's own oscillator.
  bool on_crystal() const { return on_crystal_; }
  std::optional<utc_time> read() override;
  /// Before it runs the time waits until it does.
  void set(utc_time time) override;

 private:
  enum class stage : std::uint8_t { crystal, own_oscillator, running, broken };
  void run(bool crystal);
  bool enter(const calendar& moment, std::uint32_t fraction, std::uint32_t second_parts);
  std::uint32_t parts_of_second() const { return on_crystal_ ? 256 : 250; }

  stage stage_ = stage::broken;
  bool on_crystal_ = true;
  instant since_{};
  instant last_{};
  std::optional<utc_time> waiting_;
  instant waiting_since_{};
};

}  // namespace recado::nucleo_h723zg
