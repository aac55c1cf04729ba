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

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <recado/core/utf8.hpp>
#include <recado/mqtt/aliases.hpp>
#include <recado/mqtt/announcements.hpp>
#include <recado/mqtt/check.hpp>
#include <recado/mqtt/dissolve.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/mqtt/event.hpp>
#include <recado/mqtt/extra.hpp>
#include <recado/mqtt/flights.hpp>
#include <recado/mqtt/journal.hpp>
#include <recado/mqtt/keep_alive.hpp>
#include <recado/mqtt/memory.hpp>
#include <recado/mqtt/options.hpp>
#include <recado/mqtt/packet.hpp>
#include <recado/mqtt/received.hpp>
#include <recado/mqtt/rest.hpp>
#include <recado/mqtt/transmit_log.hpp>
#include <recado/mqtt/visit.hpp>
#include <recado/wire/machine.hpp>

namespace recado::mqtt {

/// One session; one thread at a time.
class session {
 public:
  using event = session_event;  ///< what `receive` answers

  /// The memory must outlive the session and be used by nobody else.
  explicit session(const memory& given);
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  // The shape; see recado/wire/machine.hpp.
  /// A verb of the shape; see recado/wire/machine.hpp.
  void opened(instant now);
  /// A verb of the shape; see recado/wire/machine.hpp.
  void lost(fault why, instant now);
  /// A verb of the shape; see recado/wire/machine.hpp.
  std::optional<event> receive(bytes& in, instant now);
  /// For who publishes very much: takes what `in` begins with as long as those are answers to messages of QoS 1 and 2
  /// that say success and nothing else, as `receive` would. Instead of one `acknowledged` for each message that is done
  /// it puts their tags into `tags`, in their order, and returns how many they are, at most as many as have room there.
  /// It takes nothing where an event is due, nor on a machine of 32 bits; what it leaves is for `receive`.
  std::size_t receive_acknowledged(bytes& in, std::span<std::uint32_t> tags, instant now);
  /// Hears that one more message was made, and answers where the next one is to be; nullptr: no more. It calls nothing
  /// of the session.
  using message_hearer = message_received* (*)(void* who);
  /// For who receives very much: takes what `in` begins with as long as those are whole messages without properties, as
  /// `receive` would. Instead of an event for each it makes them where it is told, the first one in `first`, and says
  /// so to `hear`, which is given `who`. They point into `in`'s bytes. It takes nothing where an event is due, nor on a
  /// machine of 32 bits; what it leaves is for `receive`.
  void receive_messages(bytes& in, instant now, message_received* first, message_hearer hear, void* who);
  /// A verb of the shape; see recado/wire/machine.hpp.
  bytes pending(instant now);
  /// A verb of the shape; see recado/wire/machine.hpp.
  void sent(std::size_t n);
  /// A verb of the shape; see recado/wire/machine.hpp.
  instant deadline() const;
  /// Who has no room for more messages, and so reads nothing, can't blame the server that PINGRESP isn't heard.
  void not_reading(instant now) { clock_.heard(now); }

  /// Says how to connect; CONNECT leaves with the next `opened`. Not while a connection is open. With `clean_start`
  /// the server forgets the session, and what is in flight is treated as `when_session_lost` says.
  /// Errors: `already_connected`, `no_room`, `needs_version_5`, and what is not valid in the options.
  std::expected<void, error> connect(const connect_options& options);

