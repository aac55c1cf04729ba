// A session in a journal: what the records of recado/store mean, and how they come to be.
//
// The session tells each change (recado/mqtt/journal.hpp) and lets bytes leave only when this agrees; so a crash, a
// kill or the loss of power at any point leaves a journal from which a new session goes on: QoS 2 exactly once, QoS 1
// at least once, in order. `docs/design/journal.md` says what "delivered" means.
//
// The application may have something of its own remembered: a label with each message that it publishes (the number of
// an input line), and a note that changes in the same instant as a message is taken over in either direction (how much
// of the input was read, how long the output was).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include <recado/chain/session_places.hpp>
#include <recado/core/instant.hpp>
#include <recado/mqtt/journal.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/store/journal.hpp>

namespace recado::chain {

/// False in a build with RECADO_WITHOUT_SESSION_JOURNAL defined (CMake: -DRECADO_SESSION_JOURNAL=OFF): outbox and
/// device then keep nothing over a loss of power, and nothing of this is linked.
inline constexpr bool has_session_journal = mqtt::has_journal;

/// What has to be known of the server to come back to the session.
struct session_facts {
  mqtt::version version = mqtt::version::v5_0;  ///< that was spoken
  std::uint16_t places = 0;                     ///< in flight: the session that is restored must have as many
  std::uint32_t session_expiry_s = 0;           ///< in force
  std::string_view client_identifier{};         ///< with which it was begun
};

/// A message in the journal whose exchange isn't over.
struct stored_message {
  std::uint16_t identifier = 0;             ///< on the wire
  mqtt::qos qos = mqtt::qos::exactly_once;  ///< with which it is published
  bool released = false;                    ///< PUBREC came: its bytes are gone, PUBREL and PUBCOMP are to come
  bool lost = false;                        ///< the server forgot its session: the application is to be told
  std::uint32_t tag = 0;                    ///< its message's
  std::uint64_t label = 0;                  ///< as `session_store::label` said
  std::uint32_t size = 0;                   ///< of its PUBLISH
};

/// What is remembered of a message that waits for a connection: behind it lie its topic, its properties as on the wire,
/// and its payload, without gaps.
struct held_message {
  std::uint64_t label = 0;                  ///< as `session_store::label` said
  std::uint32_t tag = 0;                    ///< of the message
  mqtt::qos qos = mqtt::qos::exactly_once;  ///< with which it is published
  bool retain = false;                      ///< the server shall keep it
  std::uint16_t topic = 0;                  ///< bytes of it,
  std::uint32_t properties = 0;             ///< and of these,
  std::uint32_t payload = 0;                ///< and of this
  utc_time since{};                         ///< from when on its Message Expiry Interval counts; 1970: that isn't known
  std::size_t size() const { return std::size_t{topic} + properties + payload; }  ///< Bytes of all three.
};

/// What is left at `now` of a Message Expiry Interval in seconds that counts from `since` on (5.0 §3.3.2.3.3), begun
/// ones included; 0: it has expired. A clock that was set back has counted nothing, and neither has one that isn't
/// known.
std::uint32_t seconds_left(std::uint32_t interval, utc_time since, utc_time now);

/// How much `restore` put back, or `session_store` counts.
struct stored_counts {
  std::size_t messages = 0;       ///< waiting for PUBACK or PUBREC
  std::size_t released = 0;       ///< waiting for PUBCOMP
  std::size_t received = 0;       ///< of QoS 2, waiting for PUBREL
  std::size_t held = 0;           ///< in the offline queue
  std::size_t subscriptions = 0;  ///< how many are remembered
};

/// What `mqtt::session` is given as its journal: keeps the session's changes in a `store::journal`.
class session_store final : public mqtt::journal {
 public:
  /// `records` is mounted; `places` has one element for each place in flight of the session.
  session_store(store::journal& records, std::span<std::uint32_t> places);

  /// Puts all into a session that was just made, and will be told of its changes. Errors: of the journal as they are;
  /// of the session (it has other tables than the one that was stored) `store::error::index_full`.
  std::expected<stored_counts, store::error> restore(mqtt::session& into);
  stored_counts counts() const;  ///< How much is in the journal now.

  /// For the next message that is published: comes back in `stored_message`. Until then.
  void label(std::uint64_t what) { label_ = what; }
  /// Changes with the next message that is published or held, or received and acknowledged.
  void note(const store::note& what) { note_ = what; }
  /// The last note of all that are in the journal.
  const store::note& last_note() const { return records_.last_note(); }

  /// Remembers the server; does nothing if that is known already.
  std::expected<void, store::error> remember(const session_facts& what);
  /// The text of the answer lies in `space`.
  std::optional<session_facts> facts(mutable_bytes space);

  /// Remembers what `session_places::known` says; does nothing if that is known already. Errors: of the journal.
  std::expected<void, store::error> remember_places(std::span<const std::uint32_t> known);
  /// Puts back what was remembered of it.
  void restore_places(session_places& into);

  /// Remembers a subscription with its Subscription Identifier, 0 for none. Errors: of the journal.
  std::expected<void, store::error> subscribed(const mqtt::subscription& what, std::uint32_t identifier);
  std::expected<void, store::error> unsubscribed(std::string_view filter);  ///< Forgets it. Errors: of the journal.
  /// The same two for who knows the place in the journal: that of the same filter, or one that is free. They look for
  /// nothing, so they take no longer where there are many.
  std::expected<void, store::error> subscribed_at(std::uint32_t number, const mqtt::subscription& what,
                                                  std::uint32_t identifier);
  std::expected<void, store::error> unsubscribed_at(std::uint32_t number);  ///< See `subscribed_at`.
  /// A subscription as it is remembered.
  struct stored_subscription {
    mqtt::subscription what;       ///< its filter lies in `space`
    std::uint32_t identifier = 0;  ///< on the wire
    std::uint32_t number = 0;      ///< its place in the journal
  };
  /// The first subscription whose number is at least `from`.
  std::optional<stored_subscription> next_subscription(std::uint32_t from, mutable_bytes space);

