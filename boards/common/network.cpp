#include "network.hpp"

namespace recado::firmware {
namespace {

using namespace std::chrono_literals;

/// On a cable nobody roams: the verdict on an address comes within a second instead of RFC 5227's four to seven.
constexpr duration arp_verdict = 1s;

}  // namespace

device::stream::phase lwip_stream::advance(instant now) {
  switch (stream_.advance(now)) {
    case lwip::tcp_stream::phase::idle:
      return phase::idle;
    case lwip::tcp_stream::phase::connecting:
      return phase::connecting;
    case lwip::tcp_stream::phase::open:
    case lwip::tcp_stream::phase::closing:
      return phase::open;
    case lwip::tcp_stream::phase::closed:
      return phase::closed;
  }
  return phase::closed;
}

void lwip_network::open(lwip::ethernet& controller, entropy& random) {
  interface_.open(controller, random, arp_timing::within(arp_verdict));
  dhcp_.open(&interface_.below());
}

std::expected<void, fault> lwip_network::apply(const dhcp::lease& lease) {
  interface_.apply(lease);
  return {};
}

void lwip_network::withdraw() { interface_.withdraw(); }

std::expected<dhcp::lease, fault> lwip_network::present() {
  return std::unexpected{make_fault(link_error::not_supported)};  // a board has nothing but what it was given
}

std::expected<void, fault> lwip_network::probe(const ip_address& address, instant now) {
  interface_.probe(address, now);
  return {};
}

lwip::udp_ports& lwip_network::ports(device::service of) {
  return of == device::service::dhcp ? dhcp_ : of == device::service::dns ? dns_ : ntp_;
}

std::expected<bool, fault> lwip_network::send(device::service of, const datagram& out, instant) {
  return ports(of).send(out);
}

std::expected<std::optional<datagram>, fault> lwip_network::receive(device::service of, mutable_bytes memory, instant) {
  return ports(of).receive(memory);
}

}  // namespace recado::firmware
