// One question over TCP, for answers that don't fit into a datagram (RFC 1035 §4.2.2, RFC 7766).
//
// Each message is preceded by its length in two octets. One exchange is one connection: the query goes out
// when the stream opens, the answer comes back, the driver closes the stream. What the answer says is for
// `resolver::answered_over_tcp` to judge.
#pragma once

#include <expected>
#include <optional>
#include <variant>

#include <recado/core/fault.hpp>
#include <recado/dns/error.hpp>
#include <recado/dns/packet.hpp>
#include <recado/wire/machine.hpp>

namespace recado::dns {

/// A stream machine that asks one question and hears one answer; `start` makes it new again.
class tcp_exchange {
 public:
  /// The whole answer, without its length; give it to `resolver::answered_over_tcp`. Close the stream then.
  struct answered {
    bytes message;  ///< lives until the next `receive`, `lost` or `start`
  };
  /// It came to nothing: `time_out`, `answer_too_long`, `malformed_answer`, or what `lost` said.
  struct closed {
    fault why;  ///< what went wrong
  };
  using event = std::variant<answered, closed>;  ///< what `receive` answers

  /// `memory` holds the query and then the answer: at least `query_octets_max` + 2; an answer that is
  /// longer ends the exchange with `answer_too_long`.
  explicit tcp_exchange(mutable_bytes memory) : memory_(memory) {}

  /// Sets what to ask; call it before the stream is opened. It ends at `now` + `tcp_ms_max` at the latest.
  std::expected<void, error> start(const query& what, instant now);

  void opened(instant now);                              ///< A verb of the shape; see recado/wire/machine.hpp.
  void lost(fault why, instant now);                     ///< A verb of the shape; see recado/wire/machine.hpp.
  std::optional<event> receive(bytes& in, instant now);  ///< A verb of the shape; see recado/wire/machine.hpp.
  bytes pending(instant now);                            ///< A verb of the shape; see recado/wire/machine.hpp.
  void sent(std::size_t n);                              ///< A verb of the shape; see recado/wire/machine.hpp.
  instant deadline() const;                              ///< A verb of the shape; see recado/wire/machine.hpp.

 private:
  enum class stage : std::uint8_t { idle, connecting, sending, length, message, ended, over };
  bool take(bytes& in);
  event end(fault why);

  mutable_bytes memory_;
  stage at_ = stage::idle;
  std::size_t size_ = 0;    ///< of the query with its length, or of the answer
  std::size_t filled_ = 0;  ///< how much of it was sent or has arrived
  instant deadline_ = never;
  fault why_;
};
static_assert(stream_machine<tcp_exchange>);

}  // namespace recado::dns
