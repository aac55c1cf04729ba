#include "console.hpp"

#include "pins.hpp"
#include "registers.hpp"

namespace recado::nucleo_h723zg {
namespace {

constexpr std::uint32_t clock_hz = 64'000'000;
constexpr std::uint32_t divider = (clock_hz + console_baud / 2) / console_baud;
static_assert(divider == 556, "0.08 % beside the standard's rate");

}  // namespace

void serial_out::start() {
  make_function(pins::console_out, pins::usart3_function, false);
  usart3::cr1.write(0);
  usart3::cr2.write(0);
  usart3::cr3.write(0);
  usart3::presc.write(0);
  usart3::brr.write(divider);
  usart3::cr1.write(usart3::fifoen | usart3::te);
  usart3::cr1.write(usart3::fifoen | usart3::te | usart3::ue);
}

void serial_out::write(std::string_view text) {
  for (const char each : text) {
    for (std::uint32_t turns = short_wait_reads; used_ == buffer_.size() && turns != 0; --turns) drain();
    if (used_ == buffer_.size()) {
      ++lost_;
      continue;
    }
    buffer_[(front_ + used_++) % buffer_.size()] = each;
  }
  drain();
}

// The interrupt "transmitter empty" wakes the loop while something waits, and only then.
void serial_out::drain() {
  while (used_ != 0 && usart3::isr.has(usart3::txfnf)) {
    usart3::tdr.write(static_cast<unsigned char>(buffer_[front_]));
    front_ = (front_ + 1) % buffer_.size();
    --used_;
  }
  usart3::cr1.change(usart3::txfeie, used_ != 0 ? usart3::txfeie : 0);
}

void serial_out::flush() {
  for (std::uint32_t turns = long_wait_reads; used_ != 0 && turns != 0; --turns) drain();
}

}  // namespace recado::nucleo_h723zg
