// Messages that wait for a connection: publishing never depends on being online.
//
// A message is copied in, and stays until the session has taken it (of QoS 1 and 2 the session then keeps it until it
// is acknowledged, over reconnections too). Order is kept. The queue is bounded in bytes, by the memory that it is
// given, and in messages; what happens when it is full is a policy. A Message Expiry Interval counts down while a
// message waits (5.0 §3.3.2.3.3): the session is given what is left of it, and what has expired isn't sent. No message
// leaves unseen: whoever listens is told of each that was dropped.
//
// With `keep_in` messages of QoS 1 and 2 wait in a session's journal too, and outlive this program and the power: what
// `push` took is durable with the store's next `commit` or `settle`, and `publish` moves it from the queue to the
// session's messages in flight in one instant. Those of QoS 0 promise nothing and are only here.
//
// Their Message Expiry Interval counts on over a restart by a civil clock, as soon as that is trusted:
//   the clock is trusted when the message comes, and after the restart: to the second; a clock that was set back
//     counts nothing for that time
//   it is not trusted yet after the restart: the interval counts from the restart, and what passed before is taken off
//     when the clock is trusted; until then the message has its whole interval at most, counted from the restart
//   it was not trusted yet when the message came: what is left when it becomes so counts from then. If the power goes
//     before, the interval begins anew: once for each start that never knew the time
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include <recado/chain/error.hpp>
#include <recado/chain/session_store.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/instant.hpp>
#include <recado/mqtt/extra.hpp>
#include <recado/mqtt/options.hpp>
#include <recado/mqtt/property.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::chain {

/// A waiting message. What it points to is valid until the next call that changes the outbox.
struct waiting_message {
  std::string_view topic{};                 ///< up to 65,535 bytes; not checked here
  bytes payload{};                          ///< of any length that fits
  mqtt::qos qos = mqtt::qos::at_most_once;  ///< with which it is to be published
  bool retain = false;                      ///< RETAIN
  std::uint32_t tag = 0;                    ///< the application's
  mqtt::properties properties{};            ///< in their order; of the Message Expiry Interval what is left of it
};

/// What a full outbox does with one message more, and with `keep_in` a full store.
enum class outbox_policy : std::uint8_t {
  refuse,             ///< the new one is refused; nothing that was accepted is lost
  drop_oldest_qos_0,  ///< the oldest of QoS 0 make room; if that isn't enough the new one is refused
  drop_oldest,        ///< the oldest make room, whatever their QoS
};

/// Why a message left the outbox unsent.
enum class outbox_loss : std::uint8_t {
  expired,      ///< its Message Expiry Interval has passed
  crowded_out,  ///< a newer message took its place, as the policy says
};

/// Is told of what is lost. Must not call the outbox.
class outbox_listener {
 public:
  /// The message is gone when this returns.
  virtual void lost(const waiting_message& what, outbox_loss why) = 0;

 protected:
  ~outbox_listener() = default;
};

/// Bounds beside the memory.
struct outbox_limits {
  std::size_t messages_max = SIZE_MAX;              ///< waiting at a time
  outbox_policy when_full = outbox_policy::refuse;  ///< what gives way
};

/// False in a build without the session's extras, such as firmware, whose application asks for nothing of this: every
/// message waits until it is sent, none gives way to another, nobody listens, and a Message Expiry Interval isn't
/// counted.
inline constexpr bool has_outbox_extras = mqtt::has_extras;

/// A queue of messages in the caller's memory. One thread at a time; no call allocates.
class outbox {
 public:
  /// Bytes that a message takes beside its topic, properties and payload,
  static constexpr std::size_t header_bytes = 24;
  /// and so many more with `keep_in`.
  static constexpr std::size_t number_bytes = 4;

  /// The memory must outlive it and be used by nobody else. `listener` may be null.
  explicit outbox(mutable_bytes memory, const outbox_limits& limits = {}, outbox_listener* listener = nullptr)
      : memory_(memory), limits_(limits), listener_(listener) {}

