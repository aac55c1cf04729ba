// The real-time clock: its decimals for every day of a century, and its life on a model of its registers.
#include "calendar.hpp"

#include <gtest/gtest.h>

#include <set>

#include "model_test.hpp"

namespace recado::nucleo_h723zg {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;

constexpr utc_time at(std::chrono::year_month_day day, duration time = {}) {
  return utc_time{sys_days{day}.time_since_epoch()} + time;
}
constexpr std::chrono::year_month_day date(int y, unsigned m, unsigned d) {
  return {std::chrono::year{y}, std::chrono::month{m}, std::chrono::day{d}};
}

// original defect 44: months and days of the week from 0, and years since 1900, in registers that count from 1 and
// 2000.
TEST(calendar, writes_dates_as_the_clock_counts_them) {
  EXPECT_EQ(to_calendar(at(date(2026, 1, 31), 23h + 59min + 58s)), (calendar{0x235958, 0x26c131})) << "a Saturday";
  EXPECT_EQ(to_calendar(at(date(2026, 2, 1))), (calendar{0x000000, 0x26e201})) << "Sunday is 7";
  EXPECT_EQ(to_calendar(at(date(2021, 12, 6), 7h)), (calendar{0x070000, 0x213206})) << "Monday is 1";
  EXPECT_EQ(to_calendar(at(date(1999, 12, 31), 23h)), std::nullopt);
  EXPECT_EQ(to_calendar(at(date(2100, 1, 1))), std::nullopt);
}

TEST(calendar, comes_back_on_every_day_of_the_century) {
  const utc_time end = at(date(2100, 1, 1));
  duration time = 0s;
  for (utc_time day = at(date(2000, 1, 1)); day < end; day += std::chrono::days{1}) {
    time = (time + 12345s) % std::chrono::days{1};
    const auto registers = to_calendar(day + time);
    ASSERT_TRUE(registers);
    ASSERT_EQ(from_calendar(*registers), day + time);
  }
}

TEST(calendar, takes_no_nonsense_for_a_date) {
  for (const calendar wrong : {calendar{0x240000, 0x262101}, calendar{0x006000, 0x262101}, calendar{0x000060, 0x262101},
                               calendar{0x00000a, 0x262101}, calendar{0, 0x262001}, calendar{0, 0x263301},
                               calendar{0, 0x262100}, calendar{0, 0x262230}, calendar{0, 0xa62101}})
    EXPECT_EQ(from_calendar(wrong), std::nullopt) << std::hex << wrong.time << " " << wrong.date;
  EXPECT_TRUE(from_calendar({0, 0x282229})) << "29 February 2028";
}

/// A clock that counts when the test says so.
class clock : public ::testing::Test {
 protected:
  clock() {
    chip.on_store[rcc::bdcr.address] = [this](std::uint32_t v) { backup_control(v); };
    chip.on_store[rcc::csr.address] = [this](std::uint32_t v) {
      chip.at(rcc::csr) = v & rcc::lsion ? v | rcc::lsirdy : v;
    };
    for (const reg each : {rtc::cr, rtc::isr, rtc::prer, rtc::tr, rtc::dr, rtc::shiftr})
      chip.on_store[each.address] = [this, each](std::uint32_t v) { protected_store(each, v); };
    chip.on_store[rtc::wpr.address] = [this](std::uint32_t v) {
      keys = v == rtc::unlock_1 ? 1 : v == rtc::unlock_2 && keys == 1 ? 2 : 0;
    };
    chip.on_load[rtc::dr.address] = [this] {
      if (--ticks_at_date == 0) tick();  // just after the time was read
      return chip.at(rtc::dr);
    };
  }
  void backup_control(std::uint32_t v) {
    if (v & rcc::bdrst) {
      ++domain_resets;
      for (auto& [address, word] : chip.words)
        if (address >= 0x58004000 && address < 0x58004100) word = 0;
      v = rcc::bdrst;
    }
    const std::uint32_t was = chip.at(rcc::bdcr) & rcc::rtcsel_mask;
    const bool chosen_again = was != 0 && !(v & rcc::bdrst) && (v & rcc::rtcsel_mask) != was;
    EXPECT_FALSE(chosen_again) << "the source is chosen once";
    if ((v & rcc::lseon) && crystal) v |= rcc::lserdy;
    chip.at(rcc::bdcr) = v;
  }
  void protected_store(reg which, std::uint32_t v) {
    EXPECT_EQ(keys, 2) << "locked: 0x" << std::hex << which.address;
    if (which.address == rtc::isr.address) {
      v &= ~(rtc::initf | rtc::inits);
      if (v & rtc::init) v |= rtc::initf;
      if (chip.at(rtc::dr) >> 16) v |= rtc::inits;
    }
    const bool moment = which.address == rtc::tr.address || which.address == rtc::dr.address;
    EXPECT_TRUE(!moment || (chip.at(rtc::isr) & rtc::initf)) << "set while it counts";
    if (which.address == rtc::tr.address) chip.at(rtc::ssr) = chip.at(rtc::prer) & 0x7fff;
    if (which.address == rtc::shiftr.address) {
      EXPECT_FALSE(chip.at(rtc::isr) & rtc::init);
      tick();
      chip.at(rtc::ssr) += v & 0x7fff;
    }
    chip.at(which) = v;
    if (which.address == rtc::dr.address) chip.at(rtc::isr) |= rtc::inits;
  }
  void tick() {
    const auto next = to_calendar(*from_calendar({chip.at(rtc::tr), chip.at(rtc::dr)}) + 1s);
    chip.at(rtc::tr) = next->time, chip.at(rtc::dr) = next->date;
  }
  void run() { device.start(instant{}), device.advance(instant{}); }

