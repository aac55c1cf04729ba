// What the application asks a session for: a connection, messages, subscriptions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/core/instant.hpp>
#include <recado/mqtt/authenticator.hpp>
#include <recado/mqtt/explainer.hpp>
#include <recado/mqtt/packet_connect.hpp>
#include <recado/mqtt/packet_subscribe.hpp>
#include <recado/mqtt/property.hpp>
#include <recado/mqtt/reason.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// The application's name for a command whose answer comes later. `packet_identifier` is that on the wire and unique
/// among the commands that wait; 0 for a QoS 0 message, which has no answer.
struct token {
  std::uint16_t packet_identifier = 0;  ///< 0: none
  /// True if an answer follows.
  constexpr explicit operator bool() const { return packet_identifier != 0; }
  /// True for the same command.
  constexpr bool operator==(const token&) const = default;
};

/// Names a received message of QoS 1 or 2 until it is acknowledged; empty where nothing has to be.
struct receipt {
  std::uint32_t number = 0;  ///< 0: none
  /// True if it is to be acknowledged.
  constexpr explicit operator bool() const { return number != 0; }
  /// True for the same message.
  constexpr bool operator==(const receipt&) const = default;
};

/// A message to publish. Everything is borrowed for the length of the call only.
struct message {
  std::string_view topic{};  ///< 1 to 65,535 bytes of UTF-8 without wildcards; empty only with `topic_alias`
  bytes payload{};           ///< up to what the transmit log has room for; see `payload_from_source`
  mqtt::qos qos = mqtt::qos::at_most_once;  ///< with which it is published
  bool retain = false;                      ///< the server keeps it for new subscribers
  /// If not 0, `payload` is empty and that many bytes are asked for piece by piece: event `wants_payload`, command
  /// `supply`. A resend asks again from offset 0.
  std::uint32_t payload_from_source = 0;
  /// Yours; comes back in `acknowledged` and `wants_payload`.
  std::uint32_t tag = 0;
  /// A Topic Alias by hand, only with QoS 0 and `automatic_topic_aliases` off; 0 for none.
  std::uint16_t topic_alias = 0;
  /// Payload Format Indicator, Message Expiry Interval, Content Type, Response Topic, Correlation Data and User
  /// Properties, sent in this order; 5.0 only.
  mqtt::properties properties{};
};

/// What to do with messages in flight when the server no longer knows the session (Session Present 0).
enum class lost_session : std::uint8_t {
  /// Publish again, as new messages in the old order, those whose bytes are still here: nothing is lost, but one of
  /// QoS 2 that the old session had received without our knowing may arrive twice.
  publish_again,
  /// Report each as `acknowledged` with `outcome::session_lost` and forget it: the application decides.
  report,
};

/// When PUBACK and PUBREC are sent for what is received.
enum class acknowledge_when : std::uint8_t {
  at_once,   ///< with the event
  deferred,  ///< when `acknowledge` is called; in the order of arrival whatever the order of the calls (§4.6)
};

/// What CONNECT says, and how the session behaves. Borrowed until `connect` returns.
struct connect_options {
  mqtt::version version = mqtt::version::v5_0;  ///< what is spoken
  std::string_view client_identifier{};  ///< empty: the server assigns one (5.0), or `clean_start` must be set (3.1.1)
  /// Accepts a server that assigns none to who gave none, although that breaks [MQTT-3.2.2-16]: for who needs no name.
  bool may_stay_nameless = false;
  bool clean_start = true;                      ///< forget any older session on both sides (3.1.1: Clean Session)
  std::uint16_t keep_alive_s = 60;              ///< 0 turns it off; the server may choose another (5.0)
  std::optional<std::string_view> user_name{};  ///< none by default
  std::optional<bytes> password{};              ///< none by default; any bytes
  std::optional<mqtt::will> will{};             ///< published by the server if the connection ends without a DISCONNECT

  // 5.0 only
  std::uint32_t session_expiry_s = 0;                       ///< how long the server keeps the session after the end
  std::uint16_t receive_maximum = 0;                        ///< 0: what the tables have room for
  std::uint32_t maximum_packet_size = 0;                    ///< 0: no limit, as long payloads arrive in pieces
  bool request_response_information = false;                ///< ask for Response Information
  bool request_problem_information = true;                  ///< let the server say more about failures
  std::optional<std::string_view> authentication_method{};  ///< makes the server answer with `challenge`s
  std::optional<bytes> authentication_data{};               ///< what the method says first
  /// Does the exchanges of the connection by itself instead (§4.12), for example `scram_sha_256`: there are no
  /// `challenge`s then, and the two options above stay empty. Borrowed until the next `connect`.
  mqtt::authenticator* authenticator = nullptr;
  /// Says what goes with the answers to PUBLISH, PUBREC and PUBREL; nullptr: nothing does. Borrowed likewise.
  mqtt::explainer* explainer = nullptr;
  mqtt::properties user_properties{};  ///< in their order

  // this side
  acknowledge_when acknowledge = acknowledge_when::at_once;      ///< when PUBACK and PUBREC leave
  lost_session when_session_lost = lost_session::publish_again;  ///< see there
  bool automatic_topic_aliases = true;  ///< for QoS 0, as far as the server and `memory.outgoing_aliases` allow
  /// From `opened` to the server's CONNACK, and to `connected` where that waits to know which session the server has.
  duration connect_timeout = std::chrono::seconds{30};
  duration ping_timeout = std::chrono::seconds{10};  ///< for PINGRESP, or any other sign of life
};

/// What SUBSCRIBE carries beside its filters; 5.0 only.
struct subscribe_properties {
  std::uint32_t subscription_identifier = 0;  ///< 1 to 268,435,455; comes with each matching message; 0 for none
  mqtt::properties user_properties{};         ///< in their order
};

/// How to say goodbye (§3.14); 3.1.1 says nothing but that.
struct disconnect_options {
  mqtt::reason reason = mqtt::reason::normal_disconnection;  ///< `disconnect_with_will_message`: publish the will
  /// Session Expiry Interval (a new value only if CONNECT's wasn't 0, §3.14.2.2.2), Reason String, User Properties.
  mqtt::properties properties{};
};

}  // namespace recado::mqtt
