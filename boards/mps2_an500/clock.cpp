#include "clock.hpp"

#include <algorithm>

#include "registers.hpp"

namespace recado::mps2_an500 {
namespace {

constexpr std::uint32_t cycles_per_us = clock_hz / 1'000'000;
constexpr std::uint32_t watchdog_s = 8;
constexpr std::uint32_t watchdog_unlock = 0x1acce551;

std::uint32_t last_count = 0;
std::uint64_t counted = 0;
std::uint64_t slept = 0;

/// An interrupt has brought something that the loop may not have seen yet.
volatile bool woken = false;

/// Survives a reset.
struct kept_time {
  std::int64_t utc_us;
  std::uint64_t check;
};
[[gnu::section(".noinit")]] kept_time kept;
constexpr std::uint64_t check_of(std::int64_t us) { return ~static_cast<std::uint64_t>(us) ^ 0x5245'4341'444f'5254u; }

/// What is to be added to `now` to get the civil time; nothing if that isn't known.
std::optional<duration> offset;

}  // namespace

void start_clock() {
  at(prescale) = 0;
  at(counter) = 0;
}

std::uint64_t cycles() {
  const std::uint32_t count = at(counter);
  counted += count - last_count;
  last_count = count;
  return counted;
}

std::uint64_t cycles_slept() { return slept; }

instant now() { return instant{duration{static_cast<std::int64_t>(cycles() / cycles_per_us)}}; }

void wake() { woken = true; }

// An interrupt since the loop looked for the last time keeps it awake. From that question to the sleep interrupts are
// held off, so that none is missed: a pending one wakes all the same.
void sleep_until(instant then) {
  using namespace std::chrono_literals;
  const duration wait = shorter(then - std::min(then, now()), 500ms);
  if (wait <= duration::zero()) return;
  at(scs::systick_reload) = static_cast<std::uint32_t>(wait.count()) * cycles_per_us;
  at(scs::systick_value) = 0;
  at(scs::systick_control) = 7;
  asm volatile("cpsid i" ::: "memory");
  if (!woken) {
    const std::uint64_t begun = cycles();
    asm volatile("dsb\n wfi" ::: "memory");
    slept += cycles() - begun;
  }
  woken = false;
  asm volatile("cpsie i\n isb" ::: "memory");
  at(scs::systick_control) = 0;
}

void start_watchdog() {
  at(watchdog_lock) = watchdog_unlock;
  at(watchdog_load) = watchdog_s * clock_hz;
  at(watchdog_control) = 3;  // NMI at the first expiry, reset at the second
  at(watchdog_lock) = 0;
}

void feed_watchdog() {
  at(watchdog_lock) = watchdog_unlock;
  at(watchdog_clear) = 1;
  at(watchdog_lock) = 0;
}

std::optional<utc_time> kept_clock::read() {
  if (offset) return utc_time{now().time_since_epoch() + *offset};
  if (kept.check != check_of(kept.utc_us)) return std::nullopt;
  return utc_time{duration{kept.utc_us}};
}

void kept_clock::set(utc_time time) {
  offset = time.time_since_epoch() - now().time_since_epoch();
  keep();
}

void kept_clock::keep() {
  if (!offset) return;
  kept.utc_us = (now().time_since_epoch() + *offset).count();
  kept.check = check_of(kept.utc_us);
}

}  // namespace recado::mps2_an500

// Only wakes the loop.
extern "C" void systick_handler();
void systick_handler() {}
