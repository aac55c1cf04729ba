// MQTT in a few calls: connect by URL, publish, subscribe, receive, request. For programs that may wait.
//
//   recado::client::blocking_client broker;
//   if (auto done = broker.connect("mqtts://user:secret@broker.example"); !done) return complain(done.error().line);
//   auto lamp = broker.subscribe("lamp/+", [](const recado::mqtt::message_received& what) { … });
//   auto sent = broker.publish("lamp/1", "on", recado::mqtt::qos::exactly_once);   // acknowledged when it returns
//
// **Thread rule.** Every call may come from any thread at any time, and from handlers. Handlers run in the client's
// own thread, one at a time; while one runs nothing else of this client moves, so that it should be short. In a
// handler nothing can be waited for: there `connect`, `disconnect`, `wait`, `receive`, `request`, `publish_pieces`,
// and `publish` with QoS 1 or 2 return `error::called_from_handler` and do nothing, while `start_publish`, `reply`,
// `publish` with QoS 0, `subscribe` and `unsubscribe` do their work without waiting. A handler must not throw. The
// client may be destroyed at any moment, in a handler too: calls that wait in other threads return `error::closed`.
// (As with any object, no call may *begin* after its destruction has begun.)
//
// **Losses.** Once connected, the client comes back by itself (`options::reconnect`), subscribes again if the server
// forgot the session, and sends what is in flight again: no message of QoS 1 or 2 is lost as long as the object lives.
// What is published meanwhile waits in the outbox (`options::outbox`), in its order and while its Message Expiry
// Interval counts down; the other calls wait for the connection, as long as their time allows. It does not come back
// where that would only repeat itself: wrong credentials, a refused certificate, a protocol error
// (recado/chain/prospect.hpp). Every time-out of a call means "unknown": what was asked for may still happen.
//
// **Cost.** Messages are encoded straight into the buffer that the wire reads from; many leave with one system call.
// A single message without TLS is sent by the call itself while the client's thread sleeps; that thread is woken only
// for what is left, or when messages follow one another closely. In steady state no call that sends or receives a
// message allocates.
#pragma once

#if __cplusplus <= 202002L
#error "recado needs C++23: compile with -std=c++23 (GCC 12, clang 19 or later)"
#endif

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <recado/chain/reconnect.hpp>
#include <recado/client/error.hpp>
#include <recado/client/message.hpp>
#include <recado/client/options.hpp>
#include <recado/mqtt/event.hpp>
#include <recado/mqtt/options.hpp>

namespace recado::client {

class engine;

/// Called with each message of a subscription; what it points to is valid until it returns.
using message_handler = std::function<void(const mqtt::message_received&)>;

/// Gives the bytes of a long payload from `offset` on: fills `out` from its front and returns how many, at least one.
/// Called in the client's own thread until the message is acknowledged; a resend begins again at offset 0. Returning
/// 0 ends the connection, since MQTT knows no way to take back half a message.
using payload_source = std::function<std::size_t(std::uint32_t offset, mutable_bytes out)>;

/// Names a message that was published without waiting.
struct [[nodiscard]] publication {
  std::uint64_t number = 0;  ///< 0: QoS 0, nothing to wait for
};

/// Names a subscription until `unsubscribe`.
struct subscription {
  std::uint64_t number = 0;                      ///< never used again
  mqtt::reason granted = mqtt::reason::success;  ///< the QoS that the server gave; unknown from within a handler
};

/// Where the connection is, and what went wrong last.
struct connection_status {
  chain::reconnect_state state = chain::reconnect_state::idle;  ///< idle, resolving, opening, online, pausing, leaving
  std::string broker{};                ///< host and port of the server that is tried or connected; empty while idle
  std::optional<duration> retry_in{};  ///< pausing: how long until the next attempt
  std::uint32_t failed_rounds = 0;     ///< how many rounds of all brokers have failed in a row
  std::size_t waiting = 0;             ///< messages in the outbox
  client::failure last_failure{};      ///< since `connect`; an empty line if there was none
};

/// What one call may wait; `default_timeout` is `options::timeout`.
inline constexpr duration default_timeout = duration::min();
/// As long as it takes.
inline constexpr duration no_timeout = duration::max();

/// One client of MQTT; see above for its thread rule.
class blocking_client {
 public:
  /// Allocates the buffers of `options::sizes`; connects to nobody.
  explicit blocking_client(options how = {});
  /// Says goodbye (DISCONNECT, without waiting for acknowledgements) and ends; waits 2 s for the network at most.
  ~blocking_client();
  blocking_client(const blocking_client&) = delete;
  blocking_client& operator=(const blocking_client&) = delete;

