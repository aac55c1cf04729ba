// The one shape: bytes in, bytes out, time as an argument.
//
// The contract, the same for every machine. Loop while a call consumes, answers or sends something:
// `receive` until it returns nothing, `pending` and `sent` as far as the wire has room. Then keep the rest
// of `in` (it stays contiguous: half a packet waits there), and wait for bytes, for room on the wire if
// `pending` isn't empty, or for `deadline()`, whichever comes first. Calling too early is harmless. What an
// event points to lives until the next `receive` or `lost`, so a message can be published again from its
// own event. The bytes of `pending` keep their address and content until they are `sent`; new ones are only
// appended behind them. If `sent` makes an event due, `deadline()` is now (any instant that has passed).
//
// A time-out is `receive` with no bytes; an event is its answer; back-pressure is "`in` was not used up".
// Output is sent before errors are looked at: the farewell (DISCONNECT, alert) is already pending when
// `closed` is answered. After that event the driver flushes what is pending and closes the stream below.
//
// One thread at a time uses a machine. Machines share nothing but what they were given.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>

namespace recado {

/// A machine whose last event ends the connection may say so by `static bool ends(const event&)`: what is stacked
/// below it then says its own goodbye behind the machine's.
///
/// A machine over a stream of bytes: MQTT, DNS over TCP, or a filter such as TLS seen from below.
template <class M>
concept stream_machine = requires(M machine, const M& observed, bytes& in, instant now, fault why, std::size_t n) {
  typename M::event;
  { machine.opened(now) } -> std::same_as<void>;     // the stream below is there
  { machine.lost(why, now) } -> std::same_as<void>;  // it is gone: end of file, reset, cable
  { machine.receive(in, now) } -> std::same_as<std::optional<typename M::event>>;  // consumes from the front
  { machine.pending(now) } -> std::same_as<bytes>;   // what to send next; empty: nothing to say
  { machine.sent(n) } -> std::same_as<void>;         // how much of it the layer below took
  { observed.deadline() } -> std::same_as<instant>;  // when to come back at the latest
};

/// A stream machine that carries another stream: ciphertext below, plaintext above.
///
/// Above, the same promises hold in mirror image: `plaintext()` is contiguous and keeps what was not
/// `consumed`; `write` takes as many bytes as it has room for and owns them from then on. `ready()` is true
/// between the event `secured` and the end. The filter's own events (`secured`, `closed`, certificates to
/// show) come from `receive`, the plaintext that arrived with them is there afterwards.
template <class F>
concept stream_filter = stream_machine<F> &&
    requires(F filter, const F& observed, bytes out, std::size_t n, instant now) {
  { observed.ready() } -> std::same_as<bool>;
  { observed.plaintext() } -> std::same_as<bytes>;
  { filter.consumed(n) } -> std::same_as<void>;
  { filter.write(out, now) } -> std::same_as<std::size_t>;
  { filter.close(now) } -> std::same_as<void>;  // say goodbye (close_notify) behind what was written
};

/// One datagram, in or out. Outgoing: `local_port` 0 leaves the choice to the driver.
struct datagram {
  std::uint16_t local_port = 0;  ///< of this side
  endpoint peer;                 ///< where it came from, or where it goes
  bytes payload;                 ///< borrowed; empty as an input means "no datagram, only time passed"
  instant received{};            ///< when it arrived, as exactly as the driver knows; unused for output
};

/// A machine over datagrams: DHCP, DNS, NTP. `receive` sets `in.payload` to empty once it has consumed it
/// (it always consumes at most one call later); `sent(now)` means that the whole datagram left at `now`.
template <class M>
concept datagram_machine = requires(M machine, const M& observed, datagram& in, instant now, fault why) {
  typename M::event;
  { machine.opened(now) } -> std::same_as<void>;
  { machine.lost(why, now) } -> std::same_as<void>;
  { machine.receive(in, now) } -> std::same_as<std::optional<typename M::event>>;
  { machine.pending(now) } -> std::same_as<std::optional<datagram>>;
  { machine.sent(now) } -> std::same_as<void>;
  { observed.deadline() } -> std::same_as<instant>;
};

}  // namespace recado
