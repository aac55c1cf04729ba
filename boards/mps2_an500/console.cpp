#include "console.hpp"

#include <array>

#include "clock.hpp"
#include "registers.hpp"

namespace recado::mps2_an500 {
namespace {

/// What waits for the UART: a line or two.
std::array<char, 256> ring;
std::size_t first = 0, waiting = 0;

bool send_one() {
  if (waiting == 0 || (at(uart::console + uart::state) & uart::transmit_full) != 0) return false;
  at(uart::console + uart::data) = static_cast<unsigned char>(ring[first]);
  first = (first + 1) % ring.size(), --waiting;
  return true;
}

}  // namespace

void open_uarts() {
  constexpr std::uint32_t divider_115200 = clock_hz / 115'200;
  at(uart::console + uart::divider) = divider_115200;
  at(uart::console + uart::control) = uart::transmit_on;
  at(uart::button + uart::divider) = divider_115200;
  at(uart::button + uart::control) = uart::receive_on | uart::receive_interrupt;
  at(scs::interrupt_enable) = 1u << uart_button_interrupt;
}

bool flush_some() {
  while (send_one()) {
  }
  return waiting != 0;
}

void write(std::string_view text) {
  for (char each : text) {
    while (waiting == ring.size()) send_one();
    ring[(first + waiting++) % ring.size()] = each;
  }
  flush_some();
}

void write_at_once(std::string_view text) {
  write(text);
  while (flush_some()) {
  }
}

void uart_button::start() { held_ = pressed(); }

bool uart_button::pressed() {
  bool any = false;
  while ((at(uart::button + uart::state) & uart::receive_full) != 0) {
    (void)look(uart::button + uart::data);
    any = true;
  }
  return any;
}

}  // namespace recado::mps2_an500

// Only wakes the loop, which reads the byte.
extern "C" void button_handler();
void button_handler() {
  recado::mps2_an500::at(recado::mps2_an500::uart::button + recado::mps2_an500::uart::interrupt_clear) = 3;
  recado::mps2_an500::wake();
}
