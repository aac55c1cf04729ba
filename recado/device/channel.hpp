// The rungs `stream`, `secure` and `session` in motion: bytes between the network's stream, TLS and the session.
//
// It does what a driver does for `stacked<filter, session>`, but with each layer's share of the work apart, so that
// the test mode can measure encoding, encryption and system calls in columns of their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include <recado/device/arrivals.hpp>
#include <recado/device/board.hpp>
#include <recado/device/secure.hpp>
#include <recado/mqtt/session.hpp>

namespace recado::device {

/// Nanoseconds spent in each layer since the last `reset`.
struct layer_times {
  std::uint64_t encrypt = 0,   ///< writing: TLS
      send = 0;                ///< writing: the network's stream
  std::uint64_t receive = 0,   ///< reading: the network's stream
      decrypt = 0,             ///< reading: TLS
      decode = 0;              ///< reading: MQTT
  std::size_t sent_bytes = 0;  ///< on the wire
};

/// One connection to the broker after another, without blocking; for one thread.
class channel {
 public:
  /// The stream is there; TLS or MQTT begins.
  struct opened {};
  /// The stream is closed; `why` is `aborted` if this side ended it.
  struct ended {
    fault why;  ///< `aborted` if this side ended it
  };
  /// What `step` answers; what it points to lives until the next call.
  using event = std::variant<opened, tls::event, mqtt::session_event, ended>;

  /// All must outlive it; `in` must have room for one whole packet, or one TLS record if that is longer.
  channel(const board& on, mqtt::session& session, secure* cipher, arrivals& in);
  channel(board&&, mqtt::session&, secure*, arrivals&) = delete;

  /// Connects; what the session says was set by `session.connect` before. Without a cipher the host is not needed.
  std::expected<void, fault> connect(const endpoint& peer, std::string_view host, instant now);
  /// Moves bytes in both directions until there is an event or nothing moves any more. Without `room`, which whoever
  /// hears needs for the answers, what is pending leaves first, and until it has nothing is heard.
  std::optional<event> step(instant now, bool room = true);
  /// Sends what is pending, without receiving.
  void say(instant now);
  /// Says what is pending and closes the stream at once.
  void abandon(instant now);
  /// When `step` is due at the latest.
  instant deadline() const;
  /// True from `opened` to the end of the stream.
  bool is_open() const { return stage_ == stage::open || stage_ == stage::closing; }

  /// From now on the work of each layer is measured.
  void measure(bool yes) { measuring_ = yes; }
  /// The measured times, to be read and reset.
  layer_times& times() { return times_; }
  /// Bytes on their way that the stream still borrows; they are counted as sent later.
  std::size_t lent() const { return on_.network.session_stream().lent(); }
  /// Doesn't read before so many bytes have arrived, or `until` has come: what is measured is then one whole message.
  void read_no_sooner_than(std::size_t octets, instant until) { gate_bytes_ = octets, gate_until_ = until; }

 private:
  enum class stage : std::uint8_t { idle, connecting, open, closing, closed };

  std::optional<event> hear(instant now);
  std::optional<event> hear_session(bytes& plain, instant now);
  std::optional<event> hear_secure(instant now);
  bool heard_tls(instant now);
  bool fetch(instant now);
  bool gated(instant now);
  bool is_said(instant now);
  void stream_broke(fault why, instant now);
  void on_session_end(const mqtt::session_event& happened);
  void write_plain(instant now);
  void finish_if_said(instant now);
  void end_cipher(fault why, instant now);
  std::optional<event> end(instant now);
  std::uint64_t tick() { return measuring_ ? on_.stopwatch.nanoseconds() : 0; }

  // Flags come first: there a Cortex-M reaches them with short instructions.
  stage stage_ = stage::idle;
  bool session_up_ = false;
  bool session_over_ = false;
  bool broken_ = false;
  bool heard_ = false;  ///< the peer's first bytes were looked at
  bool cipher_closed_ = false;
  bool measuring_ = false;
  const board& on_;
  mqtt::session& session_;
  secure* cipher_;
  arrivals& arrived_;
  std::size_t plain_used_ = 0;  // of the plaintext that the last event points into
  fault why_;
  layer_times times_{};
  std::size_t gate_bytes_ = 0;
  instant gate_until_{};
};

}  // namespace recado::device
