// CONNECT, CONNACK, DISCONNECT, AUTH, PINGREQ and PINGRESP.
#pragma once

#include <optional>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/mqtt/property.hpp>
#include <recado/mqtt/reason.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// The message that the server publishes when the connection ends badly (3.1.2.5).
struct will {
  std::string_view topic;                   ///< where it is published; without wildcards
  bytes payload;                            ///< at most 65,535 bytes
  mqtt::qos qos = mqtt::qos::at_most_once;  ///< of its publication
  bool retain = false;                      ///< of its publication
  mqtt::properties properties;              ///< empty in 3.1.1
  /// Compares contents.
  bool operator==(const will& other) const {
    return topic == other.topic && equal(payload, other.payload) && qos == other.qos && retain == other.retain &&
           properties == other.properties;
  }
};

/// Optional binary data with a comparison by content.
struct optional_bytes {
  bytes data;            ///< borrowed
  bool present = false;  ///< an empty value is not the same as none
  /// None.
  constexpr optional_bytes() = default;
  /// That value, even if it is empty.
  constexpr optional_bytes(bytes value) : data(value), present(true) {}
  /// True if there is a value.
  constexpr explicit operator bool() const { return present; }
  /// Compares contents.
  bool operator==(const optional_bytes& other) const { return present == other.present && equal(data, other.data); }
};

/// CONNECT (3.1). `protocol` is the version that the connection will have.
struct connect {
  version protocol = version::v5_0;  ///< decides which fields there are
  bool clean_start = true;           ///< Clean Session in 3.1.1
  std::uint16_t keep_alive_s = 60;   ///< seconds of silence that the client will not exceed; 0: no limit
  mqtt::properties properties;       ///< empty in 3.1.1
  /// May be empty: the server then assigns one (5.0), or keeps no session (3.1.1).
  std::string_view client_identifier;
  std::optional<mqtt::will> will;             ///< published by the server when the connection ends badly
  std::optional<std::string_view> user_name;  ///< none if it isn't there
  optional_bytes password;                    ///< none if it isn't there; wiped by nobody, as it is borrowed

  static constexpr packet_type type = packet_type::connect;  ///< its number in the fixed header (table 2-1)
  /// True for the types of packets that this struct stands for.
  static constexpr bool is(packet_type other) { return other == type; }
  /// The flags of the fixed header (2.1.3).
  constexpr std::uint8_t flags() const { return 0; }
  /// Begins anew with what the fixed header of a received packet says.
  constexpr void set_header(packet_type, std::uint8_t) { *this = {}; }
  bool operator==(const connect&) const = default;  ///< Member by member.

  /// The connect flags (3.1.2.3) as their byte.
  constexpr std::uint8_t connect_flags() const {
    unsigned value = clean_start ? 2 : 0;
    if (will) value |= 4U | static_cast<unsigned>(will->qos) << 3 | (will->retain ? 32U : 0);
    return static_cast<std::uint8_t>(value | (password ? 64U : 0) | (user_name ? 128U : 0));
  }
  /// Takes them apart; false if they contradict each other [MQTT-3.1.2-3] [MQTT-3.1.2-11] [MQTT-3.1.2-12]
  /// [MQTT-3.1.2-13], in 3.1.1 also if there is a password without a user name [MQTT311-3.1.2-22].
  constexpr bool set_connect_flags(std::uint8_t value) {
    const unsigned will_qos = value >> 3 & 3U;
    if ((value & 1) != 0 || will_qos == 3 || ((value & 4) == 0 && (value & 56) != 0)) return false;
    if (protocol == version::v3_1_1 && (value & 0xc0) == 0x40) return false;
    clean_start = (value & 2) != 0;
    if ((value & 4) != 0) will.emplace();
    if ((value & 4) != 0) will->qos = static_cast<mqtt::qos>(will_qos), will->retain = (value & 32) != 0;
    if ((value & 128) != 0) user_name.emplace();
    password.present = (value & 64) != 0;
    return true;
  }

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk.protocol_name();
    walk.protocol_version(self.protocol);
    walk.connect_flags(self);
    walk(field::keep_alive, self.keep_alive_s);
    walk.properties(field::properties, self.properties, property_in::connect);
    walk.text(field::client_identifier, self.client_identifier);
    // A server can't know who comes back to a session without a name [MQTT311-3.1.3-7].
    walk.require([&] { return walk.v5() || self.clean_start || !self.client_identifier.empty(); },
                 error::bad_client_identifier, field::client_identifier);
    if (self.will) {
      walk.properties(field::will_properties, self.will->properties, property_in::will);
      walk.topic(field::will_topic, self.will->topic);
      walk.require([&] { return !self.will->topic.empty(); }, error::bad_topic_name, field::will_topic);
      walk.binary(field::will_payload, self.will->payload);
    }
    if (self.user_name) walk.text(field::user_name, *self.user_name);
    if (self.password) walk.secret(field::password, self.password.data);
  }
};

