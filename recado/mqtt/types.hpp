// The small words of MQTT: version, quality of service, packet types, and the names of a packet's fields.
#pragma once

#include <cstdint>
#include <string_view>

#include <recado/core/phrase.hpp>

namespace recado::mqtt {

/// The protocol level as CONNECT carries it (3.1.2.2 of both standards).
enum class version : std::uint8_t { v3_1_1 = 4, v5_0 = 5 };

/// False in a build with RECADO_MQTT_ONLY_3_1_1 defined for everything that includes these headers: nothing of 5.0 is
/// linked then, and `session::connect` refuses it.
#if defined(RECADO_MQTT_ONLY_3_1_1)
inline constexpr bool has_version_5 = false;
#else
inline constexpr bool has_version_5 = true;
#endif
/// True for 5.0 where the build knows it.
constexpr bool is_v5(version which) { return has_version_5 && which == version::v5_0; }

/// Quality of service (4.3 of both standards).
enum class qos : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

/// Who sent a packet: what is allowed differs.
enum class sender : std::uint8_t { client, server };

/// The packet types by their number in the fixed header (table 2-1). `auth` exists in 5.0 only.
enum class packet_type : std::uint8_t {
  connect = 1,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  pingreq,
  pingresp,
  disconnect,
  auth,
};

/// The part of a packet that an error points at. Values below 0x80 are property identifiers (`property`).
enum class field : std::uint8_t {
  none = 0,
  packet_type = 0x80,
  flags,
  remaining_length,
  protocol_name,
  protocol_version,
  connect_flags,
  keep_alive,
  properties,
  client_identifier,
  will_properties,
  will_topic,
  will_payload,
  user_name,
  password,
  acknowledge_flags,
  reason_code,
  topic_name,
  packet_identifier,
  payload,
  topic_filter,
  subscription_options,
  duplicate,
  qos,
  retain,
  clean_start,
  will_qos,
  will_retain,
  session_present,
};

/// "MQTT 5.0" or "MQTT 3.1.1".
std::string_view words(version value);
/// The name in the standard's capitals: "PUBLISH". Empty for values outside the table.
phrase words(packet_type value);
/// The standard's words: "packet identifier"; of a property its name.
phrase words(field value);

}  // namespace recado::mqtt
