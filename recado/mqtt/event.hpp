// What a session tells the application. What an event points to lives until the next `receive` or `lost`.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include <recado/core/bytes.hpp>
#include <recado/core/fault.hpp>
#include <recado/mqtt/options.hpp>
#include <recado/mqtt/property.hpp>
#include <recado/mqtt/reason.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// The server accepted the connection; its announcements are in `session::announced()`.
struct connected {
  bool session_present = false;  ///< the server still had the session: its subscriptions hold
  /// With a session that is present: the answer to an earlier CONNECT was never heard, so it may have begun then. What
  /// is in flight and was received is right all the same (unless the server left PUBREC unanswered, against
  /// MQTT-4.3.3-4), but subscriptions have to be made again. There may be no properties.
  bool in_doubt = false;
  /// The client identifier in force if the server assigned one, else empty: keep it to resume the session.
  std::string_view assigned_client_identifier{};
  mqtt::properties properties{};  ///< Response Information, Reason String, User Properties and so on
};

/// A message, whole. After one of QoS 1 or 2 and with deferred acknowledgement, `acknowledge(receipt)` is owed.
struct message_received {
  std::string_view topic{};                 ///< also where the server sent only an alias
  bytes payload{};                          ///< its content
  mqtt::qos qos = mqtt::qos::at_most_once;  ///< with which it comes
  bool retain = false;                      ///< it was kept by the server for new subscribers
  bool duplicate = false;                   ///< DUP: the server thinks that it may have sent this before (QoS 1)
  mqtt::receipt receipt{};                  ///< to acknowledge it by, where that is deferred
  bool payload_as_announced = true;         ///< false: Payload Format Indicator says UTF-8, but it isn't (§3.3.2.3.2)
  mqtt::properties properties{};            ///< with Subscription Identifiers, one for each subscription that matched
  std::uint16_t packet_identifier = 0;      ///< on the wire; 0 with QoS 0
};

/// The first of the events of a message larger than `memory::receive_size`. Parts follow, then `message_end` or
/// `message_aborted`; no other event comes between them but `closed`.
struct message_begin {
  std::string_view topic{};                 ///< its topic
  std::uint32_t payload_size = 0;           ///< bytes in all
  mqtt::qos qos = mqtt::qos::at_most_once;  ///< with which it comes
  bool retain = false;                      ///< it was kept by the server for new subscribers
  /// DUP: the server may have sent it before
  bool duplicate = false;
  mqtt::properties properties{};        ///< the packet's others, in their order
  std::uint16_t packet_identifier = 0;  ///< on the wire; 0 with QoS 0
};
/// The next bytes of the payload.
struct message_part {
  std::uint32_t offset = 0;  ///< of the first byte in the payload
  bytes payload{};           ///< its content
};
/// All parts have come. Only now is the message acknowledged, or `receipt` to be.
struct message_end {
  mqtt::receipt receipt{};           ///< to acknowledge it by, where that is deferred
  bool payload_as_announced = true;  ///< as in `message_received`
};
/// The connection ended within the message: forget its parts. It is not acknowledged, so QoS 1 and 2 come again.
struct message_aborted {};

/// How an exchange ended.
enum class outcome : std::uint8_t {
  answered,      ///< see the reason code
  session_lost,  ///< the server forgot the session, or the connection broke within SUBSCRIBE or UNSUBSCRIBE
};

/// A message of QoS 1 or 2 is done: it arrived, or the server refused it (`is_failure(reason)`).
struct acknowledged {
  mqtt::token token{};                              ///< of the command
  std::uint32_t tag = 0;                            ///< the message's
  mqtt::qos qos = mqtt::qos::at_least_once;         ///< the message's
  mqtt::reason reason = mqtt::reason::success;      ///< the server's answer
  mqtt::outcome outcome = mqtt::outcome::answered;  ///< whether the server answered
  mqtt::properties properties{};                    ///< Reason String, User Properties
};

/// A PUBREC, PUBREL or PUBCOMP that leaves its exchange of QoS 2 going on, but says more than success: a reason code
/// (No matching subscribers), Reason String, User Properties. There is nothing to do; `acknowledged` follows as ever.
struct remark {
  packet_type packet{};                         ///< which
  std::uint16_t packet_identifier = 0;          ///< on the wire
  mqtt::token token{};                          ///< of the command, where it is about a message to the server
  std::uint32_t tag = 0;                        ///< that message's
  mqtt::reason reason = mqtt::reason::success;  ///< what the server says
  mqtt::properties properties{};                ///< Reason String, User Properties
};

/// The codes of a SUBACK or UNSUBACK, one for each filter in its order. UNSUBACK of 3.1.1 has none: all succeeded.
struct subscribed {
  mqtt::token token{};                              ///< of the command
  std::span<const reason> reasons{};                ///< one for each filter
  mqtt::outcome outcome = mqtt::outcome::answered;  ///< whether the server answered
  mqtt::properties properties{};                    ///< the packet's others, in their order
};
/// See `subscribed`.
struct unsubscribed {
  mqtt::token token{};                              ///< of the command
  std::span<const reason> reasons{};                ///< one for each filter
  mqtt::outcome outcome = mqtt::outcome::answered;  ///< whether the server answered
  mqtt::properties properties{};                    ///< the packet's others, in their order
};

/// The next bytes of a payload from the application's source, from `offset`, up to `room` of them: `supply`.
struct wants_payload {
  mqtt::token token{};       ///< of the command
  std::uint32_t tag = 0;     ///< the message's
  std::uint32_t offset = 0;  ///< of the first byte in the payload
  std::uint32_t room = 0;    ///< bytes that are taken at most
};

/// A message of QoS 0 whose payload comes from the application's source was cut off by the end of the connection:
/// nobody asks for the rest any more. (Those of QoS 1 and 2 are asked for again, until they are `acknowledged`.) After
/// `closed` it is told when the next connection begins.
struct message_dropped {
  std::uint32_t tag = 0;  ///< the message's
};

/// The server asks for the next step of the authentication exchange (§4.12): answer with `authenticate`.
struct challenge {
  std::string_view method{};      ///< the Authentication Method
  bytes data{};                   ///< the method's, may be empty
  mqtt::properties properties{};  ///< the packet's others, in their order
};
/// The re-authentication that was asked for succeeded.
struct authenticated {
  bytes data{};                   ///< the method's, may be empty
  mqtt::properties properties{};  ///< the packet's others, in their order
};

/// The end of this connection, said once. `why` is empty after the application's own `disconnect`.
struct closed {
  fault why{};  ///< what happened
  /// The server's reason if it refused the connection or sent DISCONNECT (`by_server`), else the one that was sent.
  mqtt::reason reason = mqtt::reason::success;
  bool by_server = false;               ///< the server said why
  std::string_view reason_string{};     ///< the server's, empty if none
  std::string_view server_reference{};  ///< with `use_another_server` and `server_moved`: where to go
  mqtt::properties properties{};        ///< the packet's others, in their order
  /// What had come of the packet that was at fault, from its first byte on, and what followed; empty if none was.
  bytes packet{};
};

/// One of the above.
using session_event =
    std::variant<connected, message_received, message_begin, message_part, message_end, message_aborted, acknowledged,
                 remark, subscribed, unsubscribed, wants_payload, message_dropped, challenge, authenticated, closed>;

}  // namespace recado::mqtt