/// CONNACK (3.2). In 3.1.1 the reason stands for the return code (`to_return_code`).
struct connack {
  bool session_present = false;                 ///< the server has kept a session (3.2.2.1.1)
  mqtt::reason reason = mqtt::reason::success;  ///< success, or why the server refuses
  mqtt::properties properties;                  ///< empty in 3.1.1

  static constexpr packet_type type = packet_type::connack;  ///< its number in the fixed header (table 2-1)
  /// True for the types of packets that this struct stands for.
  static constexpr bool is(packet_type other) { return other == type; }
  /// The flags of the fixed header (2.1.3).
  constexpr std::uint8_t flags() const { return 0; }
  /// Begins anew with what the fixed header of a received packet says.
  constexpr void set_header(packet_type, std::uint8_t) { *this = {}; }
  bool operator==(const connack&) const = default;  ///< Member by member.

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk.flag_octet(field::acknowledge_flags, field::session_present, self.session_present);  // [MQTT-3.2.2-1]
    walk.connect_reason(self.reason);
    // [MQTT-3.2.2-6]; [MQTT311-3.2.2-4]
    walk.require([&] { return self.reason == mqtt::reason::success || !self.session_present; },
                 error::session_present_with_refusal, field::session_present);
    walk.properties(field::properties, self.properties, property_in::connack);
  }
};

/// DISCONNECT (3.14). In 3.1.1 only a client sends it, without any field.
struct disconnect {
  mqtt::reason reason = mqtt::reason::normal_disconnection;  ///< why the connection ends
  mqtt::properties properties;                               ///< empty in 3.1.1

  static constexpr packet_type type = packet_type::disconnect;  ///< its number in the fixed header (table 2-1)
  /// True for the types of packets that this struct stands for.
  static constexpr bool is(packet_type other) { return other == type; }
  /// The flags of the fixed header (2.1.3).
  constexpr std::uint8_t flags() const { return 0; }
  /// Begins anew with what the fixed header of a received packet says.
  constexpr void set_header(packet_type, std::uint8_t) { *this = {}; }
  bool operator==(const disconnect&) const = default;  ///< Member by member.

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    if (!walk.v5()) return;
    const bool quiet = self.properties.empty();
    if (walk.ends(quiet && self.reason == mqtt::reason::success)) return;
    walk.reason(self.reason, type);
    if (walk.ends(quiet)) return;  // a Remaining Length below 2 means no properties (3.14.2.2.1)
    walk.properties(field::properties, self.properties, property_in::disconnect);
  }
};

/// AUTH (3.15), 5.0 only.
struct auth {
  mqtt::reason reason = mqtt::reason::success;  ///< success, continue_authentication or re_authenticate
  mqtt::properties properties;                  ///< empty in 3.1.1

  static constexpr packet_type type = packet_type::auth;  ///< its number in the fixed header (table 2-1)
  /// True for the types of packets that this struct stands for.
  static constexpr bool is(packet_type other) { return other == type; }
  /// The flags of the fixed header (2.1.3).
  constexpr std::uint8_t flags() const { return 0; }
  /// Begins anew with what the fixed header of a received packet says.
  constexpr void set_header(packet_type, std::uint8_t) { *this = {}; }
  bool operator==(const auth&) const = default;  ///< Member by member.

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    if (walk.ends(self.reason == mqtt::reason::success && self.properties.empty())) return;
    walk.reason(self.reason, type);
    walk.properties(field::properties, self.properties, property_in::auth);
    // Every AUTH with fields names the method (3.15.2.2.2).
    walk.require([&] { return walk.carries(self.properties, property::authentication_method); },
                 error::missing_authentication_method, static_cast<field>(property::authentication_method));
  }
};

/// PINGREQ or PINGRESP (3.12, 3.13): nothing but its type.
struct ping {
  packet_type type = packet_type::pingreq;  ///< pingreq or pingresp

  /// True for the types of packets that this struct stands for.
  static constexpr bool is(packet_type other) {
    return other == packet_type::pingreq || other == packet_type::pingresp;
  }
  /// The flags of the fixed header (2.1.3).
  constexpr std::uint8_t flags() const { return 0; }
  /// Begins anew with what the fixed header of a received packet says.
  constexpr void set_header(packet_type received, std::uint8_t) { type = received; }
  bool operator==(const ping&) const = default;  ///< Member by member.
  /// Nothing: there are no fields.
  static constexpr void fields(auto&, auto&) {}
};

}  // namespace recado::mqtt
