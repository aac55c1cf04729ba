// SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK.
#pragma once

#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/mqtt/property.hpp>
#include <recado/mqtt/reason.hpp>
#include <recado/mqtt/sequence.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// Which retained messages a subscription brings (3.8.3.1), 5.0 only.
enum class retain_handling : std::uint8_t { send_at_subscribe = 0, send_if_new = 1, do_not_send = 2 };

/// One topic filter with its options (3.8.3.1). 3.1.1 has only the QoS.
struct subscription {
  std::string_view filter;                  ///< with wildcards and $share as they like (4.7, 4.8)
  mqtt::qos qos = mqtt::qos::at_most_once;  ///< the most that the server may use
  bool no_local = false;                    ///< never on a shared subscription [MQTT-3.8.3-4]
  bool retain_as_published = false;         ///< leave RETAIN as the publisher set it (3.8.3.1)
  /// What to send of retained messages.
  mqtt::retain_handling retain_handling = mqtt::retain_handling::send_at_subscribe;

  /// The subscription options as their byte (3.8.3.1).
  constexpr std::uint8_t options() const {
    return static_cast<std::uint8_t>(static_cast<unsigned>(qos) | (no_local ? 4U : 0) | (retain_as_published ? 8U : 0) |
                                     static_cast<unsigned>(retain_handling) << 4);
  }
  bool operator==(const subscription&) const = default;  ///< Member by member.
};

template <>
struct wire_item<subscription> {
  static void write(encode_walker& out, const subscription& value);
  static const std::byte* read(const std::byte* at, const std::byte* end, subscription& value);
};
template <>
struct wire_item<std::string_view> {
  static void write(encode_walker& out, std::string_view value);
  static const std::byte* read(const std::byte* at, const std::byte* end, std::string_view& value);
};

/// SUBSCRIBE (3.8).
struct subscribe {
  std::uint16_t packet_identifier = 0;   ///< 1 to 65,535 (2.2.1)
  mqtt::properties properties;           ///< empty in 3.1.1
  sequence<subscription> subscriptions;  ///< at least one [MQTT-3.8.3-2]

  static constexpr packet_type type = packet_type::subscribe;  ///< its number in the fixed header (table 2-1)
  /// True for the types of packets that this struct stands for.
  static constexpr bool is(packet_type other) { return other == type; }
  /// The flags of the fixed header (2.1.3).
  constexpr std::uint8_t flags() const { return 2; }  // [MQTT-3.8.1-1]
  /// Begins anew with what the fixed header of a received packet says.
  constexpr void set_header(packet_type, std::uint8_t) { *this = {}; }
  bool operator==(const subscribe&) const = default;  ///< Member by member.

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk.identifier(self.packet_identifier);
    walk.properties(field::properties, self.properties, property_in::subscribe);
    walk.list(field::topic_filter, self.subscriptions);
  }
};

/// UNSUBSCRIBE (3.10).
struct unsubscribe {
  std::uint16_t packet_identifier = 0;  ///< 1 to 65,535 (2.2.1)
  mqtt::properties properties;          ///< empty in 3.1.1
  sequence<std::string_view> filters;   ///< at least one [MQTT-3.10.3-2]

  static constexpr packet_type type = packet_type::unsubscribe;  ///< its number in the fixed header (table 2-1)
  /// True for the types of packets that this struct stands for.
  static constexpr bool is(packet_type other) { return other == type; }
  /// The flags of the fixed header (2.1.3).
  constexpr std::uint8_t flags() const { return 2; }  // [MQTT-3.10.1-1]
  /// Begins anew with what the fixed header of a received packet says.
  constexpr void set_header(packet_type, std::uint8_t) { *this = {}; }
  bool operator==(const unsubscribe&) const = default;  ///< Member by member.

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk.identifier(self.packet_identifier);
    walk.properties(field::properties, self.properties, property_in::unsubscribe);
    walk.list(field::topic_filter, self.filters);
  }
};

/// SUBACK or UNSUBACK (3.9, 3.11): one reason code for each filter, in order [MQTT-3.9.3-1] [MQTT-3.11.3-1].
/// The UNSUBACK of 3.1.1 has none.
struct subscribe_acknowledgement {
  packet_type type = packet_type::suback;  ///< suback or unsuback
  std::uint16_t packet_identifier = 0;     ///< 1 to 65,535 (2.2.1)
  mqtt::properties properties;             ///< empty in 3.1.1
  bytes reason_codes;                      ///< a byte for each filter, in their order; none in an UNSUBACK of 3.1.1

  /// True for the types of packets that this struct stands for.
  static constexpr bool is(packet_type other) { return other == packet_type::suback || other == packet_type::unsuback; }
  /// The flags of the fixed header (2.1.3).
  constexpr std::uint8_t flags() const { return 0; }
  /// Begins anew with what the fixed header of a received packet says.
  constexpr void set_header(packet_type received, std::uint8_t) { *this = {}, type = received; }
  /// The code of the filter with that index.
  constexpr mqtt::reason code(std::size_t index) const { return static_cast<mqtt::reason>(reason_codes[index]); }
  /// Compares contents.
  bool operator==(const subscribe_acknowledgement& other) const {
    return type == other.type && packet_identifier == other.packet_identifier && properties == other.properties &&
           equal(reason_codes, other.reason_codes);
  }

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk.identifier(self.packet_identifier);
    walk.properties(field::properties, self.properties, property_in::bit(self.type));
    if (walk.v5() || self.type == packet_type::suback) walk.reasons(self.reason_codes, self.type);
  }
};

}  // namespace recado::mqtt