  /// The first message with at least that number, released ones in an order of their own. `from` becomes the number
  /// behind it.
  std::optional<stored_message> next_message(std::uint32_t& from);
  std::optional<stored_message> next_released(std::uint32_t& from);  ///< The same for those behind PUBREC.
  /// The same for the identifiers of received messages of QoS 2.
  std::optional<std::uint16_t> next_received(std::uint16_t from) const;

  /// The offline queue: keeps a message that has no connection yet; `pieces` are what lies behind it. The label and the
  /// note of `label` and `note` go with it. Returns its number, which grows. Durable with `settle` or `commit`. A
  /// quarter of the room and of the index stays free for what is sent and received. Errors: `full`, `index_full` (until
  /// others have left), `too_long`, `failed`.
  std::expected<std::uint32_t, store::error> hold(const held_message& what, std::span<const bytes> pieces);
  /// Puts the same message anew, with another `since`, and what its properties say of its interval then. Errors:
  /// `full`, `failed`; it is there as it was then.
  std::expected<void, store::error> hold_again(std::uint32_t number, const held_message& what, bytes content);
  /// True if `hold` has room for that message, were `dropped` of the queue not there that take `freed` bytes.
  bool has_room(const held_message& what, std::size_t dropped = 0, std::uint32_t freed = 0) const;
  /// What a message of the queue takes in the journal, in bytes; 0 if it isn't there.
  std::uint32_t cost_of_held(std::uint32_t number);
  /// The lowest number in the queue that is at least `from`.
  std::optional<std::uint32_t> next_held(std::uint32_t from) const;
  /// What is remembered of it; nothing if it is not there.
  std::optional<held_message> head_of_held(std::uint32_t number);
  /// What lies behind it, as much as fits. Errors: `not_found`, `damaged`, `failed`.
  std::expected<std::size_t, store::error> read_held(std::uint32_t number, mutable_bytes into);
  std::expected<void, store::error> drop_held(std::uint32_t number);  ///< Forgets it.
  /// The next message that is published is that one: in the same instant it leaves the queue, with its label. 0: it is
  /// none of them.
  void take_held(std::uint32_t number) { taking_ = number; }
  /// Makes what was held since the last `commit` durable, if there is any: for who isn't connected, so that nothing
  /// leaves that would ask for it.
  fault settle();

  /// Why the journal refused the last message, or failed; 0 if neither.
  store::error why() const { return why_; }

  // mqtt::journal. A message that comes from no queue leaves as much free as `hold` does: `not_kept` until others end.
  mqtt::error publishing(std::uint16_t identifier, const mqtt::message& what, bytes packet) override;
  void released(std::uint16_t identifier) override;
  void finished(std::uint16_t identifier) override;
  void took(mqtt::qos level, std::uint16_t identifier) override;
  void completed(std::uint16_t identifier) override;
  void session_lost(mqtt::lost_session how) override;
  void unanswered(std::uint8_t count) override;
  void certain(bool subscriptions_hold) override;
  std::uint16_t received_max() override;
  fault commit() override;

 private:
  std::uint32_t& place_of(std::uint16_t identifier) { return places_[(identifier - 1U) % places_.size()]; }
  std::expected<void, store::error> put_held(std::uint32_t number, const held_message& what,
                                             std::span<const bytes> pieces, const store::note* with,
                                             std::uint32_t spare);
  std::optional<stored_message> read_message(store::key name, std::uint32_t& other);
  std::expected<void, store::error> forget_halves();
  std::expected<void, store::error> restore_messages(mqtt::session& into);
  std::expected<void, store::error> restore_released(mqtt::session& into);
  std::uint32_t spare_bytes() const;
  bool has_place(std::size_t dropped) const;
  bool has_message_number();
  bool has_held_number();
  void keep(const std::expected<void, store::error>& done);
  /// Messages with lower numbers than these: those that the server has lost with its session, or those of them that the
  /// application was told of.
  struct bounds {
    std::uint32_t messages = 0, released = 0;
    std::uint32_t& of(std::uint8_t kind);
    bool operator==(const bounds&) const = default;
  };
  bounds kept_lost();
  void lose(mqtt::lost_session how);
  void forget_told();
  void keep_unanswered();
  void forget_unanswered();
  std::uint8_t kept_unanswered();
  std::optional<std::uint32_t> number_of(std::string_view filter);
  const store::note* take_note();

  store::journal& records_;
  std::span<std::uint32_t> places_;  // number of the record; with `released_mark` of the kind `released`
  std::uint32_t next_message_ = 1;
  std::uint32_t next_released_ = 1;
  std::uint32_t next_held_ = 1;
  std::uint32_t taking_ = 0;
  std::uint64_t label_ = 0;
  std::optional<store::note> note_;
  store::note taken_note_;
  store::error why_{};
  bounds lost_, told_;
  std::uint8_t unanswered_ = 0;       // as the session told,
  std::uint8_t unanswered_kept_ = 0;  // and as the journal has it
  bool failed_ = false;
  bool unsettled_ = false;
};

}  // namespace recado::chain
