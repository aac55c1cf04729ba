#include <recado/mqtt/packet_subscribe.hpp>

#include <recado/mqtt/verbs.hpp>

namespace recado::mqtt {

namespace {
/// Takes a topic filter and checks it.
taken take_filter(const std::byte* at, const std::byte* end, reading how, std::string_view& filter) {
  if (end - at < 2 || end - at - 2 < read_u16(at)) return {at, error::incomplete, field::topic_filter};
  filter = as_text({at + 2, read_u16(at)});
  if (!how.trusted)
    if (const error wrong = topic_filter_error(filter, how.v5 ? version::v5_0 : version::v3_1_1); wrong != error::none)
      return {at, wrong, field::topic_filter};
  return {at + 2 + filter.size()};
}

/// Reserved bits, QoS 3 and Retain Handling 3 (3.8.3.1, [MQTT-3.8.3-5]; 3.1.1: all but the QoS is reserved).
bool valid_options(unsigned options, bool v5) {
  return (options & 3) != 3 && (v5 ? (options & 0xc0) == 0 && (options & 0x30) != 0x30 : options < 3);
}

void set_options(subscription& value, unsigned options) {
  value.qos = static_cast<qos>(options & 3);
  value.no_local = (options & 4) != 0;
  value.retain_as_published = (options & 8) != 0;
  value.retain_handling = static_cast<retain_handling>(options >> 4 & 3);
}
}  // namespace

taken take_item(const std::byte* at, const std::byte* end, reading how, std::string_view*) {
  std::string_view filter;
  return take_filter(at, end, how, filter);
}

taken take_item(const std::byte* at, const std::byte* end, reading how, subscription*) {
  std::string_view filter;
  const taken part = take_filter(at, end, how, filter);
  if (part.code != error::none) return part;
  if (part.end == end) return {part.end, error::incomplete, field::subscription_options};
  const auto options = std::to_integer<unsigned>(*part.end);
  if (!valid_options(options, how.v5)) return {part.end, error::bad_subscription_options, field::subscription_options};
  if (has_version_5 && how.v5 && (options & 4) != 0 && is_shared(filter))  // [MQTT-3.8.3-4]
    return {part.end, error::shared_no_local, field::subscription_options};
  return {part.end + 1};
}

void wire_item<std::string_view>::write(encode_walker& out, std::string_view value) {
  out.text(field::topic_filter, value);
}
const std::byte* wire_item<std::string_view>::read(const std::byte* at, const std::byte* end, std::string_view& value) {
  if (end - at < 2 || end - at - 2 < read_u16(at)) return end;
  value = as_text({at + 2, read_u16(at)});
  return at + 2 + value.size();
}

void wire_item<subscription>::write(encode_walker& out, const subscription& value) {
  out.text(field::topic_filter, value.filter);
  out.number(value.options(), 1);
}
const std::byte* wire_item<subscription>::read(const std::byte* at, const std::byte* end, subscription& value) {
  at = wire_item<std::string_view>::read(at, end, value.filter);
  if (at == end) return end;
  set_options(value, std::to_integer<unsigned>(*at));
  return at + 1;
}

void decode_walker::reasons(bytes& codes, packet_type type) {
  codes = {at_, static_cast<std::size_t>(end_ - at_)};
  if (codes.empty()) return fail(error::no_reason_codes, field::reason_code, at_);
  for (const std::byte& code : codes)
    if (!allowed(static_cast<mqtt::reason>(code), type, how_))
      return fail(error::bad_reason_code, field::reason_code, &code);
  at_ = end_;
}

RECADO_MQTT_INSTANTIATE(subscribe);
RECADO_MQTT_INSTANTIATE(unsubscribe);
RECADO_MQTT_INSTANTIATE(subscribe_acknowledgement);

}  // namespace recado::mqtt