  /// Connects to "mqtt[s]://[user[:password]@]host[:port]": one attempt at each of the host's addresses, within
  /// `options::connect_timeout` each; with `options::retry_first` until one succeeds. Errors: `bad_url`,
  /// `name_not_found`, `already_connected`, `tls_without_mqtts`, and whatever goes wrong with TCP, TLS and MQTT:
  /// "TLS: the server's certificate expired on …".
  [[nodiscard]] std::expected<void, failure> connect(std::string_view broker) { return connect(std::span{&broker, 1}); }
  /// The same with several brokers, at most 32, tried in their order, now and after each loss.
  [[nodiscard]] std::expected<void, failure> connect(std::span<const std::string_view> brokers);
  /// As `connect` with `options::retry_first`, but returns at once, in a handler too: from now on messages can be
  /// published. Errors: those that are found without a network. The rest is told to `options::on_connection`.
  [[nodiscard]] std::expected<void, failure> start(std::string_view broker) { return start(std::span{&broker, 1}); }
  /// The same with several brokers.
  [[nodiscard]] std::expected<void, failure> start(std::span<const std::string_view> brokers);
  /// Waits until all that is in flight or in the outbox is acknowledged (`timed_out` if that takes too long, the
  /// connection is ended all the same), says goodbye and closes. With `options::clean_start` the server forgets the
  /// session.
  [[nodiscard]] std::expected<void, failure> disconnect(duration timeout = default_timeout);
  /// True between the server's acceptance and the end of the connection.
  bool online() const;
  /// Where the connection is and what went wrong last, at any time.
  connection_status status() const;
  /// Proves once more who this is, with the method of the connection (5.0 §4.12.1), and waits for the server's answer.
  /// Errors: `mqtt::error::authentication_not_expected` if the connection has no method; `timed_out`, `closed`,
  /// `not_connected`, `called_from_handler`, and the end of the connection if the server refuses.
  [[nodiscard]] std::expected<void, failure> reauthenticate(duration timeout = default_timeout);

  /// Publishes and waits for what the QoS promises: nothing (0), PUBACK (1), PUBCOMP (2). Returns the server's reason
  /// code (`no_matching_subscribers` is a success). Errors: `timed_out`, `message_too_long`, `longer_than_outbox`,
  /// `refused_by_server`, `session_lost`, `closed`, `not_connected`, `called_from_handler`, `no_payload_source` (a
  /// payload from a source is for `publish_pieces`), those of `mqtt::session::publish`, and where the message waited in
  /// the outbox `message_expired`, `message_crowded_out`, `chain::error::outbox_full`. While there is no connection QoS
  /// 0 returns as soon as the message is in the outbox.
  [[nodiscard]] std::expected<mqtt::reason, failure> publish(const mqtt::message& what,
                                                             duration timeout = default_timeout);
  /// The same in short.
  [[nodiscard]] std::expected<mqtt::reason, failure> publish(std::string_view topic, std::string_view payload,
                                                             mqtt::qos qos = mqtt::qos::at_most_once,
                                                             bool retain = false) {
    return publish({.topic = topic, .payload = as_bytes(payload), .qos = qos, .retain = retain});
  }
  /// The same with any bytes.
  [[nodiscard]] std::expected<mqtt::reason, failure> publish(std::string_view topic, bytes payload,
                                                             mqtt::qos qos = mqtt::qos::at_most_once,
                                                             bool retain = false) {
    return publish({.topic = topic, .payload = payload, .qos = qos, .retain = retain});
  }
  /// Retain is a yes or no: what else would become one by accident is refused.
  template <class Payload, class Retain>
  requires(!std::is_same_v<Retain, bool>) std::expected<mqtt::reason, failure> publish(std::string_view topic,
                                                                                       Payload payload, mqtt::qos qos,
                                                                                       Retain retain)
  = delete;
  /// Publishes and returns once the message is in the transmit buffer, or in the outbox if there is no connection;
  /// `wait` tells how it ended. Waits for room; when the outbox is still full then: `chain::error::outbox_full`. In a
  /// handler nothing is waited for: there what finds no room goes into the outbox, too.
  [[nodiscard]] std::expected<publication, failure> start_publish(const mqtt::message& what,
                                                                  duration timeout = default_timeout);
  /// Waits until the message is acknowledged. Of messages that failed the last 1,000 are remembered, whoever waits.
  [[nodiscard]] std::expected<mqtt::reason, failure> wait(publication which, duration timeout = default_timeout);
  /// Publishes `size` bytes of any length from a source and waits as `publish` does; `what.payload` is ignored. With
  /// QoS 0 it returns as soon as the message begins to leave, and the source is still called until its end.
  [[nodiscard]] std::expected<mqtt::reason, failure> publish_pieces(const mqtt::message& what, std::uint32_t size,
                                                                    payload_source source,
                                                                    duration timeout = default_timeout);

