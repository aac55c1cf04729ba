// What the device says on the public topic: a set in each language, and each text can be replaced alone.
#pragma once

#include <cstdint>
#include <string_view>

#include <recado/core/text.hpp>

namespace recado::device {

/// The languages that have a set: Spanish and English.
enum class text_language : std::uint8_t { es, en };

/// The texts. "{}" in those of the LEDs stands for the LED's number; the date is a format as of strftime.
struct text_set {
  std::string_view connected;     ///< when online
  std::string_view disconnected;  ///< as the goodbye and as the will
  std::string_view led_on;        ///< when a LED is switched on
  std::string_view led_off;       ///< when it is switched off
  std::string_view date;          ///< of date and time
};
/// Replacements; an empty one leaves the language's own.
using text_overrides = text_set;

/// The texts of a language with the replacements.
text_set texts_of(text_language language, const text_overrides& instead = {});
/// Writes a text with the LED's number in place of "{}".
void write_led_text(std::string_view text, unsigned led, text_sink& out);

}  // namespace recado::device
