#include "pins.hpp"

#include "registers.hpp"

namespace recado::nucleo_h723zg {
namespace {

reg of_port(reg first, pin which) {
  return indexed(first, static_cast<std::uint32_t>(which.port - 'A'), gpio::port_bytes);
}
void two_bits(reg first, pin which, std::uint32_t value) {
  const unsigned position = which.number * 2U;
  of_port(first, which).change(3U << position, value << position);
}

constexpr std::uint32_t input = 0, output = 1, function_mode = 2, fastest_speed = 3;

}  // namespace

void make_input(pin which) {
  two_bits(gpio::pupdr, which, 0);
  two_bits(gpio::moder, which, input);
}

void make_output(pin which) {
  drive(which, false);
  two_bits(gpio::ospeedr, which, 0);
  two_bits(gpio::pupdr, which, 0);
  of_port(gpio::otyper, which).clear(bit(which.number));
  two_bits(gpio::moder, which, output);
}

void make_function(pin which, std::uint32_t function, bool fastest) {
  two_bits(gpio::ospeedr, which, fastest ? fastest_speed : 0);
  two_bits(gpio::pupdr, which, 0);
  of_port(gpio::otyper, which).clear(bit(which.number));
  const unsigned position = which.number % 8U * 4U;
  of_port(which.number < 8 ? gpio::afrl : gpio::afrh, which).change(15U << position, function << position);
  two_bits(gpio::moder, which, function_mode);
}

void drive(pin which, bool high) { of_port(gpio::bsrr, which).write(bit(which.number + (high ? 0U : 16U))); }

bool is_high(pin which) { return of_port(gpio::idr, which).has(bit(which.number)); }

}  // namespace recado::nucleo_h723zg
