// A stream machine on a socket: one turn of the contract in wire/machine.hpp.
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

/// Reads, hears, says and sends until nothing moves any more, but no more than `turns_max` reads; then wait on the
/// loop until `deadline`. `on_event(event&)` may call the machine's commands. Starts with what waits in `buffer`,
/// so it is also the call to make after commands and at deadlines. Once `ended`, connect anew before calling again.
template <stream_machine Machine, class Handler>
progress drive(Machine& machine, tcp_stream& stream, receive_buffer& buffer, instant now, Handler&& on_event);

}  // namespace recado::posix
