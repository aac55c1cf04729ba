#include <recado/mqtt/packet_connect.hpp>

#include <recado/mqtt/verbs.hpp>

namespace recado::mqtt {

void decode_walker::protocol_name() {
  const std::byte* const at = at_;
  bytes name;
  binary(field::protocol_name, name);
  if (code_ == error::none && as_text(name) != "MQTT") fail(error::bad_protocol_name, field::protocol_name, at);
}

void decode_walker::protocol_version(version& value) {
  const std::byte* const at = at_;
  const unsigned level = octet(field::protocol_version);
  if (level != 4 && level != 5) return fail(error::bad_protocol_version, field::protocol_version, at);
  value = static_cast<version>(level);
  how_.v5 = is_v5(value);
}

void decode_walker::connect_flags(connect& self) {
  const std::byte* const at = at_;
  const unsigned flags = octet(field::connect_flags);
  if (!self.set_connect_flags(static_cast<std::uint8_t>(flags)))
    fail(error::bad_connect_flags, field::connect_flags, at);
}

void decode_walker::connect_reason(mqtt::reason& value) {
  if (v5()) return reason(value, packet_type::connack);
  const std::byte* const at = at_;
  const unsigned code = octet(field::reason_code);
  if (code > static_cast<unsigned>(connect_return_code::not_authorized))
    return fail(error::bad_reason_code, field::reason_code, at);
  value = to_reason(static_cast<connect_return_code>(code));
}

RECADO_MQTT_INSTANTIATE(connect);
RECADO_MQTT_INSTANTIATE(connack);
RECADO_MQTT_INSTANTIATE(disconnect);
RECADO_MQTT_INSTANTIATE(auth);
RECADO_MQTT_INSTANTIATE(ping);

}  // namespace recado::mqtt
