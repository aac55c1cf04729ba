#include <recado/mqtt/property.hpp>

#include <algorithm>
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

std::size_t number_size(property_kind kind) {
  static_assert(static_cast<int>(octet) == 0 && static_cast<int>(u16) == 1 && static_cast<int>(u32) == 2);
  return std::size_t{1} << static_cast<unsigned>(kind);
}

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

/// What only one side may send: a subscription identifier on PUBLISH comes from the server [MQTT-3.3.4-6], a
/// session expiry interval on DISCONNECT from the client [MQTT-3.14.2-2].
bool forbidden(property id, std::uint16_t where, sender from) {
  return (id == property::subscription_identifier && where == property_in::publish && from == sender::client) ||
         (id == property::session_expiry_interval && where == property_in::disconnect && from == sender::server);
}
}  // namespace

error property_places::take(property id) {
  const std::uint16_t packets = traits_of(id).packets;
  if (packets == 0) return error::unknown_property;
  if ((packets & where_) == 0) return error::misplaced_property;
  if (forbidden(id, where_, from_)) return error::forbidden_property;
  const bool repeats =
      id == property::user_property || (id == property::subscription_identifier && where_ == property_in::publish);
  if (had(id) && !repeats) return error::duplicated_property;
  const auto identifier = static_cast<unsigned>(id);
  had_[identifier / 32] |= 1U << identifier % 32;
  return error::none;
}

error check_value(const property_value& value, bool trusted) {
  const property_traits traits = traits_of(value.id);
  if (traits.rule == zero_or_one && value.number > 1) return error::bad_property_value;
  if (traits.rule == not_zero && value.number == 0)
    return value.id == property::topic_alias ? error::bad_topic_alias : error::bad_property_value;
  if (traits.rule == topic && value.text.empty()) return error::bad_topic_name;
  if (trusted || (traits.kind != text && traits.kind != pair)) return error::none;
  if (const error code = check_text(value.name, text_rule::well_formed); code != error::none) return code;
  return check_text(value.text, traits.rule == topic ? text_rule::topic_name : text_rule::well_formed);
}

property_traits traits_of(std::uint32_t identifier) {
  return identifier <= property_identifier_max ? property_in::all.rows[identifier] : property_traits{};
}

std::size_t wire_item<property_value>::size(const property_value& value) {
  return properties{std::span{&value, 1}}.wire_size();
}

void wire_item<property_value>::write(encode_walker& out, const property_value& value) {
  const property_kind kind = traits_of(value.id).kind;
  out.number(static_cast<std::uint8_t>(value.id), 1);
  if (kind == pair) out.text(field::properties, value.name);
  if (kind == text || kind == binary || kind == pair) out.text(field::properties, value.text);
  else if (kind == variable) out.variable(value.number);
  else out.number(value.number, number_size(kind));
}

const std::byte* wire_item<property_value>::read(const std::byte* at, const std::byte* end, property_value& value) {
  value = property_value{static_cast<property>(*at), 0U};
  const std::byte* const after = read_value(at + 1, end, traits_of(value.id).kind, value);
  return after == nullptr ? end : after;
}

void decode_walker::properties(field where, mqtt::properties& list, std::uint16_t place) {
  if (!v5() || !has(1, where)) return;
  const variable_integer length = read_variable(at_, end_);
  if (length.size > 4 || (length.size != 0 && !length.minimal))
    return fail(error::bad_variable_byte_integer, field::properties, at_);
  const std::byte* const first = at_ + length.size;
  if (length.size == 0 || static_cast<std::size_t>(end_ - first) < length.value)
    return fail(missing_ != 0 ? error::incomplete : error::truncated, field::properties, at_);
  const std::byte* const last = first + length.value;
  property_places places{place, how_.from};
  for (at_ = first; at_ != last;) {
    const error wrong = take_property(last, places);
    if (wrong != error::none)
      return fail(wrong, wrong == error::unknown_property ? field::properties : static_cast<field>(*at_), at_);
  }
  // Authentication data needs its method (3.1.2.11.10).
  if (places.had(property::authentication_data) && !places.had(property::authentication_method))
    return fail(error::missing_authentication_method, static_cast<field>(property::authentication_method), first);
  list = sequence<property_value>::of_wire({first, last});
}

// The one that begins here and ends before `last`; stays in front of it if it is wrong.
error decode_walker::take_property(const std::byte* last, property_places& places) {
  property_value value{static_cast<property>(*at_), 0U};
  if (const error wrong = places.take(value.id); wrong != error::none) return wrong;
  const std::byte* const after = read_value(at_ + 1, last, traits_of(value.id).kind, value);
  if (after == nullptr) return error::truncated;
  const error wrong = check_value(value, how_.trusted);
  if (wrong == error::none) at_ = after;
  return wrong;
}

std::size_t properties::wire_size() const {
  encode_walker walk{version::v5_0};
  walk.list(field::properties, *this);
  return walk.string_too_long() ? remaining_length_max + 1 : walk.size();
}

std::byte* properties::write(std::byte* at) const {
  encode_walker walk{version::v5_0};
  walk.write_to(at);
  walk.list(field::properties, *this);
  return at + walk.size();
}

properties properties::followed_by(const properties& rest) const {
  if (empty()) return rest;
  properties result = *this;
  result.append(rest);
  return result;
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
