#include "time.hpp"

#include <algorithm>

#include "registers.hpp"

namespace recado::nucleo_h723zg {

void microsecond_timer::start(std::uint32_t bus_mhz) {
  tim2::cr1.write(0);
  tim2::psc.write(bus_mhz - 1);
  tim2::arr.write(0xffffffff);
  tim2::egr.write(tim2::ug);
  tim2::sr.write(0);
  tim2::cr1.write(tim2::cen);
}

instant microsecond_timer::now() {
  const std::uint32_t count = tim2::cnt.read();
  if (count < last_) upper_ += std::uint64_t{1} << 32;
  last_ = count;
  return instant{duration{static_cast<std::int64_t>(upper_ | count)}};
}

void microsecond_timer::wake_at(instant when) {
  constexpr duration longest = std::chrono::minutes{30};
  const instant from = now();
  // A little ahead, so that the counter can't pass the comparison while it is being set.
  const duration wait = when <= from ? duration{20} : std::clamp(duration{when - from}, duration{20}, longest);
  tim2::ccr1.write(last_ + static_cast<std::uint32_t>(wait.count()));
  tim2::sr.write(0);
  tim2::dier.write(tim2::cc1ie);
}

void microsecond_timer::wake_no_more() {
  tim2::dier.write(0);
  tim2::sr.write(0);
}

void cycle_stopwatch::start(std::uint32_t core_mhz) {
  core_mhz_ = core_mhz;
  core::demcr.set(core::trace_on);
  core::dwt_lar.write(core::dwt_key);
  core::dwt_cyccnt.write(0);
  core::dwt_ctrl.set(1);
  last_ = 0;
}

std::uint64_t cycle_stopwatch::nanoseconds() {
  const std::uint32_t count = core::dwt_cyccnt.read();
  cycles_ += count - last_;
  last_ = count;
  return cycles_ / core_mhz_ * 1000 + cycles_ % core_mhz_ * 1000 / core_mhz_;
}

void cycle_stopwatch::sleeps(instant now) {
  (void)nanoseconds();
  before_sleep_ = cycles_;
  asleep_since_ = now;
}

// Whether the counter stands still in sleep depends on the debugger: what the timer says counts, but never backwards.
void cycle_stopwatch::wakes(instant now) {
  (void)nanoseconds();
  const auto slept = static_cast<std::uint64_t>(std::max<std::int64_t>((now - asleep_since_).count(), 0));
  cycles_ = std::max(cycles_, before_sleep_ + slept * core_mhz_);
}

void start_watchdog() {
  identity::dbgmcu_apb4fz1.set(identity::stop_iwdg1);
  iwdg::kr.write(iwdg::start);
  iwdg::kr.write(iwdg::unlock);
  iwdg::pr.write(iwdg::divide_by_128);
  iwdg::rlr.write(watchdog_reload);
  iwdg::sr.wait(7, 0, long_wait_reads);  // its own clock takes the values over
  refresh_watchdog();
}

void refresh_watchdog() { iwdg::kr.write(iwdg::refresh); }

}  // namespace recado::nucleo_h723zg
