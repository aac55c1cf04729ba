// A stream machine on a socket: one turn of the contract in wire/machine.hpp.
//
// One read takes as much as the buffer holds, all messages in it are heard, and only then is their answer sent: under
// load many messages come with one system call and leave with one. A single message leaves at once, because every
// turn ends with nothing left to say.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <recado/core/instant.hpp>
#include <recado/drive/posix/receive_buffer.hpp>
#include <recado/drive/posix/tcp_stream.hpp>
#include <recado/wire/machine.hpp>

namespace recado::posix {

/// What the one who was told of an event wants. A handler may also return nothing, which means `go_on`.
enum class flow : std::uint8_t {
  go_on,
  pause,   ///< return from `drive` now; what the event points to stays valid until the next `drive`
  finish,  ///< the conversation is over: flush what is pending, close in order, for `linger` at most
};

/// What a turn left behind.
struct progress {
  instant deadline = never;  ///< call again then at the latest; it has passed already if there is more to do
  bool ended = false;        ///< the stream is closed, the machine was told `lost` if it wasn't its own wish
};

/// Reads of one turn at most, so that one busy stream doesn't starve the others of a loop.
inline constexpr int turns_max = 16;

namespace detail {

template <class Handler, class Event>
flow tell(Handler& on_event, Event& event) {
  if constexpr (std::is_same_v<decltype(on_event(event)), flow>) return on_event(event);
  else return on_event(event), flow::go_on;
}

/// `receive` until it neither answers nor consumes.
template <stream_machine Machine, class Handler>
flow hear(Machine& machine, receive_buffer& buffer, instant now, Handler& on_event) {
  bytes in = buffer.data();
  for (;;) {
    const std::size_t before = in.size();
    auto event = machine.receive(in, now);
    buffer.consumed(before - in.size());
    if (!event) {
      if (in.size() == before) return flow::go_on;
    } else if (const flow wish = tell(on_event, *event); wish != flow::go_on) {
      return wish;
    }
  }
}

/// `pending` and `sent` as far as the wire has room: true if anything went.
template <stream_machine Machine>
bool say(Machine& machine, tcp_stream& stream, instant now) {
  bool said = false;
  while (stream.writable()) {
    const bytes out = machine.pending(now);
    if (out.empty()) break;
    const auto taken = stream.send(out, now);
    if (!taken || *taken == 0) break;
    machine.sent(*taken);
    said = true;
  }
  return said;
}

/// The stream is gone. What had arrived before is still heard (filters may have been held up by their plaintext), and
/// what the machine says to the loss is told.
template <stream_machine Machine, class Handler>
progress lose(Machine& machine, tcp_stream& stream, receive_buffer& buffer, fault why, instant now, Handler& on_event) {
  const auto every_event = [&](typename Machine::event& event) { tell(on_event, event); };
  stream.close(why, now);
  machine.lost(why, now);
  hear(machine, buffer, now, every_event);
  buffer.clear();
  return {never, true};
}

/// After `flow::finish`: flushes, tells the peer, and throws away what it sends until it ends too.
template <stream_machine Machine>
progress end(Machine& machine, tcp_stream& stream, receive_buffer& buffer, instant now) {
  if (stream.state() == tcp_stream::phase::flushing) {
    say(machine, stream, now);
    if (stream.broken() || machine.pending(now).empty()) stream.shut_down_output(now);
  }
  for (int turn = 0; turn < turns_max && stream.state() == tcp_stream::phase::draining && stream.readable(); ++turn) {
    buffer.clear();
    if (!stream.receive(buffer.room(), now)) stream.close(make_fault(stream_error::aborted), now);
  }
  if (now >= stream.deadline()) stream.close(make_fault(stream_error::aborted), now);
  const bool ended = stream.state() == tcp_stream::phase::closed;
  return {ended ? never : stream.readable() ? now : stream.deadline(), ended};
}

/// The turns of an open stream.
template <stream_machine Machine, class Handler>
progress converse(Machine& machine, tcp_stream& stream, receive_buffer& buffer, instant now, Handler& on_event) {
  for (int turn = 0; turn < turns_max; ++turn) {
    const flow wish = hear(machine, buffer, now, on_event);
    const bool said = say(machine, stream, now);
    if (wish == flow::finish) return stream.finish(now), end(machine, stream, buffer, now);
    if (wish == flow::pause) return {now, false};
    if (said && (machine.deadline() <= now || !buffer.data().empty())) continue;
    if (buffer.full() && stream.broken()) return lose(machine, stream, buffer, stream.broken(), now, on_event);
    if (buffer.full() || !stream.readable()) return {machine.deadline(), false};
    const auto got = stream.receive(buffer.room(), now);
    if (!got) return lose(machine, stream, buffer, got.error(), now, on_event);
    if (*got == 0) return {machine.deadline(), false};
    buffer.filled(*got);
  }
  return {now, false};
}

}  // namespace detail

/// Reads, hears, says and sends until nothing moves any more, but no more than `turns_max` reads; then wait on the
/// loop until `deadline`. `on_event(event&)` may call the machine's commands. Starts with what waits in `buffer`,
/// so it is also the call to make after commands and at deadlines. Once `ended`, connect anew before calling again.
template <stream_machine Machine, class Handler>
progress drive(Machine& machine, tcp_stream& stream, receive_buffer& buffer, instant now, Handler&& on_event) {
  using phase = tcp_stream::phase;
  if (stream.state() == phase::connecting) {
    stream.advance(now);
    if (stream.state() == phase::connecting) return {stream.deadline(), false};
    buffer.clear();
    if (stream.state() == phase::closed) return detail::lose(machine, stream, buffer, stream.why(), now, on_event);
    machine.opened(now);
  }
  if (stream.state() == phase::open) return detail::converse(machine, stream, buffer, now, on_event);
  if (stream.state() == phase::flushing || stream.state() == phase::draining)
    return detail::end(machine, stream, buffer, now);
  return {never, true};
}

}  // namespace recado::posix
