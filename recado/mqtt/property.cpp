#include <recado/mqtt/property.hpp>

#include <array>

#include <recado/mqtt/codec.hpp>

namespace recado::mqtt {

// The lists are read where the names of the places are nearer than those of the packets.
namespace property_in {
namespace {
struct table {
  std::array<property_traits, property_identifier_max + 1> rows{};
  constexpr table() {
    using enum property_kind;
    using enum property_rule;
#define RECADO_MQTT_PROPERTY_ROW(name, identifier, kind, packets, rule, words) \
  rows[identifier] = {static_cast<std::uint16_t>(packets), kind, rule};
    RECADO_MQTT_PROPERTIES(RECADO_MQTT_PROPERTY_ROW)
#undef RECADO_MQTT_PROPERTY_ROW
  }
};
constexpr table all;
}  // namespace
}  // namespace property_in

namespace {
using enum property_kind;
using enum property_rule;

constexpr std::size_t too_long = std::size_t{remaining_length_max} + 1;

std::size_t text_size(std::string_view value) { return value.size() > string_bytes_max ? too_long : 2 + value.size(); }

std::size_t number_size(property_kind kind) { return kind == octet ? 1 : kind == u16 ? 2 : 4; }

/// Reads a big-endian number of 1, 2 or 4 bytes.
std::uint32_t read_number(const std::byte* at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | std::to_integer<std::uint32_t>(at[i]);
  return value;
}

/// Reads a string of at most [at, end); `end` null if it doesn't fit.
const std::byte* read_string(const std::byte* at, const std::byte* end, std::string_view& value) {
  if (at == nullptr || end - at < 2) return nullptr;
  const std::size_t length = read_u16(at);
  if (static_cast<std::size_t>(end - at) - 2 < length) return nullptr;
  value = as_text({at + 2, length});
  return at + 2 + length;
}

/// Reads a property's value behind its identifier; null if the bytes end too early or the number is ill-formed.
const std::byte* read_value(const std::byte* at, const std::byte* end, property_kind kind, property_value& value) {
  if (kind == text || kind == binary) return read_string(at, end, value.text);
  if (kind == pair) return read_string(read_string(at, end, value.name), end, value.text);
  if (kind == variable) {
    const variable_integer number = read_variable(at, end);
    value.number = number.value;
    return number.size == 0 || number.size > 4 || !number.minimal ? nullptr : at + number.size;
  }
  const std::size_t size = number_size(kind);
  if (static_cast<std::size_t>(end - at) < size) return nullptr;
  value.number = read_number(at, size);
  return at + size;
}

error check_string(std::string_view value, text_rule rule, bool trusted) {
  return trusted || plain_text(value, rule) ? error::none : check_text(value, rule);
}

/// What the standard says about the values themselves.
error check_value(const property_value& value, property_traits traits, bool trusted) {
  if (traits.rule == zero_or_one && value.number > 1) return error::bad_property_value;
  if (traits.rule == not_zero && value.number == 0)
    return value.id == property::topic_alias ? error::bad_topic_alias : error::bad_property_value;
  if (traits.rule == topic && value.text.empty()) return error::bad_topic_name;
  if (traits.kind == pair)
    if (const error code = check_string(value.name, text_rule::well_formed, trusted); code != error::none) return code;
  if (traits.kind != text && traits.kind != pair) return error::none;
  return check_string(value.text, traits.rule == topic ? text_rule::topic_name : text_rule::well_formed, trusted);
}

/// What only one side may send: a subscription identifier on PUBLISH comes from the server [MQTT-3.3.4-6], a
/// session expiry interval on DISCONNECT from the client [MQTT-3.14.2-2].
bool forbidden(property id, std::uint16_t where, sender from) {
  return (id == property::subscription_identifier && where == property_in::publish && from == sender::client) ||
         (id == property::session_expiry_interval && where == property_in::disconnect && from == sender::server);
}

constexpr std::uint64_t bit(property id) { return std::uint64_t{1} << static_cast<unsigned>(id); }

/// Validates one property; `seen` has a bit for each identifier that came before.
taken take_property(const std::byte* at, const std::byte* end, reading how, std::uint16_t where, std::uint64_t& seen) {
  const auto identifier = std::to_integer<std::uint8_t>(*at);
  const property_traits traits = traits_of(identifier);
  const auto name = traits.packets != 0 ? static_cast<field>(identifier) : field::properties;
  if (traits.packets == 0) return {at, error::unknown_property, name};
  if ((traits.packets & where) == 0) return {at, error::misplaced_property, name};
  property_value value{static_cast<property>(identifier), 0U};
  if (forbidden(value.id, where, how.from)) return {at, error::forbidden_property, name};
  const bool repeats = value.id == property::user_property ||
                       (value.id == property::subscription_identifier && where == property_in::publish);
  if ((seen & bit(value.id)) != 0 && !repeats) return {at, error::duplicated_property, name};
  seen |= bit(value.id);
  const std::byte* const after = read_value(at + 1, end, traits.kind, value);
  if (after == nullptr) return {at, error::truncated, name};
  if (const error code = check_value(value, traits, how.trusted); code != error::none) return {at, code, name};
  return {after};
}
}  // namespace

property_traits traits_of(std::uint32_t identifier) {
  return identifier <= property_identifier_max ? property_in::all.rows[identifier] : property_traits{};
}

std::size_t wire_item<property_value>::size(const property_value& value) {
  const property_kind kind = traits_of(value.id).kind;
  if (kind == text || kind == binary) return 1 + text_size(value.text);
  if (kind == pair) return 1 + text_size(value.name) + text_size(value.text);
  return 1 + (kind == variable ? variable_size(value.number) : number_size(kind));
}

std::byte* wire_item<property_value>::write(std::byte* at, const property_value& value) {
  const property_kind kind = traits_of(value.id).kind;
  *at++ = static_cast<std::byte>(value.id);
  if (kind == pair) at = write_text(at, value.name);
  if (kind == text || kind == binary || kind == pair) return write_text(at, value.text);
  if (kind == variable) return write_variable(at, value.number);
  const std::size_t size = number_size(kind);
  for (std::size_t i = size; i-- > 0;) *at++ = static_cast<std::byte>(value.number >> (8 * i));
  return at;
}

const std::byte* wire_item<property_value>::read(const std::byte* at, const std::byte* end, property_value& value) {
  value = property_value{static_cast<property>(*at), 0U};
  const std::byte* const after = read_value(at + 1, end, traits_of(value.id).kind, value);
  return after == nullptr ? end : after;
}

taken take_properties(const std::byte* at, const std::byte* end, reading how, std::uint16_t where, properties& result) {
  const variable_integer length = read_variable(at, end);
  if (length.size == 0) return {at, error::incomplete, field::properties};
  if (length.size > 4 || !length.minimal) return {at, error::bad_variable_byte_integer, field::properties};
  const std::byte* const first = at + length.size;
  if (static_cast<std::size_t>(end - first) < length.value) return {at, error::incomplete, field::properties};
  const std::byte* const last = first + length.value;
  std::uint64_t seen = 0;
  for (at = first; at != last;) {
    const taken part = take_property(at, last, how, where, seen);
    if (part.code != error::none) return part;
    at = part.end;
  }
  // Authentication data needs its method (3.1.2.11.10).
  if ((seen & bit(property::authentication_data)) != 0 && (seen & bit(property::authentication_method)) == 0)
    return {first, error::missing_authentication_method, static_cast<field>(property::authentication_method)};
  result = sequence<property_value>::of_wire({first, last});
  return {last};
}

std::optional<property_value> properties::find(property id) const {
  for (auto at = begin(); at != end(); ++at)
    if (at->id == id) return *at;
  return std::nullopt;
}

std::uint32_t properties::find_number(property id, std::uint32_t absent) const {
  const auto value = find(id);
  return value ? value->number : absent;
}

std::string_view properties::find_text(property id) const {
  const auto value = find(id);
  return value ? value->text : std::string_view{};
}

}  // namespace recado::mqtt
