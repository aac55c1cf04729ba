// Every property of MQTT 5.0 once (2.2.2), its values and lists of them.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/sequence.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// How a property's value stands on the wire (1.5).
enum class property_kind : std::uint8_t { octet, u16, u32, variable, text, binary, pair };

/// Which values of its kind a property allows.
enum class property_rule : std::uint8_t { any, zero_or_one, not_zero, topic };

/// Where a property may stand: one bit for each packet type, and bit 0 for the will within CONNECT.
namespace property_in {
constexpr std::uint16_t bit(packet_type type) { return static_cast<std::uint16_t>(1U << static_cast<unsigned>(type)); }
inline constexpr std::uint16_t will = 1, connect = bit(packet_type::connect), connack = bit(packet_type::connack),
                               publish = bit(packet_type::publish), puback = bit(packet_type::puback),
                               pubrec = bit(packet_type::pubrec), pubrel = bit(packet_type::pubrel),
                               pubcomp = bit(packet_type::pubcomp), subscribe = bit(packet_type::subscribe),
                               suback = bit(packet_type::suback), unsubscribe = bit(packet_type::unsubscribe),
                               unsuback = bit(packet_type::unsuback), disconnect = bit(packet_type::disconnect),
                               auth = bit(packet_type::auth);
inline constexpr std::uint16_t message = publish | will;
inline constexpr std::uint16_t outcome =
    connack | puback | pubrec | pubrel | pubcomp | suback | unsuback | disconnect | auth;
inline constexpr std::uint16_t everywhere = outcome | connect | message | subscribe | unsubscribe;
}  // namespace property_in

// name, identifier, kind, packets that may carry it (table 2-4), allowed values, the standard's name
#define RECADO_MQTT_PROPERTIES(X)                                                                               \
  X(payload_format_indicator, 0x01, octet, message, zero_or_one, "Payload Format Indicator")                    \
  X(message_expiry_interval, 0x02, u32, message, any, "Message Expiry Interval")                                \
  X(content_type, 0x03, text, message, any, "Content Type")                                                     \
  X(response_topic, 0x08, text, message, topic, "Response Topic")                                               \
  X(correlation_data, 0x09, binary, message, any, "Correlation Data")                                           \
  X(subscription_identifier, 0x0b, variable, publish | subscribe, not_zero, "Subscription Identifier")          \
  X(session_expiry_interval, 0x11, u32, connect | connack | disconnect, any, "Session Expiry Interval")         \
  X(assigned_client_identifier, 0x12, text, connack, any, "Assigned Client Identifier")                         \
  X(server_keep_alive, 0x13, u16, connack, any, "Server Keep Alive")                                            \
  X(authentication_method, 0x15, text, connect | connack | auth, any, "Authentication Method")                  \
  X(authentication_data, 0x16, binary, connect | connack | auth, any, "Authentication Data")                    \
  X(request_problem_information, 0x17, octet, connect, zero_or_one, "Request Problem Information")              \
  X(will_delay_interval, 0x18, u32, will, any, "Will Delay Interval")                                           \
  X(request_response_information, 0x19, octet, connect, zero_or_one, "Request Response Information")            \
  X(response_information, 0x1a, text, connack, any, "Response Information")                                     \
  X(server_reference, 0x1c, text, connack | disconnect, any, "Server Reference")                                \
  X(reason_string, 0x1f, text, outcome, any, "Reason String")                                                   \
  X(receive_maximum, 0x21, u16, connect | connack, not_zero, "Receive Maximum")                                 \
  X(topic_alias_maximum, 0x22, u16, connect | connack, any, "Topic Alias Maximum")                              \
  X(topic_alias, 0x23, u16, publish, not_zero, "Topic Alias")                                                   \
  X(maximum_qos, 0x24, octet, connack, zero_or_one, "Maximum QoS")                                              \
  X(retain_available, 0x25, octet, connack, zero_or_one, "Retain Available")                                    \
  X(user_property, 0x26, pair, everywhere, any, "User Property")                                                \
  X(maximum_packet_size, 0x27, u32, connect | connack, not_zero, "Maximum Packet Size")                         \
  X(wildcard_subscription_available, 0x28, octet, connack, zero_or_one, "Wildcard Subscription Available")      \
  X(subscription_identifiers_available, 0x29, octet, connack, zero_or_one, "Subscription Identifier Available") \
  X(shared_subscription_available, 0x2a, octet, connack, zero_or_one, "Shared Subscription Available")

