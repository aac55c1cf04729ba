// The firmware: the device application on a board with lwIP and without an operating system.
#pragma once

#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/core/instant.hpp>
#include <recado/device/board.hpp>
#include <recado/drive/lwip/ethernet.hpp>
#include <recado/store/eeprom_storage.hpp>

#include "firmware_configuration.hpp"
#include "text_console.hpp"

namespace recado::firmware {

/// What a board has. All of it lives as long as the program.
struct hardware {
  device::leds& leds;                        ///< the LEDs
  device::button& button;                    ///< ends the application, or begins the test mode
  device::real_time_clock& real_time_clock;  ///< for the time before NTP has told it
  device::stopwatch& stopwatch;              ///< for the test mode
  device::storage& storage;                  ///< for lease and last known time
  store::storage* session_storage;           ///< for the session; null: it ends with the power
  lwip::ethernet& ethernet;                  ///< the controller, opened
  recado::entropy& random;                   ///< good enough for keys
  void (*write)(std::string_view text);      ///< to the console
  instant (*now)();                          ///< the monotonic clock
  void (*in_turn)();                         ///< once in each turn of the loop: watchdog and the like
  void (*sleep_until)(instant then);         ///< until an interrupt or then
  void (*failed)(const char* what);          ///< the program is wrong; doesn't return
  store::eeprom* session_chip = nullptr;     ///< for the TLS session; null: it ends with the power
  std::size_t (*stack_used)() = nullptr;     ///< bytes of stack that were used at most; null: that isn't known
  effort_function effort_spent = nullptr;    ///< for measuring what each rung takes; null: it isn't said
};

/// Runs the application that the image is made for until it has ended; why, if nobody had asked for that.
fault run(const image_configuration& image, const hardware& on);

}  // namespace recado::firmware