  /// From now on what comes waits there, too; null: no more. `clock` tells how long it waited over a restart; null:
  /// nobody knows. Both must outlive the outbox or that.
  void keep_in(session_store* where, const wall_clock* clock = nullptr) { kept_in_ = where, clock_ = clock; }
  /// Takes back what waits in the store of `keep_in`, behind what is here. Returns how many; what finds no room here
  /// stays in the store. Before anything is pushed, so that the order is kept.
  std::expected<std::size_t, store::error> restore(instant now);

  /// Puts a message behind the others. Errors: `outbox_full` (for now), `message_too_long` (for ever); nothing was
  /// changed then but that expired messages are gone, and others if the policy is to drop them. With `keep_in` also
  /// `not_kept`: the store failed (`session_store::why`).
  std::expected<void, error> push(const waiting_message& what, instant now);
  /// The oldest message, or nothing; expired ones are dropped first.
  std::optional<waiting_message> front(instant now);
  /// Publishes the oldest message; if the session takes it, it leaves the queue. Nothing if none waits. A payload by
  /// `wants_payload` needs `front` and `pop`.
  std::optional<std::expected<mqtt::token, mqtt::error>> publish(mqtt::session& by, instant now);
  /// The oldest message was taken by the session, or is given up. Not when empty.
  void pop();
  /// Drops all that has expired by `now`.
  void expire(instant now);
  /// When the next message expires: call `expire` then. `never` if none does.
  instant deadline() const { return has_outbox_extras ? next_expiry_ : never; }
  /// Forgets all; nobody is told. What a store keeps stays there.
  void clear();

  /// How many messages wait.
  std::size_t size() const { return count_; }
  /// True if none does.
  bool empty() const { return count_ == 0; }
  /// How many bytes their records take.
  std::size_t bytes_held() const { return held_; }
  /// True if they take more than half of the memory.
  bool more_than_half_full() const { return held_ > memory_.size() / 2; }
  /// Bytes that a message needs in here.
  static std::size_t cost(const waiting_message& what) {
    return header_bytes + what.topic.size() + what.properties.wire_size() + what.payload.size();
  }
  /// Calls `visit(const waiting_message&)` for each message, the oldest first. It must not change the outbox.
  template <class Visit>
  void for_each(instant now, Visit&& visit) const {
    for (std::size_t at = begin_; at < end_; at = behind(at))
      if (!dead(at)) visit(message_at(at, now));
  }

 private:
  struct record;
  record header_at(std::size_t at) const;
  waiting_message message_at(std::size_t at, instant now) const;
  std::size_t behind(std::size_t at) const;
  bool dead(std::size_t at) const;
  bool fits(std::size_t needed) const { return held_ + needed <= memory_.size() && count_ < messages_max(); }
  std::size_t messages_max() const { return has_outbox_extras ? limits_.messages_max : SIZE_MAX; }
  bool knows_time() const { return clock_ != nullptr && clock_->trusted(); }
  void date_all(instant now);
  void date(std::size_t at, instant now);
  bool may_give_way(const record& head) const;
  void make_room(std::size_t needed, instant now);
  void lose(std::size_t at, outbox_loss why, instant now);
  void remove(std::size_t at);
  void compact();
  void append(const record& head, std::uint32_t number);
  std::uint32_t number_at(std::size_t at) const;
  std::expected<std::uint32_t, error> hold(const record& head, instant now);
  bool crowding_out_helps(const record& head) const;
  void make_room_in_store(const record& head, instant now);
  bool gives_way_in_store(const record& head) const;

  mutable_bytes memory_;
  outbox_limits limits_;
  mqtt::member_if<has_outbox_extras, outbox_listener*> listener_;
  session_store* kept_in_ = nullptr;
  const wall_clock* clock_ = nullptr;
  bool undated_ = false;  // some wait for the clock
  instant restored_at_{};
  std::size_t begin_ = 0;  // the oldest record; it isn't dead
  std::size_t end_ = 0;
  std::size_t count_ = 0;
  std::size_t held_ = 0;
  instant next_expiry_ = never;
};

}  // namespace recado::chain