/// The property identifiers.
enum class property : std::uint8_t {
#define RECADO_MQTT_PROPERTY_ENUMERATOR(name, identifier, kind, packets, rule, text) name = identifier,
  RECADO_MQTT_PROPERTIES(RECADO_MQTT_PROPERTY_ENUMERATOR)
#undef RECADO_MQTT_PROPERTY_ENUMERATOR
};
inline constexpr std::uint8_t property_identifier_max = 0x2a;  ///< the highest identifier of table 2-4

/// What the codec knows about one property; `packets` is 0 for an identifier that doesn't exist.
struct property_traits {
  std::uint16_t packets = 0;  ///< bits of `property_in`
  property_kind kind{};       ///< how its value stands on the wire
  property_rule rule{};       ///< which values are allowed
};
/// The traits of any identifier, also of one from the wire.
property_traits traits_of(std::uint32_t identifier);
/// The traits of a property.
inline property_traits traits_of(property id) { return traits_of(static_cast<std::uint32_t>(id)); }
/// The standard's name: "Message Expiry Interval"; empty for an identifier that doesn't exist.
phrase words(property id);

/// One property with its value: `number` for the numeric kinds, `text` for strings and binary data (any
/// bytes), `name` and `text` for a user property. Text is borrowed.
struct property_value {
  property id{};             ///< which
  std::uint32_t number = 0;  ///< the value of a number
  std::string_view name;     ///< of a user property
  std::string_view text;     ///< the value of a text, of binary data, of a user property

  /// No property.
  constexpr property_value() = default;
  /// A number.
  template <std::integral T>
  constexpr property_value(property which, T value) : id(which), number(static_cast<std::uint32_t>(value)) {}
  /// A text.
  constexpr property_value(property which, std::string_view value) : id(which), text(value) {}
  /// A text.
  constexpr property_value(property which, const char* value) : id(which), text(value) {}
  /// Binary data.
  property_value(property which, bytes value) : id(which), text(as_text(value)) {}
  /// A user property.
  constexpr property_value(std::string_view key, std::string_view value)
      : id(property::user_property), name(key), text(value) {}

  /// The value of binary data.
  bytes binary() const { return as_bytes(text); }
  /// Member by member.
  constexpr bool operator==(const property_value&) const = default;
};

template <>
struct wire_item<property_value> {
  static std::size_t size(const property_value& value);
  static void write(encode_walker& out, const property_value& value);
  static const std::byte* read(const std::byte* at, const std::byte* end, property_value& value);
};

/// The properties of a packet in their order: the caller's values, or validated bytes of a received packet.
class properties : public sequence<property_value> {
 public:
  using sequence::sequence;
  /// None.
  constexpr properties() = default;
  /// Of a list.
  constexpr properties(const sequence<property_value>& list) : sequence(list) {}

  /// This list, which has nothing behind it yet, with `rest` behind it, which must outlive the result.
  properties followed_by(const properties& rest) const;
  /// How many bytes its values take on the wire; more than `remaining_length_max` if they don't fit a packet or one
  /// holds a string of more than `string_bytes_max`.
  std::size_t wire_size() const;
  /// Writes its values to `at`, where `wire_size()` bytes are free; returns the end.
  std::byte* write(std::byte* at) const;
  /// The first property of that kind. Costs a walk over the ones before it; nothing on an empty list.
  std::optional<property_value> find(property id) const;
  /// The value of a numeric property, or `absent` (the standard's default) if it isn't there.
  std::uint32_t number(property id, std::uint32_t absent = 0) const {
    if constexpr (has_version_5) return find_number(id, absent);
    else return absent;
  }
  /// The value of a string or binary property; empty if it isn't there.
  std::string_view text(property id) const {
    if constexpr (has_version_5) return find_text(id);
    else return {};
  }
  /// True if it is there.
  bool has(property id) const { return has_version_5 && !empty() && find(id).has_value(); }

 private:
  std::uint32_t find_number(property id, std::uint32_t absent) const;
  std::string_view find_text(property id) const;
};

}  // namespace recado::mqtt
