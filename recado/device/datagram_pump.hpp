// A datagram machine on a board's network: one turn of the contract in wire/machine.hpp.
#pragma once

#include <array>
#include <optional>

#include <recado/device/board.hpp>
#include <recado/dns/limits.hpp>

namespace recado::device {

/// Where a datagram lies until its machine has looked at it: one for all services, as most are looked at at once. Who
/// needs the place for the next one takes it, as if what is there were lost on the way.
class datagram_memory {
 public:
  /// The place, for `held` from now on; `held` must not move while it lies there.
  mutable_bytes take(datagram& held) {
    if (owner_ != nullptr && owner_ != &held) owner_->payload = {};
    owner_ = &held;
    return room_;
  }
  /// The longest datagram that any service asks for.
  static constexpr std::size_t bytes_max = dns::datagram_octets_max;

 private:
  datagram* owner_ = nullptr;
  std::array<std::byte, bytes_max> room_{};
};

/// Keeps the datagram that a machine looks at between two events.
template <datagram_machine Machine, std::size_t Bytes>
class datagram_pump {
 public:
  /// For the datagrams of one service; `in` must outlive it.
  datagram_pump(service of, datagram_memory& in) : service_(of), memory_(in) {}
  datagram_pump(const datagram_pump&) = delete;
  datagram_pump& operator=(const datagram_pump&) = delete;

  /// Sends what is pending, hears what has arrived, until the machine has an event or nothing moves any more.
  std::optional<typename Machine::event> step(Machine& machine, network& net, instant now) {
    for (unsigned turn = 0; turn < turns_max; ++turn) {
      send(machine, net, now);
      if (auto event = machine.receive(held_, now)) return event;
      if (!held_.payload.empty()) continue;
      auto arrived = net.receive(service_, memory_.take(held_).first(Bytes), now);
      if (!arrived) continue;  // an ICMP error came back: as if the datagram were lost on the way
      if (!*arrived) break;
      held_ = **arrived;
    }
    send(machine, net, now);
    return std::nullopt;
  }

 private:
  static constexpr unsigned turns_max = 64;
  static_assert(Bytes <= datagram_memory::bytes_max);

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

  service service_;
  datagram_memory& memory_;
  datagram held_;
};

}  // namespace recado::device