  /// From now on every change is told there, and bytes leave only when it agrees; nullptr: no more. The journal must
  /// outlive the session or that. Not while a connection is open.
  void keep_in(journal* where) { journal_ = where; }
  /// Puts back what an earlier run of the program left, into a new session before its first `connect`, in the order in
  /// which it happened. A message that was published: the answer is where its PUBLISH of `size` bytes has to be put,
  /// as it was told to the journal. It is sent again with the next connection. Errors: `identifier_taken`, `no_room`,
  /// `already_connected`.
  std::expected<mutable_bytes, error> restore(std::uint16_t identifier, qos level, std::uint32_t tag, std::size_t size);
  /// The same for a message behind PUBREC: PUBREL is sent again.
  std::expected<void, error> restore_released(std::uint16_t identifier, std::uint32_t tag);
  /// The same for a message that the server lost with its session before the application was told: it is told that by
  /// `acknowledged`, as the first thing.
  std::expected<void, error> restore_lost(std::uint16_t identifier, qos level, std::uint32_t tag, bool was_released);
  /// The same for a received message of QoS 2 before PUBREL. Errors also: `incoming_table_full`.
  std::expected<void, error> restore_received(std::uint16_t identifier);
  /// The same for so many CONNECTs that have left, or were about to, without an answer that is known. More than three
  /// count as three.
  void restore_unanswered(std::uint8_t count) {
    for (; count != 0; --count) note_unheard();
  }

  /// Publishes; the bytes leave with `pending`. With QoS 1 or 2 `acknowledged` follows. Errors that pass by
  /// themselves: `no_room` (until bytes are sent or acknowledged), `receive_maximum_reached` and `flight_table_full`
  /// (until an exchange is done), `payload_pending` (until a long message is sent), `not_connected`. Others say what
  /// is not valid, or what the server's announcements forbid; nothing was sent then.
  std::expected<token, error> publish(const message& what) { return publish(what, what.tag); }
  /// The same with another tag than the message's.
  std::expected<token, error> publish(const message& what, std::uint32_t tag);
  /// The next bytes of the message that `wants_payload` asked for, from that offset on; may be called several times.
  /// Returns how many were taken. Errors: `no_payload_wanted`, `not_connected`, `payload_not_utf8` (nothing was taken;
  /// the message's Payload Format Indicator says that it is text).
  std::expected<std::size_t, error> supply(bytes payload);

  /// Subscribes to up to 65,535 filters in one packet; `subscribed` follows. Errors as for `publish`.
  std::expected<token, error> subscribe(std::span<const subscription> filters, const subscribe_properties& more = {});
  /// Ends subscriptions by their filters exactly as they were made; `unsubscribed` follows. Errors as for `publish`.
  std::expected<token, error> unsubscribe(std::span<const std::string_view> filters,
                                          const properties& user_properties = {});

  /// Acknowledges a message received while acknowledgements are deferred. With 5.0 a failure as `code` tells the
  /// server that the message was refused (not the sender's QoS: no one sends it again). Errors: `unknown_receipt`
  /// (acknowledged before, or from an earlier connection: the server sends the message again), `bad_reason_code`.
  /// With properties (Reason String, User Properties; 5.0) it leaves at once or not at all; errors then also:
  /// `acknowledgement_must_wait`, `no_room`, `payload_pending`, `larger_than_server_takes`, `not_connected`. Who wants
  /// them out of turn, with PUBREL or with PUBCOMP, gives a `connect_options::explainer`.
  std::expected<void, error> acknowledge(receipt what, reason code = reason::success, const properties& more = {});

  /// The next step of an authentication exchange, after `challenge`. Errors: `authentication_not_expected`, `no_room`.
  /// `method` is that of CONNECT and of the challenge.
  std::expected<void, error> authenticate(std::string_view method, bytes data, const properties& user_properties = {});
  /// Starts a re-authentication with the method of CONNECT; `challenge` or `authenticated` follow (§4.12.1).
  std::expected<void, error> reauthenticate(std::string_view method, bytes data,
                                            const properties& user_properties = {});
  /// The same by `connect_options::authenticator`; `authenticated` or `closed` follows. Also its errors.
  std::expected<void, error> reauthenticate();

  /// Says goodbye behind what is pending; `closed` follows at once. In the middle of a long message there is no
  /// goodbye: the stream is closed, and the server publishes the will. Also instead of an answer to `challenge`.
  /// Errors: `not_connected`, `no_room`.
  std::expected<void, error> disconnect(const disconnect_options& options = {});

