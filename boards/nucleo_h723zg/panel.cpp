#include "panel.hpp"

#include <utility>

#include "registers.hpp"

namespace recado::nucleo_h723zg {

void board_leds::start() {
  for (const pin& each : pins::led) make_output(each);
}

void board_leds::set(unsigned led, bool on) {
  if (led >= 1 && led <= device::led_count) drive(pins::led[led - 1], on);
}

// EXTI line 13, of port C, at both edges.
void board_button::start(instant now) {
  make_input(pins::button);
  syscfg::exticr4.change(0xf0, 0x20);
  exti::rtsr1.set(bit(pins::button.number));
  exti::ftsr1.set(bit(pins::button.number));
  exti::imr1.set(bit(pins::button.number));
  down_ = candidate_ = held_ = is_high(pins::button);
  since_ = now;
}

void board_button::poll(instant now) {
  exti::pr1.write(bit(pins::button.number));
  if (const bool high = is_high(pins::button); high != candidate_) candidate_ = high, since_ = now;
  if (candidate_ == down_ || now - since_ < steady) return;
  down_ = candidate_;
  press_ = press_ || down_;
}

bool board_button::pressed() { return std::exchange(press_, false); }

}  // namespace recado::nucleo_h723zg
