// Keep alive (§3.1.2.10), and all the other time that a session measures.
#pragma once

#include <algorithm>
#include <cstdint>

#include <recado/core/instant.hpp>

namespace recado::mqtt {

/// Knows when something was sent last and what is waited for. It reads no clock.
class keep_alive {
 public:
  /// What the time that has passed asks for.
  enum class alarm : std::uint8_t { none, connect_timed_out, ping_due, ping_timed_out };

  /// The stream is there, and the server's CONNACK is due within `timeout`.
  void await_connack(instant now, duration timeout) {
    sent_ = asked_ = now, offered_ = false, limit_ = after(now, timeout), interval_ = {}, what_ = waits::connack;
  }
  /// The connection stands; `interval` 0 turns keep alive off. CONNECT was the last packet to be sent.
  void run(duration interval, duration ping_timeout) {
    interval_ = interval, ping_timeout_ = ping_timeout, limit_ = never, unanswered_ = 0, what_ = waits::nothing;
  }
  /// The stream is gone: nothing is due any more.
  void stop() { limit_ = never, interval_ = {}, what_ = waits::nothing; }

  /// The driver asked at `now` what to send, and there was something (`offered`): what it sends, it sends now.
  void asked(instant now, bool offered) {
    asked_ = now;
    if (offered && !offered_) offered_ = true, offered_at_ = now;
  }
  /// What was offered at the last `asked` has left, at least in part.
  void sent() { sent_ = asked_, offered_ = false; }
  /// True while the stream has not taken anything of what it was offered.
  bool offered() const { return offered_; }
  /// Nothing could be sent at `now`: try again an interval later.
  void defer(instant now) { sent_ = now, offered_ = false; }
  /// A PINGREQ was queued, and is the next to be offered to the stream.
  void pinged(instant now) {
    if (!waits_for_pingresp()) limit_ = after(now, ping_timeout_), what_ = waits::pingresp;
    ++unanswered_;
    asked_ = offered_at_ = now, offered_ = true;
  }
  /// True while a PINGREQ is unanswered.
  bool waits_for_pingresp() const { return what_ == waits::pingresp; }
  /// PINGRESP came.
  void answered() {
    if (--unanswered_ == 0) limit_ = never, what_ = waits::nothing;
  }
  /// Something else came while PINGRESP is waited for: the server lives, and may be busy with a long message.
  void heard(instant now) {
    if (what_ == waits::pingresp) limit_ = after(now, ping_timeout_);
  }

  /// The next PINGREQ must leave at the latest one interval after the last packet [MQTT-3.1.2-20], also while the
  /// answer to the one before is late. What was offered since then would do as well, unless the stream doesn't take it
  /// for an interval; another PINGREQ behind one that it doesn't take would help nobody.
  instant ping_at() const {
    if (interval_.count() == 0 || (offered_ && waits_for_pingresp())) return never;
    return (offered_ ? offered_at_ : sent_) + interval_;
  }
  /// When `ring` is due at the latest.
  instant deadline() const { return std::min(limit_, ping_at()); }
  /// What is due at `now`.
  alarm ring(instant now) const {
    if (now >= limit_) return what_ == waits::connack ? alarm::connect_timed_out : alarm::ping_timed_out;
    return now >= ping_at() ? alarm::ping_due : alarm::none;
  }

 private:
  enum class waits : std::uint8_t { nothing, connack, pingresp };
  duration interval_{};
  duration ping_timeout_{};
  instant asked_{};
  instant sent_{};
  instant offered_at_{};
  bool offered_ = false;
  std::uint32_t unanswered_ = 0;  // PINGREQ
  instant limit_ = never;
  waits what_ = waits::nothing;
};

}  // namespace recado::mqtt
