#include <recado/device/texts.hpp>

namespace recado::device {
namespace {

constexpr std::string_view date_format = "%a %d-%m-%Y - %H:%M:%S";

constexpr text_set spanish{"[PLACA CONECTADA]", "[PLACA DESCONECTADA]", "[LED {} ENCENDIDO]", "[LED {} APAGADO]",
                           date_format};
constexpr text_set english{"[BOARD CONNECTED]", "[BOARD DISCONNECTED]", "[LED {} ON]", "[LED {} OFF]", date_format};

constexpr void replace(std::string_view& text, std::string_view instead) {
  if (!instead.empty()) text = instead;
}

}  // namespace

text_set texts_of(text_language language, const text_overrides& instead) {
  text_set result = language == text_language::en ? english : spanish;
  replace(result.connected, instead.connected);
  replace(result.disconnected, instead.disconnected);
  replace(result.led_on, instead.led_on);
  replace(result.led_off, instead.led_off);
  replace(result.date, instead.date);
  return result;
}

void write_led_text(std::string_view text, unsigned led, text_sink& out) {
  const std::size_t place = text.find("{}");
  out << text.substr(0, place);
  if (place == std::string_view::npos) return;
  out.number(led);
  out << text.substr(place + 2);
}

}  // namespace recado::device
