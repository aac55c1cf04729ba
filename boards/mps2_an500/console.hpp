// UART0, where the user reads, and UART1, by which the host presses the button.
#pragma once

#include <string_view>

#include <recado/device/board.hpp>

namespace recado::mps2_an500 {

/// Switches both on.
void open_uarts();
/// Puts text behind what waits to be sent. Waits only while there is no room for it.
void write(std::string_view text);
/// Sends what the UART takes now of what waits. True if something still waits.
bool flush_some();
/// Sends all that waits and this, whatever it takes: before an end.
void write_at_once(std::string_view text);

/// A byte at UART1 is a press; one that is there when the board starts holds the button.
class uart_button final : public device::button {
 public:
  /// Looks whether it is held; after `open_uarts`.
  void start();
  bool pressed() override;
  bool held_at_start() override { return held_; }

 private:
  bool held_ = false;
};

}  // namespace recado::mps2_an500
