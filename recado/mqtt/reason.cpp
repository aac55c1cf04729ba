#include <recado/mqtt/reason.hpp>

#include <array>
#include <utility>

#include <recado/mqtt/codec.hpp>

namespace recado::mqtt {

// The lists are read where the names of the places are nearer than those of the packets.
namespace reason_in {
namespace {
struct row {
  std::uint8_t value;
  std::uint16_t packets;
};
constexpr row rows[] = {
#define RECADO_MQTT_REASON_ROW(name, value, packets, words) {value, packets},
    RECADO_MQTT_REASONS(RECADO_MQTT_REASON_ROW)
#undef RECADO_MQTT_REASON_ROW
};

std::uint16_t place(packet_type type, sender from) {
  switch (type) {
    case packet_type::connack:
      return connack;
    case packet_type::puback:
      return puback;
    case packet_type::pubrec:
      return pubrec;
    case packet_type::pubrel:
      return pubrel;
    case packet_type::pubcomp:
      return pubcomp;
    case packet_type::suback:
      return suback;
    case packet_type::unsuback:
      return unsuback;
    case packet_type::disconnect:
      return from == sender::client ? disconnect_by_client : disconnect_by_server;
    case packet_type::auth:
      return from == sender::client ? auth_by_client : auth_by_server;
    default:
      return 0;
  }
}

}  // namespace
}  // namespace reason_in

namespace {
// The return codes 1 to 5 of 3.1.1 (table 3.1) as reason codes.
constexpr reason return_codes[] = {reason::success,
                                   reason::unsupported_protocol_version,
                                   reason::client_identifier_not_valid,
                                   reason::server_unavailable,
                                   reason::bad_user_name_or_password,
                                   reason::not_authorized};
}  // namespace

bool allowed(reason code, packet_type type, sender from) {
  const std::uint16_t wanted = reason_in::place(type, from);
  for (const reason_in::row& one : reason_in::rows)
    if (one.value == static_cast<std::uint8_t>(code)) return (one.packets & wanted) != 0;  // [MQTT-3.4.2-1]
  return false;
}

bool allowed(reason code, packet_type type, reading how) {
  if (has_version_5 && how.v5) return allowed(code, type, how.from);
  // 3.1.1 has codes only in SUBACK [MQTT311-3.9.3-2]; those of CONNACK are read apart.
  return static_cast<std::uint8_t>(code) <= 2 || code == reason::unspecified_error;
}

reason to_reason(connect_return_code code) { return return_codes[static_cast<std::uint8_t>(code)]; }

connect_return_code to_return_code(reason code) {
  for (std::uint8_t i = 0; i < std::size(return_codes); ++i)
    if (return_codes[i] == code) return static_cast<connect_return_code>(i);
  return connect_return_code::server_unavailable;
}

}  // namespace recado::mqtt
