// A datagram machine on a board's network: one turn of the contract in wire/machine.hpp.
#pragma once

#include <optional>

#include <recado/device/arrivals.hpp>
#include <recado/device/board.hpp>

namespace recado::device {

/// The datagram that a machine looks at: what is the same for all machines.
class held_datagram {
 public:
  held_datagram(const held_datagram&) = delete;
  held_datagram& operator=(const held_datagram&) = delete;

 protected:
  /// See datagram_pump.
  held_datagram(service of, arrivals& in) : service_(of), arrivals_(in) {}
  ~held_datagram() = default;

  /// Takes the next one from the network; false if there is none, or no room for one of `size` bytes.
  bool fetch(network& net, std::size_t size, instant now) {
    const mutable_bytes room = arrivals_.take(held_, size);
    if (room.empty()) return false;  // it waits in the network
    const auto arrived = net.receive(service_, room, now);
    if (!arrived) return true;  // an ICMP error came back: as if the datagram were lost on the way
    if (*arrived) held_ = **arrived;
    return arrived->has_value();
  }

  service service_;     ///< whose datagrams
  arrivals& arrivals_;  ///< where they lie
  datagram held_;       ///< empty: none
};

/// Keeps the datagram that a machine looks at between two events.
template <datagram_machine Machine, std::size_t Bytes>
class datagram_pump : held_datagram {
 public:
  /// For the datagrams of one service; `in` must outlive it.
  datagram_pump(service of, arrivals& in) : held_datagram(of, in) {}

  /// Sends what is pending, hears what has arrived, until the machine has an event or nothing moves any more.
  std::optional<typename Machine::event> step(Machine& machine, network& net, instant now) {
    for (unsigned turn = 0; turn < turns_max; ++turn) {
      send(machine, net, now);
      if (auto event = machine.receive(held_, now)) return event;
      if (held_.payload.empty() && !fetch(net, Bytes, now)) break;
    }
    send(machine, net, now);
    return std::nullopt;
  }

 private:
  static constexpr unsigned turns_max = 64;

  void send(Machine& machine, network& net, instant now) {
    for (unsigned turn = 0; turn < turns_max; ++turn) {
      const auto out = machine.pending(now);
      if (!out) return;
      const auto gone = net.send(service_, *out, now);
      if (gone && !*gone) return;  // no room now
      const endpoint peer = out->peer;
      const std::uint16_t port = out->local_port;
      machine.sent(now);
      if constexpr (requires { machine.undeliverable(port, peer, fault{}, now); })
        if (!gone) machine.undeliverable(port, peer, gone.error(), now);
    }
  }
};

}  // namespace recado::device
