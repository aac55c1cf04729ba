// What the proxies have in common: a handshake, then bytes that pass unchanged.
//
// The handshake's answer is gathered in the memory of the bytes that come in, octet by octet and never further than
// its end, so that what follows it belongs to the stream above. Whatever goes wrong is the event `closed`, once.
#pragma once

#include <optional>
#include <variant>

#include <recado/transport/error.hpp>
#include <recado/transport/limits.hpp>
#include <recado/transport/queue.hpp>
#include <recado/wire/machine.hpp>

namespace recado::transport {

/// The stream above may begin.
struct established {};
/// The handshake failed, or the transport ended by its own means; close the stream below.
struct closed {
  fault why;
};
using event = std::variant<established, closed>;

/// What a filter works in, given by the caller and used until the filter's end.
struct memory {
  mutable_bytes incoming;  ///< at least `handshake_bytes_min`
  mutable_bytes outgoing;  ///< at least `handshake_bytes_min`
};

/// The base of the proxies. One serves one connection after another; `opened` begins each anew.
class tunnel {
 public:
  using event = transport::event;

  /// How long the handshake may take; counts from `opened`.
  void set_handshake_time(duration limit) { handshake_time_ = limit; }

  void opened(instant now);
  void lost(fault why, instant now);
  std::optional<event> receive(bytes& in, instant now);
  bytes pending(instant) const { return out_.held(); }
  void sent(std::size_t n) { out_.drop(n); }
  instant deadline() const;

  bool ready() const { return state_ == state::established; }
  bytes plaintext() const { return ready() ? in_.held() : bytes{}; }
  void consumed(std::size_t n) { in_.drop(n); }
  std::size_t write(bytes data, instant);
  /// Nothing more is written; proxies know no goodbye of their own.
  void close(instant) { closed_ = true; }

 protected:
  explicit tunnel(const memory& given) : in_{given.incoming}, out_{given.outgoing} {}
  ~tunnel() = default;

  /// Queues the first request.
  virtual void greet() = 0;
  /// Looks at the answer as far as it has come, after each octet.
  virtual void listen() = 0;

  bytes answer() const { return in_.held(); }
  void forget_answer() { in_.clear(); }
  void say(bytes request);
  void succeed();
  void fail(error why, std::uint32_t detail = 0);

 private:
  enum class state : std::uint8_t { idle, handshake, answered, established, failed, ended };

  queue in_;
  queue out_;
  state state_ = state::idle;
  bool closed_ = false;
  fault why_;
  instant deadline_ = never;
  duration handshake_time_ = handshake_time_default;
};

}  // namespace recado::transport
