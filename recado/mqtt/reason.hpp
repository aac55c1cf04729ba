// Every reason code of MQTT 5.0 once, and the return codes of 3.1.1.
#pragma once

#include <cstdint>
#include <string_view>

#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// Where a reason code may stand (table 2-6 and the "sent by" columns of §3.14.2.1 and §3.15.2.1).
namespace reason_in {
constexpr std::uint16_t bit(packet_type type) { return static_cast<std::uint16_t>(1U << static_cast<unsigned>(type)); }
/// A bit for each packet type; where it matters who sends it, the client's are those of types that carry no reason.
constexpr std::uint16_t place(packet_type type, sender from) {
  const bool apart = from == sender::client && type >= packet_type::disconnect;
  return apart ? static_cast<std::uint16_t>(bit(type) >> static_cast<unsigned>(packet_type::disconnect)) : bit(type);
}
inline constexpr std::uint16_t connack = bit(packet_type::connack), puback = bit(packet_type::puback),
                               pubrec = bit(packet_type::pubrec), pubrel = bit(packet_type::pubrel),
                               pubcomp = bit(packet_type::pubcomp), suback = bit(packet_type::suback),
                               unsuback = bit(packet_type::unsuback),
                               disconnect_by_client = place(packet_type::disconnect, sender::client),
                               disconnect_by_server = place(packet_type::disconnect, sender::server),
                               auth_by_client = place(packet_type::auth, sender::client),
                               auth_by_server = place(packet_type::auth, sender::server);
inline constexpr std::uint16_t disconnect = disconnect_by_client | disconnect_by_server;
inline constexpr std::uint16_t publish_answer = puback | pubrec;
inline constexpr std::uint16_t answer = connack | publish_answer | suback | unsuback;
}  // namespace reason_in

// name, value, packets that may carry it, the standard's words (§2.4 and the tables of each packet)
#define RECADO_MQTT_REASONS(X)                                                                                     \
  X(success, 0x00, connack | puback | pubrec | pubrel | pubcomp | suback | unsuback | disconnect | auth_by_server, \
    "Success")                                                                                                     \
  X(granted_qos_1, 0x01, suback, "Granted QoS 1")                                                                  \
  X(granted_qos_2, 0x02, suback, "Granted QoS 2")                                                                  \
  X(disconnect_with_will_message, 0x04, disconnect_by_client, "Disconnect with Will Message")                      \
  X(no_matching_subscribers, 0x10, publish_answer, "No matching subscribers")                                      \
  X(no_subscription_existed, 0x11, unsuback, "No subscription existed")                                            \
  X(continue_authentication, 0x18, auth_by_client | auth_by_server, "Continue authentication")                     \
  X(reauthenticate, 0x19, auth_by_client, "Re-authenticate")                                                       \
  X(unspecified_error, 0x80, answer | disconnect, "Unspecified error")                                             \
  X(malformed_packet, 0x81, connack | disconnect, "Malformed Packet")                                              \
  X(protocol_error, 0x82, connack | disconnect, "Protocol Error")                                                  \
  X(implementation_specific_error, 0x83, answer | disconnect, "Implementation specific error")                     \
  X(unsupported_protocol_version, 0x84, connack, "Unsupported Protocol Version")                                   \
  X(client_identifier_not_valid, 0x85, connack, "Client Identifier not valid")                                     \
  X(bad_user_name_or_password, 0x86, connack, "Bad User Name or Password")                                         \
  X(not_authorized, 0x87, answer | disconnect_by_server, "Not authorized")                                         \
  X(server_unavailable, 0x88, connack, "Server unavailable")                                                       \
  X(server_busy, 0x89, connack | disconnect_by_server, "Server busy")                                              \
  X(banned, 0x8a, connack, "Banned")                                                                               \
  X(server_shutting_down, 0x8b, disconnect_by_server, "Server shutting down")                                      \
  X(bad_authentication_method, 0x8c, connack | disconnect_by_server, "Bad authentication method")                  \
  X(keep_alive_timeout, 0x8d, disconnect_by_server, "Keep Alive timeout")                                          \
  X(session_taken_over, 0x8e, disconnect_by_server, "Session taken over")                                          \
  X(topic_filter_invalid, 0x8f, suback | unsuback | disconnect_by_server, "Topic Filter invalid")                  \
  X(topic_name_invalid, 0x90, connack | publish_answer | disconnect, "Topic Name invalid")                         \
  X(packet_identifier_in_use, 0x91, publish_answer | suback | unsuback, "Packet Identifier in use")                \
  X(packet_identifier_not_found, 0x92, pubrel | pubcomp, "Packet Identifier not found")                            \
  X(receive_maximum_exceeded, 0x93, disconnect, "Receive Maximum exceeded")                                        \
  X(topic_alias_invalid, 0x94, disconnect, "Topic Alias invalid")                                                  \
  X(packet_too_large, 0x95, connack | disconnect, "Packet too large")                                              \
  X(message_rate_too_high, 0x96, disconnect, "Message rate too high")                                              \
  X(quota_exceeded, 0x97, connack | publish_answer | suback | disconnect, "Quota exceeded")                        \
  X(administrative_action, 0x98, disconnect, "Administrative action")                                              \
  X(payload_format_invalid, 0x99, connack | publish_answer | disconnect, "Payload format invalid")                 \
  X(retain_not_supported, 0x9a, connack | disconnect_by_server, "Retain not supported")                            \
  X(qos_not_supported, 0x9b, connack | disconnect_by_server, "QoS not supported")                                  \
  X(use_another_server, 0x9c, connack | disconnect_by_server, "Use another server")                                \
  X(server_moved, 0x9d, connack | disconnect_by_server, "Server moved")                                            \
  X(shared_subscriptions_not_supported, 0x9e, suback | disconnect_by_server, "Shared Subscriptions not supported") \
  X(connection_rate_exceeded, 0x9f, connack | disconnect_by_server, "Connection rate exceeded")                    \
  X(maximum_connect_time, 0xa0, disconnect_by_server, "Maximum connect time")                                      \
  X(subscription_identifiers_not_supported, 0xa1, suback | disconnect_by_server,                                   \
    "Subscription Identifiers not supported")                                                                      \
  X(wildcard_subscriptions_not_supported, 0xa2, suback | disconnect_by_server, "Wildcard Subscriptions not supported")

