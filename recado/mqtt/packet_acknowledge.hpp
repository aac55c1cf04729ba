// PUBACK, PUBREC, PUBREL and PUBCOMP.
#pragma once

#include <recado/mqtt/property.hpp>
#include <recado/mqtt/reason.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// PUBACK, PUBREC, PUBREL or PUBCOMP (3.4 to 3.7): alike but for their type. In 3.1.1 they carry only the
/// packet identifier.
struct acknowledgement {
  packet_type type = packet_type::puback;       ///< which of the four
  std::uint16_t packet_identifier = 0;          ///< 1 to 65,535 (2.2.1)
  mqtt::reason reason = mqtt::reason::success;  ///< what became of the message (5.0)
  mqtt::properties properties;                  ///< empty in 3.1.1

  /// True for the types of packets that this struct stands for.
  static constexpr bool is(packet_type other) { return other >= packet_type::puback && other <= packet_type::pubcomp; }
  /// The flags of the fixed header (2.1.3).
  constexpr std::uint8_t flags() const { return flags_of(type); }
  /// Those of one of the four types.
  static constexpr std::uint8_t flags_of(packet_type one) {
    return one == packet_type::pubrel ? 2 : 0;
  }  // [MQTT-3.6.1-1]
  /// True for the first byte of one of the four.
  static constexpr bool is_usual(unsigned first) {
    return first == 0x40 || first == 0x50 || first == 0x62 || first == 0x70;
  }
  /// Begins anew with what the fixed header of a received packet says.
  constexpr void set_header(packet_type received, std::uint8_t) {
    type = received, reason = mqtt::reason::success, properties.clear();
  }
  bool operator==(const acknowledgement&) const = default;  ///< Member by member.

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk.identifier(self.packet_identifier);
    if (!walk.v5()) return;
    const bool quiet = self.properties.empty();
    if (walk.ends(quiet && self.reason == mqtt::reason::success)) return;
    walk.reason(self.reason, self.type);
    if (walk.ends(quiet)) return;  // a Remaining Length below 4 means no properties (3.4.2.2.1)
    walk.properties(field::properties, self.properties, property_in::bit(self.type));
  }
};

}  // namespace recado::mqtt
