// LEDs LD1 to LD3 and the button B1.
#pragma once

#include <recado/core/instant.hpp>
#include <recado/device/board.hpp>

#include "pins.hpp"

namespace recado::nucleo_h723zg {

/// LD1 green, LD2 yellow, LD3 red.
class board_leds final : public device::leds {
 public:
  void start();  ///< Sets the pins up; all are off.
  void set(unsigned led, bool on) override;
};

/// B1. A press counts once it has lasted, and again only after the button was let go as long: contacts bounce.
class board_button final : public device::button {
 public:
  /// So long the level has to be steady.
  static constexpr duration steady = std::chrono::milliseconds{20};

  void start(instant now);  ///< Sets the pin up, and sees whether the button is held.
  void poll(instant now);   ///< Looks at the pin; call it whenever the loop turns.
  /// When it wants to be looked at again; `never` if nothing is under way: the pin's interrupt wakes the loop.
  instant deadline() const { return candidate_ != down_ ? since_ + steady : never; }
  bool pressed() override;
  bool held_at_start() override { return held_; }

 private:
  bool down_ = false;       ///< as it counts
  bool candidate_ = false;  ///< as it was seen last
  instant since_{};         ///< since when it was seen so
  bool held_ = false;
  bool press_ = false;
};

}  // namespace recado::nucleo_h723zg
