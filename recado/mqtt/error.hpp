// What can go wrong in MQTT: the peer's packets, the caller's arguments, the connection.
#pragma once

#include <cstdint>
#include <string_view>

#include <recado/core/fault.hpp>
#include <recado/core/phrase.hpp>
#include <recado/mqtt/reason.hpp>
#include <recado/mqtt/session_error.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

// name, the reason code that the standard wants in DISCONNECT (success: none), the cause, the remedy
#define RECADO_MQTT_PEER_ERRORS(X)                                                                                  \
  X(truncated, malformed_packet, "a field runs past the end of the packet", broken_peer)                            \
  X(surplus_bytes, malformed_packet, "bytes are left over behind the last field", broken_peer)                      \
  X(unknown_packet_type, malformed_packet, "the packet type doesn't exist in this version", broken_peer)            \
  X(unexpected_packet, protocol_error, "this packet may not be sent by this side", broken_peer)                     \
  X(reserved_flags, malformed_packet, "reserved bits have a forbidden value", broken_peer)                          \
  X(bad_variable_byte_integer, malformed_packet, "a variable byte integer is too long or not minimal", broken_peer) \
  X(packet_too_large, packet_too_large, "the packet is larger than this side allows",                               \
    "raise the maximum packet size, or send smaller messages")                                                      \
  X(bad_qos, malformed_packet, "the QoS is 3", broken_peer)                                                         \
  X(duplicate_with_qos_0, protocol_error, "DUP is set on a QoS 0 message", broken_peer)                             \
  X(bad_utf8, malformed_packet, "a string isn't well-formed UTF-8", broken_peer)                                    \
  X(null_character, malformed_packet, "a string contains U+0000", broken_peer)                                      \
  X(bad_topic_name, topic_name_invalid, "a topic name contains a wildcard or is empty", broken_peer)                \
  X(bad_topic_filter, topic_filter_invalid, "a topic filter is not valid", broken_peer)                             \
  X(empty_topic, protocol_error, "the topic is empty and there is no topic alias", broken_peer)                     \
  X(packet_identifier_zero, protocol_error, "the packet identifier is 0", broken_peer)                              \
  X(unknown_property, malformed_packet, "the property identifier doesn't exist", broken_peer)                       \
  X(misplaced_property, malformed_packet, "the property may not stand in this packet", broken_peer)                 \
  X(forbidden_property, protocol_error, "the property may not be sent by this side", broken_peer)                   \
  X(duplicated_property, protocol_error, "the property appears more than once", broken_peer)                        \
  X(bad_property_value, protocol_error, "the property has a forbidden value", broken_peer)                          \
  X(bad_topic_alias, topic_alias_invalid, "the topic alias is 0 or beyond the maximum", broken_peer)                \
  X(missing_authentication_method, protocol_error, "authentication data comes without a method", broken_peer)       \
  X(bad_reason_code, protocol_error, "the reason code may not stand in this packet", broken_peer)                   \
  X(no_reason_codes, protocol_error, "the acknowledgement carries no reason code", broken_peer)                     \
  X(session_present_with_refusal, protocol_error, "a refused connection claims a present session", broken_peer)     \
  X(no_topic_filters, protocol_error, "the request carries no topic filter", broken_peer)                           \
  X(bad_subscription_options, malformed_packet, "the subscription options have a forbidden value", broken_peer)     \
  X(shared_no_local, protocol_error, "no local is set on a shared subscription", broken_peer)                       \
  X(bad_protocol_name, unsupported_protocol_version, "the protocol name isn't MQTT", broken_peer)                   \
  X(bad_protocol_version, unsupported_protocol_version, "the protocol version isn't 4 or 5", broken_peer)           \
  X(bad_connect_flags, malformed_packet, "the connect flags contradict each other", broken_peer)                    \
  X(bad_client_identifier, client_identifier_not_valid, "an empty client identifier needs a clean session",         \
    broken_peer)                                                                                                    \
  X(payload_not_utf8, payload_format_invalid, "the payload isn't the UTF-8 text that it claims to be",              \
    "send UTF-8, or leave the payload format indicator out")

// What the caller asked for and can't be had; returned by commands, never sent to the peer.
#define RECADO_MQTT_CALLER_ERRORS(X)                                                                                  \
  X(no_room, success, "the buffer has no room for the packet", "send what is pending first, or give a larger buffer") \
  X(string_too_long, success, "a string is longer than 65,535 bytes", "shorten the text")                             \
  X(message_too_large, success, "the packet would be longer than MQTT can say (268,435,455 bytes)",                   \
    "split the message")                                                                                              \
  X(incomplete, success, "the packet hasn't arrived as far as it is needed", "wait for more bytes")

/// The session's own errors are appended to the two lists of the codec.
#define RECADO_MQTT_ERRORS(X) \
  RECADO_MQTT_PEER_ERRORS(X)  \
  RECADO_MQTT_CALLER_ERRORS(X) RECADO_MQTT_SESSION_PEER_ERRORS(X) RECADO_MQTT_SESSION_CALLER_ERRORS(X)

/// What went wrong. As a fault of layer `mqtt`, `detail` of a peer's error is `defect::detail()`.
enum class error : std::uint16_t {
  none = 0,
#define RECADO_MQTT_ERROR_ENUMERATOR(name, answer, cause, remedy) name,
  RECADO_MQTT_ERRORS(RECADO_MQTT_ERROR_ENUMERATOR)
#undef RECADO_MQTT_ERROR_ENUMERATOR
};
constexpr layer layer_of(error) { return layer::mqtt; }

/// The cause as half a sentence.
phrase words(error code);
/// What the user can do about it.
phrase remedy(error code);
/// The reason code for the DISCONNECT (4.13 and the rule that was broken); `success` if none is sent.
reason answer_to(error code);

/// A defect in a packet: what, in which field, and how many bytes from the packet's first byte.
struct [[nodiscard]] defect {
  error code = error::none;   ///< what is wrong
  field where = field::none;  ///< in which field
  std::uint32_t offset = 0;   ///< bytes from the packet's first

  /// True if there is one.
  constexpr explicit operator bool() const { return code != error::none; }
  /// Member by member.
  constexpr bool operator==(const defect&) const = default;
  /// Field (8 bits) and offset (24 bits, saturating) as the detail of a fault.
  constexpr std::uint32_t detail() const {
    return static_cast<std::uint32_t>(where) << 24 | (offset < 0xff'ffff ? offset : 0xff'ffff);
  }
  /// The reverse of `detail()`.
  static constexpr defect from(const fault& what) {
    return {static_cast<error>(what.code), static_cast<field>(what.detail >> 24), what.detail & 0xff'ffff};
  }
  /// As a fault of layer `mqtt`.
  constexpr operator fault() const { return make_fault(code, detail()); }
};

}  // namespace recado::mqtt
