// The board put together, and the firmware on it.
#include <algorithm>
#include <array>

#include <boards/common/image.hpp>
#include <boards/common/random.hpp>

#include "../calendar.hpp"
#include "../console.hpp"
#include "../flash.hpp"
#include "../panel.hpp"
#include "../random.hpp"
#include "../registers.hpp"
#include "../time.hpp"
#include "controller.hpp"
#include "startup.hpp"

namespace recado::nucleo_h723zg {
namespace {

using namespace std::chrono_literals;

serial_out out;
microsecond_timer timer;
cycle_stopwatch stopwatch;
board_leds leds;
board_button button;
calendar_clock real_time_clock;
sector_flash flash;
store::flash_storage journal{flash};
backup_memory kept;
backup_chip session;
random_source noise;
firmware::random_generator random_numbers;
ethernet_controller controller;

instant now() { return timer.now(); }
void write(std::string_view text) { out.write(text); }
void say(std::string_view text) { write(text), write("\r\n"); }

[[noreturn]] void failed(const char* what) {
  say("");
  write("fault: "), say(what);
  out.flush();
  reset();
}

/// Says what the link does, and once that the transceiver does nothing.
void watch_ethernet(instant moment) {
  constexpr instant patience{3s};
  static std::optional<link_mode> last;
  static bool complained = false;
  if (!complained && moment > patience && !controller.answers()) {
    complained = true;
    say("warning: the Ethernet transceiver gives no clock or no answer: is JP6 closed?");
  }
  if (controller.link() == last) return;
  last = controller.link();
  if (!last) return say("Ethernet: no cable");
  write(last->fast ? "Ethernet: 100 Mbit/s, " : "Ethernet: 10 Mbit/s, ");
  say(last->full_duplex ? "full duplex" : "half duplex");
}

void in_turn() {
  refresh_watchdog();
  out.drain();
  const instant moment = now();
  button.poll(moment);
  controller.poll(moment);
  watch_ethernet(moment);
  if (!real_time_clock.running()) real_time_clock.advance(moment);
}

constexpr irq waking[] = {irq::tim2, irq::usart3, irq::exti15_10, irq::eth};

void sleep_until(instant then) {
  constexpr duration longest = 4s;  // the cycle counter and the watchdog want to be looked after
  const instant from = now();
  then = std::min({then, controller.deadline(), button.deadline(), from + longest});
  if (!real_time_clock.running()) then = std::min(then, from + 100ms);
  if (then <= from) return;
  timer.wake_at(then);
  stopwatch.sleeps(from);
  doze(waking);
  timer.wake_no_more();
  stopwatch.wakes(now());
}

void start_random() {
  std::array<std::byte, 48> seed;
  std::array<std::uint32_t, 4> nonce{identity::uid.read(), indexed(identity::uid, 1, 4).read(),
                                     indexed(identity::uid, 2, 4).read(), core::dwt_cyccnt.read()};
  if (!noise.start() || !noise.fill(seed)) failed("the random number generator fails its health tests");
  if (!random_numbers.start(seed, std::as_bytes(std::span{nonce}))) failed("the random generator does not start");
  wipe(seed);
}

std::string_view words(clock_trouble trouble) {
  switch (trouble) {
    case clock_trouble::none:
      return "from the ST-LINK's 8 MHz";
    case clock_trouble::no_external_source:
      return "from its own oscillator, as the ST-LINK gives no clock";
    case clock_trouble::supply:
      return "as the supply doesn't settle";
    case clock_trouble::voltage:
      return "as the core's voltage doesn't rise";
    case clock_trouble::pll:
      return "as the PLL doesn't lock";
    case clock_trouble::wait_states:
      return "as the flash takes no wait states";
    case clock_trouble::no_switch:
      return "as the core stays on its oscillator";
  }
  return "";
}

void say_hello(std::uint32_t reset_cause) {
  char room[320];
  buffer_sink line{room};
  line << "recado on NUCLEO-H723ZG, ", line.number(clocks().core_mhz());
  line << " MHz " << words(clocks().trouble) << "; reset by " << reset_cause_words(reset_cause);
  line << "; chip 0x", line.hex(identity::dbgmcu_idcode.read(), 8);
  line << ", MAC 0x", line.hex(eth::macvr.read(), 8);
  say(line.view());
  const fault_record last = take_fault();
  if (last.mark != fault_record::valid) return;
  line.clear();
  line << "warning: the last run ended by ";
  describe(last, line);
  say(line.view());
}

fault run() {
  const std::uint32_t reset_cause = take_reset_cause();
  if (lost_power(reset_cause)) forget_fault(), erase_backup();
  out.start();
  timer.start(clocks().bus_mhz());
  stopwatch.start(clocks().core_mhz());
  start_watchdog();
  leds.start();
  button.start(now());
  real_time_clock.start(now());
  start_random();
  controller.open(clocks().bus_mhz(), now());
  for (const irq each : waking) wake_by(each);
  say_hello(reset_cause);
  const firmware::hardware hardware{leds,     button,      real_time_clock, stopwatch, kept,
                                    &journal, controller,  random_numbers,  write,     now,
                                    in_turn,  sleep_until, failed,          &session,  stack_used};
  return firmware::run(firmware::configuration(), hardware);
}

/// The application has ended in order: the board waits for a reset. After a failure it starts again by itself.
void rest(fault why) {
  const instant again = why ? now() + 10s : never;
  while (now() < again) {
    in_turn();
    while (pbuf* const frame = controller.receive()) pbuf_free(frame);
    sleep_until(again);
  }
}

}  // namespace
}  // namespace recado::nucleo_h723zg

extern "C" [[noreturn]] void recado_main();
void recado_main() {
  using namespace recado::nucleo_h723zg;
  rest(run());
  out.flush();
  reset();
}