  chip_model chip;
  calendar_clock device;
  bool crystal = true;
  int keys = 0, domain_resets = 0, ticks_at_date = 0;
};

TEST_F(clock, knows_no_time_before_it_was_set) {
  run();
  EXPECT_TRUE(device.running());
  EXPECT_TRUE(device.on_crystal());
  EXPECT_EQ(device.read(), std::nullopt);
  EXPECT_EQ(domain_resets, 1);
}

TEST_F(clock, keeps_what_it_was_set_to) {
  run();
  device.set(at(date(2026, 3, 1), 12h + 34min + 56s));
  EXPECT_EQ(device.read(), at(date(2026, 3, 1), 12h + 34min + 56s));
  EXPECT_EQ(chip.at(rtc::prer), 0x007f00ffU);
  EXPECT_EQ(chip.at(rtc::dr), 0x26e301U);
  EXPECT_EQ(keys, 0) << "locked again";
  EXPECT_FALSE(chip.at(rtc::isr) & rtc::init);
  tick();
  EXPECT_EQ(device.read(), at(date(2026, 3, 1), 12h + 34min + 57s));
}

TEST_F(clock, keeps_the_fraction_of_a_second) {
  run();
  for (const duration fraction : {250ms, 500ms, 996ms}) {
    const utc_time when = at(date(2028, 2, 29), 23h + 59min + 59s) + fraction;
    device.set(when);
    ASSERT_TRUE(device.read());
    EXPECT_LE(std::chrono::abs(*device.read() - when), 4ms) << fraction.count();
  }
}

TEST_F(clock, goes_on_over_a_reset_of_the_chip) {
  run();
  device.set(at(date(2026, 5, 4), 1h));
  for (int seconds = 0; seconds < 5; ++seconds) tick();
  device = calendar_clock{};
  run();
  EXPECT_EQ(device.read(), at(date(2026, 5, 4), 1h + 5s));
  EXPECT_EQ(domain_resets, 1) << "only the first time";
}

TEST_F(clock, counts_on_the_chip_s_own_oscillator_without_a_crystal) {
  crystal = false;
  device.start(instant{});
  device.advance(instant{2900ms});
  EXPECT_FALSE(device.running());
  device.advance(instant{3s});
  device.advance(instant{3s});
  EXPECT_TRUE(device.running());
  EXPECT_FALSE(device.on_crystal());
  device.set(at(date(2026, 5, 4), 1h + 500ms));
  EXPECT_EQ(chip.at(rtc::prer), 0x007f00f9U) << "32,000 = 128 * 250";
  EXPECT_EQ(device.read(), at(date(2026, 5, 4), 1h + 500ms));
  device = calendar_clock{};
  run();
  EXPECT_EQ(device.read(), at(date(2026, 5, 4), 1h + 500ms)) << "and goes on so";
}

TEST_F(clock, takes_the_time_over_once_the_crystal_swings) {
  crystal = false;
  device.start(instant{});
  device.advance(instant{1s});
  device.set(at(date(2026, 5, 4)));
  EXPECT_EQ(device.read(), std::nullopt);
  crystal = true;
  chip.at(rcc::bdcr) |= rcc::lserdy;
  device.advance(instant{2500ms});
  ASSERT_TRUE(device.read());
  EXPECT_EQ(*device.read(), at(date(2026, 5, 4), 1500ms));
}

TEST_F(clock, does_not_read_half_of_one_second_and_half_of_the_next) {
  run();
  for (int when = 1; when <= 3; ++when) {
    device.set(at(date(2026, 12, 31), 23h + 59min + 59s));
    ticks_at_date = when;
    const auto seen = device.read();
    EXPECT_TRUE(seen == at(date(2026, 12, 31), 23h + 59min + 59s) || seen == at(date(2027, 1, 1))) << when;
  }
}

TEST_F(clock, refuses_what_it_cannot_hold) {
  run();
  device.set(at(date(2026, 5, 4)));
  device.set(at(date(2100, 1, 1)));
  EXPECT_EQ(device.read(), at(date(2026, 5, 4)));
}

}  // namespace
}  // namespace recado::nucleo_h723zg