  /// Lays an online session down that has nothing under way: what is left of it takes little memory, and this object
  /// is as it was before `connect`, free for another connection. Nothing if something is in flight, pending, half
  /// received or owed in either direction, or if the session has a journal, an authenticator, an explainer or topic
  /// aliases. For who holds very many connections: `wake` it when bytes come, for a command, and at its deadline.
  std::optional<session_at_rest> rest();
  /// Goes on with a session that was laid down, in this object that has none. Errors: `already_connected`.
  std::expected<void, error> wake(const session_at_rest& what);

  /// True between `connected` and the end of the connection: commands are possible.
  bool online() const { return state_ == state::online; }
  /// The server's announcements; the standard's defaults before `connected`.
  const announcements& announced() const { return server_; }
  /// What is spoken.
  mqtt::version version() const { return decoding_.protocol; }
  /// How many exchanges wait for their answer (QoS 1 and 2, SUBSCRIBE, UNSUBSCRIBE).
  std::size_t in_flight() const { return flights_.used(); }
  /// How many places for them there are.
  std::size_t places() const { return flights_.capacity(); }
  /// How many of them are messages of QoS 2 that the server has (PUBREC came) and that wait for PUBCOMP.
  std::size_t completing() const { return completing_; }
  /// How many messages of QoS 1 or 2 may be published now, by the server's Receive Maximum and the flight table.
  std::size_t quota() const { return std::min(send_quota(), flights_.capacity() - flights_.used()); }
  /// How many messages of QoS 2 were received whose exchange isn't over (PUBREL and PUBCOMP are to come).
  std::size_t receiving() const { return received_.size(); }
  /// True if the server has sent the beginning of a packet and not yet its end.
  bool within_packet() const { return partial_ || pieces_; }
  /// True while a message is being sent whose payload comes in pieces: a goodbye now would cut it off.
  bool sending_payload() const { return mid_packet(); }
  /// How many bytes of a packet may be appended now at most; more may be possible once what is pending is sent.
  std::size_t room() const { return log_.room(); }

  /// True for the event that ends a connection.
  static bool ends(const event& what) { return std::holds_alternative<closed>(what); }

 private:
  enum class state : std::uint8_t { idle, connecting, online, ended };
  template <class T, T Value = T{}>
  using extra = member_if<has_extras, T, Value>;
  // What comes of what is heard: an event is told, bytes are used, and what is wrong is returned. Neither of them: it
  // waits. An event is made where the caller of `receive` wants it, of its members in their order.
  template <class Event, class... Members>
  Event& tell(const Members&... members) {
    return *std::get_if<Event>(&**std::construct_at(told_, std::in_place, std::in_place_type<Event>, members...));
  }

  // Within the session the error alone is handed on; commands end with one of these.
  [[gnu::noinline, gnu::const]] static std::expected<void, error> result_of(error wrong);
  [[gnu::noinline, gnu::const]] static std::expected<token, error> token_or(error wrong, std::uint16_t identifier = 0);

  // session.cpp: the connection
  void start(instant now);
  void reset_connection();
  void receive_any(bytes& in, instant now);
  error on_bytes(bytes in);
  error out_of_time(instant now);
  RECADO_MQTT_DISSOLVING bool something_due() const {
    return connected_due_ || closed_due_ || aborted_due_ || dropped_due_ || !reports_.empty() || wants_payload_now();
  }
  void due();
  void fail(error what);
  error in_field(field where, error what);
  error behind_header(error what, field where = field::packet_identifier);
  void end(fault why, reason code);
  void tell_end();
  error closed_by_server(error what, reason code, const properties& said);
  void say_farewell(reason code);
  error check(const disconnect_options& options) const;
  bool streaming() const { return !stream_waits_ && (stream_left_ != 0 || scratch_size_ != 0); }
  bool mid_packet() const {
    const bool within = stream_waits_ | (stream_left_ != 0) | (scratch_size_ != 0);
    return within || (resend_ != no_place && header_again());
  }
  bool header_again() const { return is_long(resend_) && (resend_sent_ != 0 || log_.pinned()); }
  // The payload of that message comes from the application's source.
  bool is_long(place at) const { return has_extras && flights_[at].payload != 0; }
  // What leaves next, in the order of precedence: nothing does, kept messages again, the log, a payload, the farewell.
  enum class output : std::uint8_t { none, again, log, payload, farewell };
  output next_output() const;
  bytes bytes_of(output which) const;
  std::size_t log_output() const;

