// -D PACKET NAME VALUE, checked against the one table of properties.
#include <algorithm>
#include <array>
#include <charconv>

#include <recado/mqtt/check.hpp>
#include <recado/mqtt/limits.hpp>
#include <recado/mqtt/topic.hpp>

#include "../command.hpp"
#include "option.hpp"

namespace recado::app::tools {
namespace {

struct place {
  std::string_view name;
  std::uint16_t bit;
  property_list settings::*list;
  unsigned tools;
};
constexpr place places[] = {
    {"connect", mqtt::property_in::connect, &settings::connect, 7},
    {"publish", mqtt::property_in::publish, &settings::publish, 5},
    {"subscribe", mqtt::property_in::subscribe, &settings::subscribe, 6},
    {"unsubscribe", mqtt::property_in::unsubscribe, &settings::unsubscribe_properties, 2},
    {"will", mqtt::property_in::will, &settings::will, 7},
    {"disconnect", mqtt::property_in::disconnect, &settings::disconnect, 7},
};

std::string lower(std::string_view text, char blank = ' ') {
  std::string result{text};
  for (char& c : result) c = c == ' ' ? blank : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

/// "message-expiry-interval" for "Message Expiry Interval".
mqtt::property property_named(std::string_view name) {
  for (unsigned id = 1; id <= mqtt::property_identifier_max; ++id)
    if (mqtt::traits_of(id).packets != 0 && lower(words(static_cast<mqtt::property>(id)), '-') == lower(name))
      return static_cast<mqtt::property>(id);
  throw failure("MQTT has no property '" + std::string{name} + "'",
                "write its name with hyphens, such as message-expiry-interval");
}

const place& place_named(tool which, std::string_view name) {
  for (const place& each : places)
    if (each.name == lower(name) && (each.tools & static_cast<unsigned>(which)) != 0) return each;
  throw failure("-D does not take properties of '" + std::string{name} + "' here",
                which == tool::pub ? "name CONNECT, PUBLISH, WILL or DISCONNECT"
                                   : "name CONNECT, SUBSCRIBE, WILL or DISCONNECT; sub also UNSUBSCRIBE, rr PUBLISH");
}

std::uint32_t number_for(mqtt::property id, std::string_view value) {
  using kind = mqtt::property_kind;
  const mqtt::property_traits traits = mqtt::traits_of(id);
  const std::uint32_t most = traits.rule == mqtt::property_rule::zero_or_one ? 1
                             : traits.kind == kind::octet                    ? 0xff
                             : traits.kind == kind::u16                      ? 0xffff
                             : traits.kind == kind::variable                 ? mqtt::variable_byte_integer_max
                                                                             : 0xffff'ffff;
  const std::uint32_t least = traits.rule == mqtt::property_rule::not_zero ? 1 : 0;
  std::uint32_t result = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), result);
  if (code != std::errc{} || end != value.data() + value.size() || result < least || result > most)
    throw failure("'" + std::string{value} + "' is no " + std::string{words(id)},
                  "give a number from " + std::to_string(least) + " to " + std::to_string(most));
  return result;
}

void check_text(const std::string& text, std::string_view what) {
  if (text.size() > mqtt::string_bytes_max)
    throw failure(std::string{what} + " is longer than 65535 bytes", "shorten it");
  if (mqtt::check_text(text, mqtt::text_rule::well_formed) != mqtt::error::none)
    throw failure(std::string{what} + " is not well-formed UTF-8", "write it in UTF-8");
}

}  // namespace

mqtt::property_value owned_property::view() const {
  mqtt::property_value result{id, number};
  result.name = name, result.text = text;
  return result;
}

bool property_list::has(mqtt::property id) const {
  return std::ranges::any_of(values_, [&](const owned_property& each) { return each.id == id; });
}

std::uint32_t property_list::number(mqtt::property id) const {
  const auto found = std::ranges::find(values_, id, &owned_property::id);
  return found == values_.end() ? 0 : found->number;
}

std::size_t read_property(settings& to, std::span<const std::string_view> words_given) {
  if (words_given.size() < 3)
    throw failure("-D needs a packet, the name of a property and its value", "-D PUBLISH content-type text/plain");
  const place& where = place_named(to.which, words_given[0]);
  owned_property what;
  what.id = property_named(words_given[1]);
  const mqtt::property_traits traits = mqtt::traits_of(what.id);
  const std::string name{words(what.id)};
  if ((traits.packets & where.bit) == 0)
    throw failure(lower(name) + " does not belong in " + std::string{words_given[0]},
                  "see the manual for where it does");
  // [MQTT-3.3.4-6]
  if (what.id == mqtt::property::subscription_identifier && where.bit == mqtt::property_in::publish)
    throw failure("a subscription identifier belongs in PUBLISH only as the broker sends it", "leave it out");
  if (what.id != mqtt::property::user_property && (to.*where.list).has(what.id))
    throw failure(lower(name) + " is given twice for " + std::string{words_given[0]}, "give it once");
  std::size_t used = 3;
  if (traits.kind == mqtt::property_kind::pair) {
    if (words_given.size() < 4)
      throw failure("a user property needs a name and a value", "-D PUBLISH user-property a b");
    what.name = words_given[2], what.text = words_given[3], used = 4;
    check_text(what.name, "the user property's name"), check_text(what.text, "the user property's value");
  } else if (traits.kind == mqtt::property_kind::text) {
    what.text = words_given[2];
    check_text(what.text, name);
    if (what.id == mqtt::property::response_topic && !mqtt::check_topic_name(what.text))
      throw failure("'" + what.text + "' is not a valid response topic", "leave out + and #");
  } else if (traits.kind == mqtt::property_kind::binary) {
    what.text = words_given[2];
    if (what.text.size() > mqtt::string_bytes_max) throw failure(name + " is longer than 65535 bytes", "shorten it");
  } else {
    what.number = number_for(what.id, words_given[2]);
  }
  (to.*where.list).add(std::move(what));
  to.any_property = true;
  return used;
}

}  // namespace recado::app::tools
