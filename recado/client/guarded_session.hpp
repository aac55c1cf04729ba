// The session as the driver sees it: each verb takes the mutex.
//
// Taking it for each message would cost more than the message does. So `receive` hears many at a time under one lock,
// and then gives them to whom they are for without it: what they point to lies in the driver's buffer, where it stays
// until the driver reads again. Whatever is not a plain message ends such a batch, and is answered behind it.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include <recado/client/biased_mutex.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/wire/machine.hpp>

namespace recado::client {

struct entry;  // one subscription (engine.hpp)

using recipients = std::span<entry* const>;

/// A message that was heard under one lock with others. It is made where it stays: to copy it would cost as much as to
/// decode it.
struct heard {
  mqtt::message_received message{};
  std::uint32_t begin = 0, end = 0;  ///< whose handlers it is for, among the recipients of the batch
};

/// Who knows whom a message is for. All but `deliver` is called under the mutex.
class sorter {
 public:
  /// Finds whose handlers the message is for, which `found` then says; puts it into the queue if it belongs there.
  /// Answers a number that is another when another finding was made, 0 if the message is to be an event of its own.
  virtual std::uint32_t sort(const mqtt::message_received& what) = 0;
  virtual recipients found() const = 0;
  /// True if what was found holds for each message without properties that has the same topic, and no more than
  /// `payload` bytes, as long as the mutex is held: such ones need no `sort`.
  virtual bool holds_on(std::size_t& payload) const = 0;
  /// Calls the handlers of a batch.
  virtual void deliver(std::span<const heard> batch, recipients all) = 0;
  /// Does what has to be done about it. False: it is to be answered as an event.
  virtual bool settle(const mqtt::acknowledged& what) = 0;
  /// The same for messages of these tags that are done, all with success.
  virtual void settle(std::span<const std::uint32_t> tags) = 0;
  /// All that was delivered or answered is handled.
  virtual void batch_over() = 0;

 protected:
  ~sorter() = default;
};

class guarded_session {
 public:
  using event = mqtt::session_event;
  guarded_session(mqtt::session& inner, biased_mutex& mutex, sorter& owner)
      : inner_(inner), mutex_(mutex), owner_(owner) {}
  guarded_session(const guarded_session&) = delete;
  guarded_session& operator=(const guarded_session&) = delete;

  void opened(instant now);
  void lost(fault why, instant now);
  std::optional<event> receive(bytes& in, instant now);
  bytes pending(instant now) {
    const std::scoped_lock held{mutex_};
    return inner_.pending(now);
  }
  void sent(std::size_t n) {
    const std::scoped_lock held{mutex_};
    inner_.sent(n);
  }
  instant deadline() const {
    const std::scoped_lock held{mutex_};
    return inner_.deadline();
  }
  static bool ends(const event& what) { return mqtt::session::ends(what); }

  bool paused = false;  ///< the queue is full: nothing more is read; under the mutex

 private:
  static constexpr std::size_t batch_max = 64;
  static constexpr std::size_t heard_max = 1024;  // under one lock, so that others get it, too

  /// Nothing more is read. What a connection begins with is heard all the same.
  bool deaf() const { return paused && inner_.online(); }
  std::optional<event> hear(bytes& in, instant now);
  [[gnu::noinline]] void hear_acknowledged(bytes& in, instant now);
  void hear_messages(bytes& in, instant now);
  static mqtt::message_received* message_heard(void* self);
  bool keep(const event& what, bytes all);
  bool keep_message();
  [[gnu::noinline]] mqtt::message_received* other_heard();
  /// The message behind the batch joins it, unless the queue has it or nobody wants it.
  void join_batch() {
    next_->begin = begin_, next_->end = end_;
    if (begin_ != end_) ++next_;
  }
  heard* begin_of_batch() { return batch_.data(); }
  bool batch_is_full() const { return next_ == batch_.data() + batch_max; }
  mqtt::message_received* place() {
    const bool full = batch_is_full() || turns_ >= heard_max;
    return full || deaf() ? nullptr : &next_->message;
  }
  bool is_as_before(const mqtt::message_received& message) const;
  [[gnu::noinline]] bool find(const mqtt::message_received& message);

  mqtt::session& inner_;
  biased_mutex& mutex_;
  sorter& owner_;
  // The driver's thread alone uses what follows.
  std::array<heard, batch_max> batch_;
  heard* next_ = batch_.data();  // behind the batch
  std::size_t turns_ = 0;
  bool alone_ = false;  // the message behind the batch is to be an event of its own
  std::vector<entry*> recipients_;
  // What was found for the last message of the batch: by which number, and where its recipients are.
  std::uint32_t finding_ = 0;
  std::uint32_t begin_ = 0, end_ = 0;
  std::string_view topic_;       // of those for whom it holds on; empty: of none
  std::size_t payload_max_ = 0;  // and up to which size
};
static_assert(stream_machine<guarded_session>);

}  // namespace recado::client
