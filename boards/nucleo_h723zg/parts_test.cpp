// Console, LEDs, button, time and the words for faults, on models of their registers.
#include <gtest/gtest.h>

#include <string>

#include "console.hpp"
#include "faults.hpp"
#include "model_test.hpp"
#include "panel.hpp"
#include "time.hpp"

namespace recado::nucleo_h723zg {
namespace {

using namespace std::chrono_literals;

/// A transmitter of 16 characters, which are sent when the test says so.
class transmitter {
 public:
  transmitter() {
    chip.on_load[usart3::isr.address] = [this] { return fifo < 16 && alive ? usart3::txfnf : 0; };
    chip.on_store[usart3::tdr.address] = [this](std::uint32_t c) {
      EXPECT_LT(fifo, 16);
      ++fifo;
      sent += static_cast<char>(c);
    };
  }
  bool wakes_when_empty() { return chip.at(usart3::cr1) & usart3::txfeie; }
  chip_model chip;
  int fifo = 0;
  bool alive = true;
  std::string sent;
};

TEST(console, counts_115200_baud_from_the_chip_s_own_clock) {
  transmitter wire;
  serial_out out;
  out.start();
  EXPECT_EQ(wire.chip.at(usart3::brr), 556U);
  EXPECT_EQ(wire.chip.at(usart3::cr1), usart3::fifoen | usart3::te | usart3::ue);
  EXPECT_EQ(wire.chip.at({0x58020c24}) & 0xf, 7U) << "PD8 is USART3_TX";
}

TEST(console, waits_for_the_transmitter_only_in_its_buffer) {
  transmitter wire;
  serial_out out;
  const std::string line(100, 'x');
  out.write(line);
  EXPECT_EQ(wire.sent.size(), 16U);
  EXPECT_TRUE(wire.wakes_when_empty());
  while (out.waiting()) wire.fifo = 0, out.drain();
  EXPECT_EQ(wire.sent, line);
  EXPECT_FALSE(wire.wakes_when_empty());
}

TEST(console, keeps_order_around_the_end_of_its_buffer) {
  transmitter wire;
  serial_out out;
  std::string all;
  for (int i = 0; i < 200; ++i) {
    const std::string line = std::to_string(i) + std::string(37, static_cast<char>('a' + i % 26)) + "\r\n";
    all += line;
    out.write(line);
    while (out.waiting()) wire.fifo = 0, out.drain();
  }
  EXPECT_EQ(wire.sent, all);
  EXPECT_EQ(out.lost(), 0U);
}

TEST(console, does_not_wait_for_ever_for_a_dead_transmitter) {
  transmitter wire;
  wire.alive = false;
  serial_out out;
  out.write(std::string(2050, 'x'));
  EXPECT_EQ(out.lost(), 2U);
  out.flush();
  EXPECT_TRUE(out.waiting());
}

TEST(panel, switches_each_led_alone) {
  chip_model chip;
  board_leds leds;
  leds.start();
  const reg b{0x58020418}, e{0x58021018};
  leds.set(1, true);
  EXPECT_EQ(chip.at(b), bit(0));
  leds.set(2, true);
  EXPECT_EQ(chip.at(e), bit(1));
  leds.set(3, true);
  EXPECT_EQ(chip.at(b), bit(14));
  leds.set(3, false);
  EXPECT_EQ(chip.at(b), bit(30));
  chip.written.clear();
  leds.set(0, true), leds.set(4, true);
  EXPECT_TRUE(chip.written.empty());
}

class pushed : public ::testing::Test {
 protected:
  void level(bool high) { chip.words[0x58020810] = high ? bit(13) : 0; }
  void at(duration when) { button.poll(instant{when}); }
  chip_model chip;
  board_button button;
};

TEST_F(pushed, counts_a_press_once_however_it_bounces) {
  button.start(instant{0ms});
  EXPECT_FALSE(button.held_at_start());
  for (int ms = 100; ms < 115; ms += 3) level(ms % 2 == 0), at(std::chrono::milliseconds{ms});
  level(true);
  at(115ms);
  EXPECT_EQ(button.deadline(), instant{132ms});
  at(131ms);
  EXPECT_FALSE(button.pressed());
  at(132ms);
  EXPECT_TRUE(button.pressed());
  EXPECT_FALSE(button.pressed());
  at(500ms);
  EXPECT_FALSE(button.pressed());
  EXPECT_EQ(button.deadline(), never);
  level(false), at(600ms), at(630ms);
  EXPECT_FALSE(button.pressed());
  level(true), at(700ms), at(720ms);
  EXPECT_TRUE(button.pressed());
}

TEST_F(pushed, knows_that_it_was_held_at_the_start) {
  level(true);
  button.start(instant{0ms});
  EXPECT_TRUE(button.held_at_start());
  at(50ms);
  EXPECT_FALSE(button.pressed()) << "it was not pressed since";
  EXPECT_EQ(chip.words[0x58000414], 0x20U) << "EXTI13 listens to port C";
}

TEST(time, goes_on_beyond_32_bits) {
  chip_model chip;
  microsecond_timer timer;
  timer.start(260);
  EXPECT_EQ(chip.at(tim2::psc), 259U);
  chip.at(tim2::cnt) = 0xfffffff0;
  EXPECT_EQ(timer.now(), instant{4294967280us});
  chip.at(tim2::cnt) = 4;
  EXPECT_EQ(timer.now(), instant{4294967300us});
  timer.wake_at(instant{4294967400us});
  EXPECT_EQ(chip.at(tim2::ccr1), 104U);
  EXPECT_EQ(chip.at(tim2::dier), tim2::cc1ie);
  timer.wake_at(instant{});
  EXPECT_EQ(chip.at(tim2::ccr1), 24U) << "what is due already wakes it at once";
  timer.wake_at(never);
  EXPECT_EQ(chip.at(tim2::ccr1), 4U + 1'800'000'000U);
  timer.wake_no_more();
  EXPECT_EQ(chip.at(tim2::dier), 0U);
}

// original defect 45: the counter ran on from where it was
TEST(time, counts_cycles_and_what_they_miss_in_sleep) {
  chip_model chip;
  cycle_stopwatch watch;
  watch.start(520);
  EXPECT_EQ(chip.at(core::dwt_lar), 0xc5acce55U);
  chip.at(core::dwt_cyccnt) = 520;
  EXPECT_EQ(watch.nanoseconds(), 1000U);
  chip.at(core::dwt_cyccnt) = 519;  // once around
  EXPECT_EQ(watch.nanoseconds(), ((std::uint64_t{1} << 32) + 519) * 1000 / 520);
  const std::uint64_t before = watch.nanoseconds();
  watch.sleeps(instant{1s});
  watch.wakes(instant{4s});
  EXPECT_EQ(watch.nanoseconds() - before, 3'000'000'000U);
  watch.sleeps(instant{4s});
  chip.at(core::dwt_cyccnt) += 5200;  // this one went on counting
  watch.wakes(instant{4s + 1us});
  EXPECT_EQ(watch.nanoseconds() - before, 3'000'010'000U);
}

// original defect 37: every failure was the end, and no watchdog brought the board back
TEST(time, gives_the_watchdog_longer_than_an_erase) {
  chip_model chip;
  start_watchdog();
  EXPECT_EQ(chip.at(iwdg::pr), 5U);
  EXPECT_EQ(chip.at(iwdg::rlr), 4095U);
  EXPECT_GT(4095 * 128 / 32'000, 4);
  EXPECT_EQ(chip.at(iwdg::kr), iwdg::refresh);
}

std::string said(const fault_record& what) {
  std::array<char, 300> memory{};
  buffer_sink out{memory};
  describe(what, out);
  return std::string{out.view()};
}

// original defect 37: a fault ended in silence
TEST(faults, say_what_and_where) {
  fault_record record{.mark = fault_record::valid,
                      .exception = 5,
                      .pc = 0x08001234,
                      .lr = 0x08004321,
                      .sp = 0x20004000,
                      .cfsr = bit(9) | bit(15),
                      .hfsr = 0,
                      .mmfar = 0,
                      .bfar = 0x60000000};
  EXPECT_EQ(said(record),
            "a read or write that the bus refused, of address 0x60000000; at 0x08001234, called from 0x08004321, "
            "stack 0x20004000, CFSR 0x00008200, HFSR 0x00000000");
  record.cfsr = bit(1) | bit(7), record.mmfar = 0x08000010;
  EXPECT_TRUE(said(record).starts_with("a read or write that the memory protection forbids, of address 0x08000010;"));
  record.cfsr = 0, record.exception = 16 + 61;
  EXPECT_TRUE(said(record).starts_with("an interrupt that nobody expects (number 61); at 0x08001234"));
}

TEST(faults, know_why_the_chip_was_reset) {
  EXPECT_EQ(reset_cause_words(rcc::iwdg1rstf | rcc::pinrstf), "watchdog");
  EXPECT_EQ(reset_cause_words(rcc::sftrstf | rcc::pinrstf), "fault or program");
  EXPECT_EQ(reset_cause_words(rcc::porrstf | rcc::pinrstf | rcc::borrstf), "power");
  EXPECT_EQ(reset_cause_words(rcc::pinrstf), "reset button");
  EXPECT_TRUE(lost_power(rcc::porrstf | rcc::pinrstf | rcc::borrstf));
  EXPECT_FALSE(lost_power(rcc::sftrstf | rcc::pinrstf));
}

}  // namespace
}  // namespace recado::nucleo_h723zg