  // session_connect.cpp: how a connection begins, is authenticated and ended by the server
  error check(const connect_options& options) const;
  error connect_by(const connect_options& options, const std::optional<std::string_view>& method,
                   const std::optional<bytes>& data);
  void remember(const connect_options& options);
  std::size_t receivable() const;
  error on_connack(const mqtt::connack& ack);
  void heed(const properties& announced);
  error check_method(const properties& list) const;
  error check_unasked(const mqtt::connack& ack) const;
  bool tells_problems(const properties& list) const;
  error on_auth(const mqtt::auth& asked);
  error on_disconnect(const mqtt::disconnect& bye);
  error on_challenge(bytes step);
  error send_auth(reason code, std::string_view method, bytes data, const properties& more);

  // session_resume.cpp: what becomes of the exchanges
  void resume();
  bool reconciles();
  void note_unheard();
  void tell_unheard();
  bool reconciling() const { return doubt_ && state_ == state::online; }
  instant alarm_at() const;
  void settle(bool same);
  void tell_certain(bool same);
  void start_over();
  void send_kept_again();
  void drop_impossible();
  void permit_resends();
  bool sends_again() const;
  bytes resend_output() const;
  void sent_again(std::size_t n);
  place next_again(place at) const;
  void spare_resend(place at);
  std::size_t send_quota() const {
    return online() && server_.receive_maximum > charged_ ? server_.receive_maximum - charged_ : 0;
  }
  void report(place flight, outcome how, reason why);
  bytes kept_output(bytes out);
  void tell_report();

  // session_outbound.cpp: to the server
  // The codec's short way for what comes with every message; on a microcontroller its flash is worth more.
  static constexpr bool has_short_way = sizeof(void*) > 4;
  bool is_usual(const message& what) const;
  bool may_begin_exchange() const;
  template <bool Kept>
  std::optional<token> publish_usual(const message& what, std::uint32_t tag);
  RECADO_MQTT_APART std::expected<token, error> publish_any(const message& what, std::uint32_t tag);
  RECADO_MQTT_DISSOLVING place append(const mqtt::publish& out, std::size_t size, std::uint32_t tag);
  bool may_keep(std::size_t size) const;
  error put(const void* out, encode_fields fields);
  error put(const mqtt::publish& out);
  error say(const void* out, encode_fields fields);
  template <class Packet>
  error say(const Packet& out) {
    return say(&out, visit_to_encode<Packet>);
  }
  error request(const void* out, encode_fields fields, stage waits_for, std::size_t filters);
  error put_with_alias(mqtt::publish& out, std::uint16_t by_hand);
  error put_to_keep(mqtt::publish& out, const message& what);
  bool put_ping();
  bool put_acknowledgement(packet_type type, std::uint16_t identifier, reason code);
  bool put_plain(packet_type type, std::uint16_t identifier, reason code);
  [[gnu::noinline]] bool put_explained(packet_type type, std::uint16_t identifier, reason code);
  error may_send(const message& what) const;
  error acknowledge_now(const owed_acknowledgement& one, const properties& more);
  void told_journal(const owed_acknowledgement& one);
  void acknowledged_first(const owed_acknowledgement& one);
  void pump();
  void begin_stream(place flight, std::uint32_t size, std::uint32_t tag, bool text);
  error check_payload(bytes payload, bool last);
  bool wants_payload_now() const {
    return stream_left_ != 0 && state_ == state::online && !stream_waits_ && !stream_asked_;
  }
  void ask_for_payload();
  void sent_of_payload(std::size_t n);

