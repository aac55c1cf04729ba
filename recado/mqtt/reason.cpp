#include <recado/mqtt/reason.hpp>

#include <array>
#include <utility>

#include <recado/mqtt/codec.hpp>

namespace recado::mqtt {

// The lists are read where the names of the places are nearer than those of the packets.
namespace reason_in {
namespace {
// Side by side, since pairs of them would have a gap each.
constexpr std::uint8_t values[] = {
#define RECADO_MQTT_REASON_VALUE(name, value, packets, words) value,
    RECADO_MQTT_REASONS(RECADO_MQTT_REASON_VALUE)
#undef RECADO_MQTT_REASON_VALUE
};
constexpr std::uint16_t packets_of[] = {
#define RECADO_MQTT_REASON_PACKETS(name, value, packets, words) packets,
    RECADO_MQTT_REASONS(RECADO_MQTT_REASON_PACKETS)
#undef RECADO_MQTT_REASON_PACKETS
};

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
  for (std::size_t i = 0; i < std::size(reason_in::values); ++i)
    if (reason_in::values[i] == static_cast<std::uint8_t>(code))
      return (reason_in::packets_of[i] & wanted) != 0;  // [MQTT-3.4.2-1]
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
