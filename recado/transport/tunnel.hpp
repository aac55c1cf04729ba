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
  fault why;  ///< what went wrong
};
using event = std::variant<established, closed>;  ///< what `receive` answers

/// What a filter works in, given by the caller and used until the filter's end.
struct memory {
  mutable_bytes incoming;  ///< at least `handshake_bytes_min`
  mutable_bytes outgoing;  ///< at least `handshake_bytes_min`
};

/// The base of the proxies. One serves one connection after another; `opened` begins each anew.
class tunnel {
 public:
  using event = transport::event;  ///< What `receive` answers.

  /// How long the handshake may take; counts from `opened`.
  void set_handshake_time(duration limit) { handshake_time_ = limit; }

  void opened(instant now);                              ///< A verb of the shape; see recado/wire/machine.hpp.
  void lost(fault why, instant now);                     ///< A verb of the shape; see recado/wire/machine.hpp.
  std::optional<event> receive(bytes& in, instant now);  ///< A verb of the shape; see recado/wire/machine.hpp.
  bytes pending(instant) const { return out_.held(); }   ///< A verb of the shape; see recado/wire/machine.hpp.
  void sent(std::size_t n) { out_.drop(n); }             ///< A verb of the shape; see recado/wire/machine.hpp.
  instant deadline() const;                              ///< A verb of the shape; see recado/wire/machine.hpp.

  bool ready() const { return state_ == state::established; }         ///< True once plaintext may be written.
  bytes plaintext() const { return ready() ? in_.held() : bytes{}; }  ///< What was heard, up to `consumed`.
  void consumed(std::size_t n) { in_.drop(n); }                       ///< So much of it was used.
  std::size_t write(bytes data, instant);                             ///< Takes plaintext; returns how much.
  /// Nothing more is written; proxies know no goodbye of their own.
  void close(instant) { closed_ = true; }

 protected:
  explicit tunnel(const memory& given) : in_{given.incoming}, out_{given.outgoing} {}  ///< The memory must outlive it.
  ~tunnel() = default;

  /// Queues the first request.
  virtual void greet() = 0;
  /// Looks at the answer as far as it has come, after each octet.
  virtual void listen() = 0;

  bytes answer() const { return in_.held(); }      ///< What the proxy has said so far.
  void forget_answer() { in_.clear(); }            ///< It was read.
  void say(bytes request);                         ///< Queues a request.
  void succeed();                                  ///< The tunnel stands; what follows is plaintext.
  void fail(error why, std::uint32_t detail = 0);  ///< It won't stand: `closed` follows.

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
