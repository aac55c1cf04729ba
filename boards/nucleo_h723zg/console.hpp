// The console: USART3, which the ST-LINK shows as a serial port, 115200 baud, 8N1.
//
// What is written waits in a buffer; the loop gives it to the transmitter, 16 bytes at a time, each time that it is
// empty. Only when the buffer is full a writer waits, at most as long as the line needs.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace recado::nucleo_h723zg {

/// Bits per second of the console.
inline constexpr std::uint32_t console_baud = 115'200;

/// The transmitter with its buffer.
class serial_out {
 public:
  /// Sets pin and transmitter up; its clock is the chip's own 64 MHz.
  void start();
  /// Takes characters; waits for room if there is none. What a dead transmitter doesn't take is left out and counted.
  void write(std::string_view text);
  /// Gives the transmitter what it has room for; call it whenever the loop turns.
  void drain();
  /// Waits until everything has left the buffer; for the time before a reset.
  void flush();
  /// True while something waits.
  bool waiting() const { return used_ != 0; }
  /// Characters that were left out.
  std::uint32_t lost() const { return lost_; }

 private:
  std::array<char, 2048> buffer_{};
  std::size_t front_ = 0;
  std::size_t used_ = 0;
  std::uint32_t lost_ = 0;
};

}  // namespace recado::nucleo_h723zg