  /// Subscribes and waits for the server's answer. Each message that matches is given to the handler of each
  /// subscription that it matches; without a handler it goes to the queue of `receive`. Of several with the same filter
  /// the server knows one, with the highest QoS of them and the other options of the last. Errors: `timed_out` (nothing
  /// stays subscribed), `refused_by_server`, `closed`, `not_connected`, and those of `mqtt::session::subscribe`.
  [[nodiscard]] std::expected<subscription, failure> subscribe(const mqtt::subscription& what,
                                                               message_handler handler = {},
                                                               duration timeout = default_timeout);
  /// The same in short.
  [[nodiscard]] std::expected<subscription, failure> subscribe(std::string_view filter, message_handler handler = {},
                                                               mqtt::qos qos = mqtt::qos::exactly_once) {
    return subscribe(mqtt::subscription{.filter = filter, .qos = qos}, std::move(handler));
  }
  /// Ends it. When it returns (with whatever result) the handler isn't called any more, unless it is the handler
  /// that calls. The server is told when the last subscription with that filter ends, and its answer is waited for.
  [[nodiscard]] std::expected<void, failure> unsubscribe(const subscription& which, duration timeout = default_timeout);

  /// Waits for the next message of the queue: those of subscriptions without a handler, and those that no
  /// subscription of this object asked for (of a resumed session; where `receive` was never called they don't fill the
  /// queue, and the rest is told to `options::on_dropped`: call it once before `connect` where there may be many).
  /// False when the time is over.
  [[nodiscard]] std::expected<bool, failure> receive(received& into, duration timeout = default_timeout);
  /// The same with a message of its own; nothing when the time is over.
  [[nodiscard]] std::expected<std::optional<received>, failure> receive(duration timeout = default_timeout);

  /// Publishes with Response Topic and Correlation Data and waits for the answer (5.0 §4.10).
  [[nodiscard]] std::expected<received, failure> request(const mqtt::message& what, duration timeout = default_timeout);
  /// The same in short, with QoS 1.
  [[nodiscard]] std::expected<received, failure> request(std::string_view topic, std::string_view payload,
                                                         duration timeout = default_timeout) {
    return request({.topic = topic, .payload = as_bytes(payload), .qos = mqtt::qos::at_least_once}, timeout);
  }
  /// Answers a request with its Response Topic and Correlation Data; does not wait. `bad_topic_name` if it has none.
  [[nodiscard]] std::expected<publication, failure> reply(const mqtt::message_received& to, std::string_view payload,
                                                          mqtt::qos qos = mqtt::qos::at_least_once);

 private:
  std::shared_ptr<engine> engine_;
};

}  // namespace recado::client
