// PUBLISH.
#pragma once

#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/mqtt/property.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// PUBLISH (3.3).
struct publish {
  bool duplicate = false;                   ///< DUP: never with QoS 0 [MQTT-3.3.1-2]
  mqtt::qos qos = mqtt::qos::at_most_once;  ///< of this delivery (4.3)
  bool retain = false;                      ///< to be kept for later subscribers, or kept for us (3.3.1.3)
  std::uint16_t packet_identifier = 0;      ///< only with QoS 1 and 2 [MQTT-2.2.1-2]
  std::string_view topic;                   ///< empty only with a topic alias (5.0)
  mqtt::properties properties;              ///< empty in 3.1.1
  bytes payload;                            ///< as far as it is there, in place
  /// How many bytes of the payload aren't in `payload`: they follow on the wire.
  std::uint32_t payload_rest = 0;

  static constexpr packet_type type = packet_type::publish;  ///< its number in the fixed header (table 2-1)
  /// True for the types of packets that this struct stands for.
  static constexpr bool is(packet_type other) { return other == type; }
  /// The flags of the fixed header (2.1.3).
  constexpr std::uint8_t flags() const {
    return static_cast<std::uint8_t>((duplicate ? 8U : 0) | static_cast<unsigned>(qos) << 1 | (retain ? 1U : 0));
  }
  /// True for the first byte of a PUBLISH with any flags that [MQTT-3.3.1-2] and [MQTT-3.3.1-4] leave.
  static constexpr bool is_usual(unsigned first) { return first >> 4 == 3 && (0x3c3fU >> (first & 15) & 1) != 0; }
  /// Begins anew with what the fixed header of a received packet says.
  constexpr void set_header(packet_type, std::uint8_t value) {
    duplicate = (value & 8) != 0;
    qos = static_cast<mqtt::qos>(value >> 1 & 3);
    retain = (value & 1) != 0;
    packet_identifier = 0, properties.clear();
  }
  /// Compares contents.
  bool operator==(const publish& other) const {
    return duplicate == other.duplicate && qos == other.qos && retain == other.retain &&
           packet_identifier == other.packet_identifier && topic == other.topic && properties == other.properties &&
           equal(payload, other.payload) && payload_rest == other.payload_rest;
  }

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk.publish_flags(self);
    walk.topic(field::topic_name, self.topic);
    if (self.qos != mqtt::qos::at_most_once) walk.identifier(self.packet_identifier);
    walk.properties(field::properties, self.properties, property_in::publish);
    // An empty topic needs an alias (3.3.2.1), which only 5.0 has [MQTT-4.7.3-1].
    walk.require([&] { return !self.topic.empty() || walk.carries(self.properties, property::topic_alias); },
                 error::empty_topic, field::topic_name);
    walk.payload(self.payload, self.payload_rest);
  }
};

}  // namespace recado::mqtt
