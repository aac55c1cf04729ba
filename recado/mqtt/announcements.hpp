// What the server announces in CONNACK (§3.2.2.3), and what it therefore forbids.
#pragma once

#include <cstdint>

#include <recado/mqtt/error.hpp>
#include <recado/mqtt/limits.hpp>
#include <recado/mqtt/options.hpp>

namespace recado::mqtt {

/// The server's limits for this connection, with the standard's defaults where it says nothing.
struct announcements {
  mqtt::qos maximum_qos = mqtt::qos::exactly_once;          ///< of what may be published
  bool retain_available = true;                             ///< retained messages are kept
  bool wildcard_subscription_available = true;              ///< filters may have + and #
  bool subscription_identifiers_available = true;           ///< subscriptions may have identifiers
  bool shared_subscription_available = true;                ///< filters may begin with $share/
  std::uint16_t receive_maximum = receive_maximum_default;  ///< messages of QoS 1 and 2 in flight to the server
  std::uint16_t topic_alias_maximum = 0;                    ///< aliases that the server takes
  std::uint16_t keep_alive_s = 0;                           ///< in force: the server's, or else what CONNECT asked for
  std::uint32_t maximum_packet_size = packet_bytes_max;     ///< bytes of a packet that the server takes
  std::uint32_t session_expiry_s = 0;                       ///< in force: the server's, or else what CONNECT asked for
};

/// What the announcements forbid about a message or a subscription; `error::none` if nothing.
inline error forbidden(const announcements& server, const message& what) {
  if (what.qos > server.maximum_qos) return error::qos_not_available;                    // [MQTT-3.2.2-11]
  if (what.retain && !server.retain_available) return error::retain_not_available;       // [MQTT-3.2.2-14]
  if (what.topic_alias > server.topic_alias_maximum) return error::alias_not_available;  // [MQTT-3.3.2-9]
  return error::none;
}
/// The same about a subscription; identifier 0: none.
error forbidden(const announcements& server, const subscription& what, std::uint32_t subscription_identifier);

}  // namespace recado::mqtt