  // session_pieces.cpp: from the server in pieces
  void on_first_piece(const mqtt::publish& message, bool known);
  void on_piece(bytes in);

  // session_inbound.cpp: from the server
  void heard(bytes& in, std::size_t size, instant now);
  error dispatch(const fixed_header& header);
  decode_fields fields_of(packet_type type) const;
  error decode(const fixed_header& header, void* result, decode_fields fields);
  error wait() { return used_ = 0, error::none; }
  error on_pingresp();
  error on_publish(const fixed_header& header);
  error on_message(mqtt::publish& message, bool whole);
  bool welcome(const mqtt::publish& message);
  void deliver(const mqtt::publish& message, bool as_announced);
  mutable_bytes room_for_pubacks() const;
  void append_pubacks(std::size_t size);
  error on_answer(const mqtt::acknowledgement& ack);
  place finished_by(const mqtt::acknowledgement& ack, place guess = no_place) const;
  bool continues_by(const mqtt::acknowledgement& ack);
  place at_rest(std::uint16_t identifier, stage waits_for, place guess = no_place) const;
  void finish(place at, const mqtt::acknowledgement& ack);
  std::uint32_t end_exchange(place at);
  error on_unknown(const mqtt::acknowledgement& ack);
  error remark_on(const mqtt::acknowledgement& ack, token name, std::uint32_t tag);
  error on_pubrel(const mqtt::acknowledgement& ack);
  bool answer_pubrel(std::uint16_t identifier);
  error on_subscribe_acknowledgement(const subscribe_acknowledgement& ack);
  void tell_subscribed(bool sub, token name, std::span<const reason> reasons, outcome how, const properties& said);
  void release(place at);
  void await_pubcomp(place at);
  reason unknown_identifier_reason() const {
    return is_v5(decoding_.protocol) ? reason::packet_identifier_not_found : reason::success;
  }
  error resolve_alias(mqtt::publish& message);
  error admit(qos level, std::uint16_t identifier, bool duplicate);
  bool can_acknowledge(bool known);
  mqtt::receipt acknowledge_or_owe(qos level, std::uint16_t identifier);
  void answer_duplicate(std::uint16_t identifier);

  // A Cortex-M reaches with short instructions 32 bytes, 32 half words and 32 words: what is used most comes first
  // among each.
  decode_options decoding_;
  state state_ = state::idle;
  bool doubt_ = false;                  // the server's session may be one that nobody here has heard of
  std::uint8_t unheard_ = 0;            // how many such sessions there may be: CONNECTs without an answer, above all
  bool pieces_ = false;                 // a message is arriving in pieces
  bool pieces_known_ = false;           // and is a duplicate that nobody is told of
  bool closed_due_ = false;             // an end that is not told yet,
  bool aborted_due_ = false;            // a message in pieces was cut off
  extra<bool> dropped_due_ = false;     // so was a long one of QoS 0 to the server
  bool connected_due_ = false;          // `connected`, which waited until it is known whose session the server has
  extra<bool> deferred_ = false;        // acknowledgements wait for the application
  extra<bool> stream_waits_ = false;    // a long message's header is not sent yet
  extra<bool> stream_asked_ = false;    // `wants_payload` was told, and not all that was supplied is sent
  extra<bool> authenticating_ = false;  // an AUTH of ours waits for an answer, or CONNECT does
  extra<bool> challenged_ = false;      // the server waits for `authenticate`
  extra<bool> automatic_aliases_ = false;
  bool connect_ready_ = false;  // CONNECT is in the log
  bool stream_open_ = false;    // `opened`, and neither `lost` nor used yet
  bool log_first_ = false;      // the wire was offered what is pending in the log
  std::uint8_t vain_ = 0;       // how often the server's session was not to be known
  std::uint8_t farewell_sent_ = 0;
  std::uint8_t farewell_size_ = 0;
  bool clean_start_ = false;
  bool was_online_ = false;
  bool partial_ = false;                  // half a packet waits for its rest
  bool nameless_ = false;                 // CONNECT left the client identifier to the server, which has to assign one
  extra<bool> declined_problem_ = false;  // CONNECT said that it wants no Problem Information,
  extra<bool> asked_response_ = false;    // and asked for Response Information
  bool journal_failed_ = false;           // nothing leaves on this connection any more
  qos piece_qos_ = qos::at_most_once;
  bool piece_is_text_ = false;          // as its Payload Format Indicator says
  extra<bool> stream_is_text_ = false;  // likewise
  lost_session when_lost_ = lost_session::publish_again;
  reason closed_reason_ = reason::success;
  std::array<std::byte, 3> farewell_{};

