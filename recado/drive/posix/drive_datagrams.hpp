// A datagram machine on sockets: one turn of the contract in wire/machine.hpp.
#pragma once

#include <concepts>
#include <expected>
#include <optional>

#include <recado/core/bytes.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/drive_stream.hpp>
#include <recado/wire/machine.hpp>

namespace recado::posix {

/// Where datagrams come from and go to: `udp_sockets`, `udp_socket`, `dhcp_socket`.
template <class P>
concept datagram_port = requires(P port, const P& observed, const datagram& out, mutable_bytes memory, instant now) {
  { port.send(out, now) } -> std::same_as<std::expected<bool, fault>>;
  { port.receive(memory, now) } -> std::same_as<std::expected<std::optional<datagram>, fault>>;
  { observed.failed_peer() } -> std::same_as<const endpoint&>;
  { observed.failed_port() } -> std::same_as<std::uint16_t>;
};

namespace detail {

/// Tells a machine that wants to know; for the others the datagram was lost on its way.
template <datagram_machine Machine>
void tell_undeliverable(Machine& machine, std::uint16_t port, const endpoint& peer, fault why, instant now) {
  if constexpr (requires { machine.undeliverable(port, peer, why, now); }) machine.undeliverable(port, peer, why, now);
}

template <datagram_machine Machine>
bool takes_another_port(Machine& machine, fault why, instant now) {
  if constexpr (requires { machine.port_taken(now); })
    if (is(why, link_error::port_in_use)) return machine.port_taken(now), true;
  return false;
}

template <datagram_machine Machine, class Port>
void retire_ports(const Machine& machine, Port& port) {
  const auto keep = [&machine]([[maybe_unused]] std::uint16_t local) {
    (void)machine;  // clang: not every machine is asked
    if constexpr (requires { machine.expects(local); }) return machine.expects(local);
    else return true;
  };
  if constexpr (requires { port.retire(keep); }) port.retire(keep);
}

/// Everything pending, as far as there is room: true if anything moved.
template <datagram_machine Machine, datagram_port Port>
bool say_datagrams(Machine& machine, Port& port, instant now, fault* last_fault) {
  bool moved = false;
  for (int turn = 0; turn < turns_max; ++turn) {
    const auto out = machine.pending(now);
    if (!out) break;
    const auto went = port.send(*out, now);
    if (went && !*went) break;
    moved = true;
    if (!went && takes_another_port(machine, went.error(), now)) continue;
    const auto [local, peer] = std::pair{out->local_port, out->peer};
    machine.sent(posix::now());  // as close to the truth as can be: NTP measures with it
    if (went) continue;
    if (last_fault) *last_fault = went.error();
    tell_undeliverable(machine, local, peer, went.error(), now);
  }
  return moved;
}

/// One datagram, or the passing of time: `receive` until it has nothing more to say about it.
template <datagram_machine Machine, class Handler>
flow hear_datagram(Machine& machine, datagram in, instant now, Handler& on_event) {
  for (int silent = 0; silent < 2;) {
    auto event = machine.receive(in, now);
    if (event) {
      if (const flow wish = tell(on_event, *event); wish != flow::go_on) return wish;
    } else if (in.payload.empty()) {
      break;
    } else {
      ++silent;
    }
  }
  return flow::go_on;
}

}  // namespace detail

/// Receives, hears, says and sends until nothing moves any more, but no more than `turns_max` datagrams. `memory`
/// holds one datagram while the machine looks at it. A datagram that the system refuses to send, or for which an
/// ICMP error comes back, is told to machines with a command `undeliverable` and counts as lost on the way for the
/// others; the tap sees it too, and `last_fault` if it is given. `ended` is never set; `flow::finish` is a `pause`.
template <datagram_machine Machine, datagram_port Port, class Handler>
progress drive(Machine& machine, Port& port, mutable_bytes memory, instant now, Handler&& on_event,
               fault* last_fault = nullptr) {
  for (int turn = 0; turn < turns_max; ++turn) {
    const auto got = port.receive(memory, now);
    if (!got) {
      if (last_fault) *last_fault = got.error();
      detail::tell_undeliverable(machine, port.failed_port(), port.failed_peer(), got.error(), now);
    }
    const bool heard = !got || got->has_value();
    const datagram in = got && *got ? **got : datagram{};
    const flow wish = detail::hear_datagram(machine, in, now, on_event);
    const bool said = detail::say_datagrams(machine, port, now, last_fault);
    detail::retire_ports(machine, port);
    if (wish != flow::go_on) return {now, false};
    if (!heard && !(said && machine.deadline() <= now)) return {machine.deadline(), false};
  }
  return {now, false};
}

}  // namespace recado::posix
