#include "calendar.hpp"

#include <recado/core/time_zone.hpp>

#include "registers.hpp"

namespace recado::nucleo_h723zg {
namespace {

constexpr std::int32_t first_year = 2000, last_year = 2099;
constexpr std::uint32_t set_mark = 0x72656331;  // in a backup register: the time was set by this firmware

constexpr std::uint32_t to_bcd(std::uint32_t number) { return number / 10 << 4 | number % 10; }
/// Nothing if a digit is none.
constexpr std::optional<std::uint32_t> from_bcd(std::uint32_t digits) {
  if ((digits & 15) > 9 || digits >> 4 > 9) return std::nullopt;
  return (digits >> 4) * 10 + (digits & 15);
}

void unlock() {
  rtc::wpr.write(rtc::unlock_1);
  rtc::wpr.write(rtc::unlock_2);
}
void lock() { rtc::wpr.write(rtc::lock); }

std::uint32_t selected() { return rcc::bdcr.read() & rcc::rtcsel_mask; }

}  // namespace

std::optional<calendar> to_calendar(utc_time when) {
  const civil_time parts = to_civil(when);
  if (parts.year < first_year || parts.year > last_year) return std::nullopt;
  const std::uint32_t weekday = parts.weekday == 0 ? 7 : parts.weekday;
  return calendar{to_bcd(parts.hour) << 16 | to_bcd(parts.minute) << 8 | to_bcd(parts.second),
                  to_bcd(static_cast<std::uint32_t>(parts.year - first_year)) << 16 | weekday << 13 |
                      to_bcd(parts.month) << 8 | to_bcd(parts.day)};
}

std::optional<utc_time> from_calendar(const calendar& registers) {
  const auto hour = from_bcd(registers.time >> 16 & 0x3f), minute = from_bcd(registers.time >> 8 & 0x7f),
             second = from_bcd(registers.time & 0x7f), year = from_bcd(registers.date >> 16 & 0xff),
             month = from_bcd(registers.date >> 8 & 0x1f), day = from_bcd(registers.date & 0x3f);
  if (!hour || !minute || !second || !year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year) + first_year},
                                         std::chrono::month{*month}, std::chrono::day{*day}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return utc_time{std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{*hour} +
                  std::chrono::minutes{*minute} + std::chrono::seconds{*second}};
}

// The source can be chosen only once after a reset of the backup domain, which takes the time with it.
void calendar_clock::start(instant now) {
  since_ = last_ = now;
  if (rcc::bdcr.has(rcc::rtcen) && selected() == rcc::rtcsel_lsi) {
    rcc::csr.set(rcc::lsion);
    stage_ = stage::own_oscillator;
    return;
  }
  if (selected() != rcc::rtcsel_lse) {
    rcc::bdcr.set(rcc::bdrst);
    rcc::bdcr.clear(rcc::bdrst);
  }
  rcc::bdcr.set(rcc::lseon);
  stage_ = stage::crystal;
}

void calendar_clock::advance(instant now) {
  last_ = now;
  if (stage_ == stage::crystal && rcc::bdcr.has(rcc::lserdy)) {
    run(true);
  } else if (stage_ == stage::crystal && now - since_ >= crystal_takes) {
    rcc::bdcr.set(rcc::bdrst);
    rcc::bdcr.clear(rcc::bdrst);
    rcc::csr.set(rcc::lsion);
    stage_ = stage::own_oscillator;
  } else if (stage_ == stage::own_oscillator && rcc::csr.has(rcc::lsirdy)) {
    run(false);
  }
  if (stage_ != stage::running || !waiting_) return;
  const utc_time time = *waiting_ + (now - waiting_since_);
  waiting_.reset();
  set(time);
}

void calendar_clock::run(bool crystal) {
  const std::uint32_t source = crystal ? rcc::rtcsel_lse : rcc::rtcsel_lsi;
  on_crystal_ = crystal;
  rcc::bdcr.change(rcc::rtcsel_mask | rcc::rtcen, source | rcc::rtcen);
  // Without shadow registers nothing has to be waited for after a sleep; `read` looks until two looks agree.
  unlock();
  rtc::cr.set(rtc::bypshad);
  lock();
  stage_ = stage::running;
}

std::optional<utc_time> calendar_clock::read() {
  constexpr unsigned looks_max = 4;
  if (!running() || rtc::bkp0r.read() != set_mark || !rtc::isr.has(rtc::inits)) return std::nullopt;
  const auto look = [] {
    const std::uint32_t parts = rtc::ssr.read(), time = rtc::tr.read();
    return std::pair{parts, calendar{time, rtc::dr.read()}};
  };
  auto before = look();
  for (unsigned looks = 0; looks < looks_max; ++looks) {
    const auto after = look();
    if (after != before) {
      before = after;
      continue;
    }
    const auto second = from_calendar(after.second);
    if (!second) return std::nullopt;
    // It counts down. After a shift it may stand above the second's beginning: then it belongs to the second before.
    const std::int64_t parts = parts_of_second(), passed = parts - 1 - static_cast<std::int64_t>(after.first & 0xffff);
    return *second + duration{passed * 1'000'000 / parts};
  }
  return std::nullopt;
}

void calendar_clock::set(utc_time time) {
  if (!running()) {
    waiting_ = time, waiting_since_ = last_;
    return;
  }
  const auto moment = to_calendar(time);
  if (!moment) return;
  const auto fraction = time.time_since_epoch() % std::chrono::seconds{1};
  const auto parts = static_cast<std::uint32_t>(fraction.count() * parts_of_second() / 1'000'000);
  if (enter(*moment, parts, parts_of_second())) rtc::bkp0r.write(set_mark);
}

// The registers take whole seconds; the rest is a shift: one second on, and what is missing from it back.
bool calendar_clock::enter(const calendar& moment, std::uint32_t fraction, std::uint32_t second_parts) {
  unlock();
  rtc::isr.set(rtc::init);
  const bool open = rtc::isr.wait(rtc::initf, rtc::initf, long_wait_reads);
  if (open) {
    rtc::prer.write(second_parts - 1);  // RM0468: first the one, then the other prescaler
    rtc::prer.write(127U << 16 | (second_parts - 1));
    rtc::tr.write(moment.time);
    rtc::dr.write(moment.date);
  }
  rtc::isr.clear(rtc::init);
  if (open && fraction != 0 && rtc::isr.wait(rtc::shpf, 0)) rtc::shiftr.write(rtc::add1s | (second_parts - fraction));
  lock();
  return open;
}

}  // namespace recado::nucleo_h723zg
