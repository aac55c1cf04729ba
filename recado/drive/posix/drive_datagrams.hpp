// A datagram machine on sockets: one turn of the contract in wire/machine.hpp.
#pragma once

#include <concepts>
#include <expected>
#include <optional>

#include <recado/core/bytes.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/posix/drive_stream.hpp>
#include <recado/wire/machine.hpp>

namespace recado::posix {

/// Where datagrams come from and go to: `udp_sockets`, `udp_socket`, `dhcp_socket`.
template <class P>
concept datagram_port = requires(P port, const datagram& out, mutable_bytes memory, instant now) {
  { port.send(out, now) } -> std::same_as<std::expected<bool, fault>>;
  { port.receive(memory, now) } -> std::same_as<std::expected<std::optional<datagram>, fault>>;
  { port.failed_peer() } -> std::same_as<const endpoint&>;
};

/// Receives, hears, says and sends until nothing moves any more, but no more than `turns_max` datagrams. `memory`
/// holds one datagram while the machine looks at it. A datagram that the system refuses to send, or for which an
/// ICMP error comes back, counts as lost on the way, which every such machine expects; the tap sees the reason, and
/// so does `last_fault` if it is given. `ended` is never set; `flow::finish` acts as `pause`.
template <datagram_machine Machine, datagram_port Port, class Handler>
progress drive(Machine& machine, Port& port, mutable_bytes memory, instant now, Handler&& on_event,
               fault* last_fault = nullptr);

}  // namespace recado::posix
