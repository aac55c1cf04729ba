// The session as the driver sees it: each verb takes the mutex.
//
// Taking it for each message would cost more than the message does. So `receive` hears many at a time under one lock,
// and answers them one by one: what they point to lies in the driver's buffer, where it stays until the driver reads
// again, and that comes after the last of them. Whatever is not a plain message ends such a batch.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include <recado/mqtt/session.hpp>
#include <recado/wire/machine.hpp>

namespace recado::client {

struct entry;  // one subscription (engine.hpp)

/// Who knows whom a message is for. All but `deliver` is called under the mutex.
class sorter {
 public:
  /// Adds those whose handlers the message is for; puts it into the queue if it belongs there. False: it is to be
  /// answered as an event of its own.
  virtual bool sort(const mqtt::message_received& what, std::vector<entry*>& receivers) = 0;
  /// Does what has to be done about it. False: it is to be answered as an event.
  virtual bool settle(const mqtt::acknowledged& what) = 0;
  /// All that was answered is handled.
  virtual void batch_over() = 0;

 protected:
  ~sorter() = default;
};

class guarded_session {
 public:
  using event = mqtt::session_event;
  guarded_session(mqtt::session& inner, std::mutex& mutex, sorter& owner)
      : inner_(inner), mutex_(mutex), owner_(owner) {}

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
  instant deadline() const;
  static bool ends(const event& what) { return mqtt::session::ends(what); }

  /// Of the message that `receive` has just answered, if it was sorted: whose handlers it is for.
  std::optional<std::span<entry* const>> receivers() const;

  bool paused = false;  ///< the queue is full: nothing more is read; under the mutex

 private:
  static constexpr std::size_t batch_max = 64;
  struct message {
    mqtt::message_received what{};
    std::size_t size = 0;  // bytes of the wire up to its end
    std::uint32_t receivers = 0, receivers_end = 0;
  };

  bool answered_all() const { return next_ == count_ && !other_; }
  void hear(bytes in, instant now);
  bool keep(event& what, bytes in);
  void forget();

  mqtt::session& inner_;
  std::mutex& mutex_;
  sorter& owner_;
  // The driver's thread alone uses what follows.
  std::array<message, batch_max> batch_;
  std::size_t count_ = 0, next_ = 0;  // of the batch, and those of it that were answered
  std::optional<event> other_;        // behind them
  std::size_t size_ = 0;              // bytes of the wire behind the last message of the batch
  std::vector<entry*> receivers_;
  bool sorted_ = false;  // the last event was a message of the batch
};
static_assert(stream_machine<guarded_session>);

}  // namespace recado::client