  place resend_ = no_place;                          // the first kept packet that is not all sent again
  place waiting_ = no_place;                         // the first kept packet that the quota doesn't allow yet
  place unreleased_ = no_place;                      // the first of `releases_` whose PUBREL is to be sent
  extra<place, no_place> stream_flight_ = no_place;  // the long message that is being sent, if it is of QoS 1 or 2
  flight_list releases_;                             // wait for PUBCOMP, in the order of their PUBREC
  flight_list reports_;                              // are over, and the application isn't told yet
  std::uint16_t receive_maximum_ = 0;                // of this side
  std::uint16_t completing_ = 0;
  std::uint16_t asking_ = 0;  // PUBREC goes again for the received identifiers from this one on
  std::uint16_t requested_keep_alive_s_ = 0;
  std::uint16_t piece_identifier_ = 0;
  defect found_;                          // in the packet that is being heard
  bytes current_;                         // that packet, and what follows it
  std::uint32_t used_ = 0;                // how much of what is being heard is done with
  std::optional<event>* told_ = nullptr;  // where `receive` makes its answer
  std::uint32_t put_size_ = 0;            // of the packet at the front of the log's space
  std::uint32_t charged_ = 0;             // messages of QoS 1 and 2 that count towards the server's Receive Maximum
  std::uint32_t unacknowledged_ = 0;      // of the server's messages that count towards this side's
  std::uint32_t resend_sent_ = 0;         // bytes of `resend_` that are sent again
  member_if<has_journal, journal*> journal_ = nullptr;
  extra<authenticator*> authenticator_ = nullptr;
  extra<std::uint32_t> stream_left_ = 0;   // bytes of a long message's payload that were not supplied yet, or not sent
  extra<std::uint32_t> scratch_size_ = 0;  // bytes of payload that were supplied,
  flight_table flights_;
  transmit_log log_;
  extra<std::uint32_t> scratch_sent_ = 0;  // and of them sent
  extra<explainer*> explainer_ = nullptr;
  extra<std::uint32_t> method_hash_ = 0;
  extra<std::uint32_t> long_again_ = 0;  // long ones that are sent again, not counting one whose payload is being sent
  mutable_bytes scratch_;                // free part of the log that payload goes through
  extra<std::uint32_t> stream_barrier_ = 0;  // a long message's header ends here in the log
  extra<std::uint32_t> stream_offset_ = 0;
  extra<std::uint32_t> stream_tag_ = 0;
  extra<std::uint32_t> dropped_tag_ = 0;
  std::uint32_t piece_offset_ = 0;
  std::uint32_t piece_left_ = 0;
  std::uint32_t receive_size_;

  announcements server_;
  received_identifiers received_;
  owed_acknowledgements owed_;
  topic_slots incoming_aliases_;
  topic_slots outgoing_aliases_;

  utf8_check stream_text_;
  utf8_check piece_text_;
  fault closed_why_;  // why the end that is not told yet came
  std::uint32_t requested_expiry_s_ = 0;
  std::uint32_t last_connect_size_ = 0;
  duration connect_timeout_{};
  instant certain_by_ = never;  // `connected` is not held back any longer
  duration ping_timeout_{};
  keep_alive clock_;
};

static_assert(stream_machine<session>);

}  // namespace recado::mqtt