/// A reason code of MQTT 5.0. Packets of 3.1.1 carry these too: the codec translates the return codes of its
/// CONNACK (see `connect_return_code`), and its SUBACK's values are the same.
enum class reason : std::uint8_t {
#define RECADO_MQTT_REASON_ENUMERATOR(name, value, packets, text) name = value,
  RECADO_MQTT_REASONS(RECADO_MQTT_REASON_ENUMERATOR)
#undef RECADO_MQTT_REASON_ENUMERATOR
  // 0x00 by its names in DISCONNECT and SUBACK
  normal_disconnection = success,
  granted_qos_0 = success,
};

/// True if it says that something failed (0x80 and above).
constexpr bool is_failure(reason code) { return static_cast<std::uint8_t>(code) >= 0x80; }

/// True if a `type` packet of MQTT 5.0 sent by `from` may carry the code [MQTT-3.2.2-8] [MQTT-3.4.2-1]
/// [MQTT-3.9.3-2] [MQTT-3.11.3-2] [MQTT-3.14.2-1] [MQTT-3.15.2-1].
bool allowed(reason code, packet_type type, sender from);

/// The standard's words: "Not authorized"; "unknown reason code" for values outside the list.
phrase words(reason code);
/// As above, with the names that 0x00 has in DISCONNECT ("Normal disconnection") and SUBACK ("Granted QoS 0").
phrase words(reason code, packet_type type);

/// The return codes of CONNACK in MQTT 3.1.1 (table 3.1).
enum class connect_return_code : std::uint8_t {
  connection_accepted = 0,
  unacceptable_protocol_version = 1,
  identifier_rejected = 2,
  server_unavailable = 3,
  bad_user_name_or_password = 4,
  not_authorized = 5,
};
std::string_view words(connect_return_code code);  ///< the standard's words

/// The 5.0 reason code with the same meaning as a 3.1.1 return code, which must be 0 to 5.
reason to_reason(connect_return_code code);
/// The reverse; a reason without a counterpart becomes `server_unavailable` (the only general refusal of 3.1.1).
connect_return_code to_return_code(reason code);

}  // namespace recado::mqtt
