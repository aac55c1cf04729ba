#include <recado/drive/lwip/interface.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <lwip/etharp.h>
#include <lwip/pbuf.h>
#include <netif/ethernet.h>

#include "port/recado_lwip_hooks.h"

namespace recado::lwip {
namespace {

constexpr std::uint16_t mtu_default = 1500;
/// RFC 791 §3.1: every host takes datagrams of so many bytes; nobody means less.
constexpr std::uint16_t mtu_min = 576;

ip4_addr_t lwip_address(const ip_address& from) { return {lwip_htonl(from.v4_value())}; }

interface* the_interface = nullptr;

}  // namespace

void interface::open(ethernet& controller, entropy& random, const arp_timing& timing) {
  controller_ = &controller;
  the_interface = this;
  prober_.set_up(controller.address(), random, timing);
  netif_add_noaddr(&netif_, this, set_up, ethernet_input);
  netif_set_default(&netif_);
  netif_set_up(&netif_);
}

signed char interface::set_up(netif* which) {
  const mac_address own = static_cast<interface*>(which->state)->address();
  std::memcpy(which->hwaddr, own.octets.data(), own.octets.size());
  which->hwaddr_len = static_cast<u8_t>(own.octets.size());
  which->mtu = mtu_default;
  which->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
  which->name[0] = 'e', which->name[1] = 'n';
  which->output = etharp_output;
  which->linkoutput = send;
  return ERR_OK;
}

// A frame that the controller doesn't take counts as lost on the wire: TCP, ARP and the machines ask again.
signed char interface::send(netif* which, pbuf* frame) {
  auto& own = *static_cast<interface*>(which->state);
  const bool gone = own.controller_->send(*frame);
  ++(gone ? own.counts_.sent : own.counts_.dropped);
  return gone ? ERR_OK : ERR_IF;
}

bool interface::poll() {
  for (unsigned i = 0; i < frames_max; ++i) {
    pbuf* const frame = controller_->receive();
    if (frame == nullptr) return false;
    ++counts_.received;
    if (prober_.deadline() != never) look_at_arp(*frame);
    if (netif_.input(frame, &netif_) != ERR_OK) pbuf_free(frame);
  }
  return true;
}

// An answer to a probe is of no use to lwIP, which doesn't know that address yet.
void interface::look_at_arp(const pbuf& frame) {
  const auto* octets = static_cast<const std::byte*>(frame.payload);
  const auto heard = prober_.receive({octets + ETH_PAD_SIZE, frame.len - std::size_t{ETH_PAD_SIZE}});
  if (heard) verdict_ = false;
}

void interface::send_arp(const arp_packet& packet) {
  pbuf* const frame = pbuf_alloc(PBUF_RAW, ETH_PAD_SIZE + arp_frame_bytes, PBUF_RAM);
  if (frame == nullptr) return;  // lost: the others are there for that
  auto* const octets = static_cast<std::byte*>(frame->payload);
  (void)make_arp_frame(packet, {octets + ETH_PAD_SIZE, arp_frame_bytes});
  (void)send(&netif_, frame);
  pbuf_free(frame);
}

std::optional<bool> interface::probed(instant now) {
  while (const auto packet = prober_.pending(now)) send_arp(*packet);
  if (prober_.on_time(now)) verdict_ = true;
  return std::exchange(verdict_, std::nullopt);
}

bool interface::link_is_up() {
  const bool up = controller_->link_is_up();
  if (up != (netif_is_link_up(&netif_) != 0)) {
    if (up) netif_set_link_up(&netif_);
    else netif_set_link_down(&netif_);
  }
  return up;
}

void interface::apply(const dhcp::lease& lease) {
  const ip4_addr_t address = lwip_address(lease.address), mask = lwip_address(netmask_of(lease.prefix)),
                   gateway = lwip_address(dhcp::gateway(lease));
  routes_ = lease.routes;
  netif_.mtu = lease.mtu == 0 ? mtu_default : std::clamp(lease.mtu, mtu_min, mtu_default);
  netif_set_addr(&netif_, &address, &mask, &gateway);
}

void interface::withdraw() {
  routes_.clear();
  netif_.mtu = mtu_default;
  netif_set_addr(&netif_, nullptr, nullptr, nullptr);
}

// The longest prefix wins (RFC 3442); a route without a router leads to the destination itself.
const ip4_addr_t* interface::router(const ip4_addr_t& destination) {
  const std::uint32_t wanted = lwip_ntohl(destination.addr);
  const dhcp::route* best = nullptr;
  for (const dhcp::route& each : routes_) {
    const std::uint32_t mask = netmask_of(each.prefix).v4_value();
    if ((wanted & mask) == (each.destination.v4_value() & mask) && (best == nullptr || each.prefix > best->prefix))
      best = &each;
  }
  if (best == nullptr) return nullptr;
  router_ = best->router.v4_value() == 0 ? destination : lwip_address(best->router);
  return &router_;
}

// The decision is that of etharp_output.
bool has_way_to(const ip4_addr_t& destination) {
  netif* const out = ip4_route(&destination);
  if (out == nullptr) return false;
  const bool beside = ip4_addr_net_eq(&destination, netif_ip4_addr(out), netif_ip4_netmask(out));
  return beside || ip4_addr_islinklocal(&destination) || !ip4_addr_isany_val(*netif_ip4_gw(out)) ||
         recado_lwip_router(out, &destination) != nullptr;
}

}  // namespace recado::lwip

const ip4_addr_t* recado_lwip_router(netif*, const ip4_addr_t* destination) {
  return recado::lwip::the_interface->router(*destination);
}
