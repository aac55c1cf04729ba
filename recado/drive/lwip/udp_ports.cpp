#include <recado/drive/lwip/udp_ports.hpp>

#include <algorithm>
#include <cstring>

#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/udp.h>

#include <recado/drive/lwip/clock.hpp>
#include <recado/drive/lwip/faults.hpp>

namespace recado::lwip {

udp_ports::~udp_ports() {
  for (const port& each : ports_)
    if (each.pcb != nullptr) udp_remove(each.pcb);
  for (; count_ != 0; --count_) pbuf_free(waiting_[(first_ + count_ - 1) % waiting_.size()].what);
}

void udp_ports::on_received(void* which, udp_pcb*, pbuf* what, const void* address, std::uint16_t from) {
  const auto& at = *static_cast<port*>(which);
  udp_ports& own = *at.owner;
  if (own.count_ == own.waiting_.size()) {
    pbuf_free(what);
    return;
  }
  const auto sender = lwip_ntohl(static_cast<const ip_addr_t*>(address)->addr);
  own.waiting_[(own.first_ + own.count_++) % own.waiting_.size()] = {
      what, at.number, {ip_address::v4(sender), from}, now()};
}

udp_ports::port* udp_ports::port_for(std::uint16_t number) {
  const auto known = std::ranges::find_if(
      ports_, [&](const port& each) { return each.pcb != nullptr && (each.number == number || number == 0); });
  if (known != ports_.end()) return &*known;
  auto& slot = *std::ranges::min_element(ports_, {}, &port::opened_as);
  if (slot.pcb != nullptr) udp_remove(slot.pcb);
  slot = {this, udp_new(), number, ++opened_};
  if (slot.pcb == nullptr) return slot.opened_as = 0, nullptr;
  if (udp_bind(slot.pcb, IP_ADDR_ANY, number) != ERR_OK) {
    udp_remove(slot.pcb);
    slot = {};
    return nullptr;
  }
  slot.number = slot.pcb->local_port;
  udp_recv(
      slot.pcb,
      [](void* which, udp_pcb* pcb, pbuf* what, const ip_addr_t* address, u16_t from) {
        on_received(which, pcb, what, address, from);
      },
      &slot);
  return &slot;
}

std::expected<bool, fault> udp_ports::send(const datagram& out) {
  if (!out.peer.address.is_v4()) return std::unexpected{make_fault(stream_error::unreachable)};
  const port* const by = port_for(out.local_port);
  if (by == nullptr) return std::unexpected{make_fault(link_error::port_in_use)};
  pbuf* const what = pbuf_alloc(PBUF_TRANSPORT, static_cast<u16_t>(out.payload.size()), PBUF_RAM);
  if (what == nullptr) return false;
  std::memcpy(what->payload, out.payload.data(), out.payload.size());
  const ip_addr_t to{lwip_htonl(out.peer.address.v4_value())};
  const bool everybody = netif_ != nullptr && to.addr == IPADDR_BROADCAST;
  const err_t failed = everybody ? udp_sendto_if_src(by->pcb, what, &to, out.peer.port, netif_, &netif_->ip_addr)
                                 : udp_sendto(by->pcb, what, &to, out.peer.port);
  pbuf_free(what);
  if (failed == ERR_MEM || failed == ERR_BUF) return false;
  if (failed != ERR_OK) return std::unexpected{stream_fault(failed)};
  return true;
}

std::optional<datagram> udp_ports::receive(mutable_bytes memory) {
  while (count_ != 0) {
    const arrival one = waiting_[first_];
    first_ = (first_ + 1) % waiting_.size(), --count_;
    const std::size_t size = one.what->tot_len;
    if (size <= memory.size()) pbuf_copy_partial(one.what, memory.data(), one.what->tot_len, 0);
    pbuf_free(one.what);
    if (size <= memory.size()) return datagram{one.local_port, one.peer, memory.first(size), one.received};
  }
  return std::nullopt;
}

}  // namespace recado::lwip
