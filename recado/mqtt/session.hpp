// One MQTT session, 5.0 or 3.1.1, over any stream: the face that applications and conductors use.
//
// The session is a stream machine (recado/wire/machine.hpp): a driver feeds it what arrives and sends what is
// pending. The application calls the commands below at any time between two calls of the driver. A message is
// encoded once, straight into the transmit log that goes to the wire; those of QoS 1 and 2 stay there until they are
// acknowledged, so a resend costs no second copy. What is received is decoded in place.
//
// A connection: `connect` (says what to send), `opened`, then events: `connected`, messages and acknowledgements,
// and at last one `closed`, after which the driver flushes what is pending and closes the stream. If the stream breaks
// instead, the driver calls `lost` and no `closed` follows. Either way the session's state stays: the next `connect`
// resumes it. One thread at a time; no call blocks, allocates, throws or reads a clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include <recado/mqtt/announcements.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/mqtt/event.hpp>
#include <recado/mqtt/memory.hpp>
#include <recado/mqtt/options.hpp>
#include <recado/wire/machine.hpp>

namespace recado::mqtt {

class session {
 public:
  using event = session_event;

  /// The memory must outlive the session and be used by nobody else.
  explicit session(const memory& given);
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  // The shape; see recado/wire/machine.hpp.
  void opened(instant now);
  void lost(fault why, instant now);
  std::optional<event> receive(bytes& in, instant now);
  bytes pending(instant now);
  void sent(std::size_t n);
  instant deadline() const;

  /// Says how to connect; CONNECT leaves with the next `opened`. Not while a connection is open. With `clean_start`
  /// the server forgets the session, and what is in flight is treated as `when_session_lost` says.
  /// Errors: `already_connected`, `no_room`, `needs_version_5`, and what is not valid in the options.
  std::expected<void, error> connect(const connect_options& options);

  /// Publishes; the bytes leave with `pending`. With QoS 1 or 2 `acknowledged` follows. Errors that pass by
  /// themselves: `no_room` (until bytes are sent or acknowledged), `receive_maximum_reached` and `flight_table_full`
  /// (until an exchange is done), `payload_pending` (until a long message is sent), `not_connected`. Others say what
  /// is not valid, or what the server's announcements forbid; nothing was sent then.
  std::expected<token, error> publish(const message& what);
  /// The next bytes of the message that `wants_payload` asked for, from that offset on; may be called several times.
  /// Returns how many were taken. Errors: `no_payload_wanted`, `not_connected`.
  std::expected<std::size_t, error> supply(bytes payload);

  /// Subscribes to up to 65,535 filters in one packet; `subscribed` follows. Errors as for `publish`.
  std::expected<token, error> subscribe(std::span<const subscription> filters, const subscribe_properties& more = {});
  /// Ends subscriptions by their filters exactly as they were made; `unsubscribed` follows. Errors as for `publish`.
  std::expected<token, error> unsubscribe(std::span<const std::string_view> filters,
                                          const properties& user_properties = {});

  /// Acknowledges a message received while acknowledgements are deferred. With 5.0 a failure as `code` tells the
  /// server that the message was refused (not the sender's QoS: no one sends it again). Errors: `unknown_receipt`
  /// (acknowledged before, or from an earlier connection: the server sends the message again), `bad_reason_code`.
  std::expected<void, error> acknowledge(receipt what, reason code = reason::success);

  /// The next step of an authentication exchange, after `challenge`. Errors: `authentication_not_expected`, `no_room`.
  std::expected<void, error> authenticate(bytes data, const properties& user_properties = {});
  /// Starts a re-authentication with the method of CONNECT; `challenge` or `authenticated` follow (§4.12.1).
  std::expected<void, error> reauthenticate(bytes data, const properties& user_properties = {});

  /// Says goodbye behind what is pending; `closed` follows at once. In the middle of a long message there is no
  /// goodbye: the stream is closed, and the server publishes the will. Errors: `not_connected`, `no_room`.
  std::expected<void, error> disconnect(const disconnect_options& options = {});

  /// True between `connected` and the end of the connection: commands are possible.
  bool online() const;
  /// The server's announcements; the standard's defaults before `connected`.
  const announcements& announced() const;
  mqtt::version version() const;
  /// How many exchanges wait for their answer (QoS 1 and 2, SUBSCRIBE, UNSUBSCRIBE).
  std::size_t in_flight() const;
  /// How many messages of QoS 1 or 2 may be published now, by the server's Receive Maximum and the flight table.
  std::size_t quota() const;
  /// How many bytes of a packet may be appended now at most; more may be possible once what is pending is sent.
  std::size_t room() const;
};

static_assert(stream_machine<session>);

}  // namespace recado::mqtt
