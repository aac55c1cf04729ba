// The network interface over lwIP: frames in and out, the lease, ARP.
#pragma once

#include <cstdint>
#include <optional>

#include <lwip/netif.h>

#include <recado/core/address.hpp>
#include <recado/core/entropy.hpp>
#include <recado/core/instant.hpp>
#include <recado/dhcp/lease.hpp>
#include <recado/drive/arp_prober.hpp>
#include <recado/drive/lwip/ethernet.hpp>

namespace recado::lwip {

/// The only interface of the program; `start` (clock.hpp) comes before it.
class interface {
 public:
  interface() = default;
  interface(const interface&) = delete;
  interface& operator=(const interface&) = delete;

  /// Adds it to lwIP, without an address. Controller and randomness must outlive it.
  void open(ethernet& controller, entropy& random, const arp_timing& timing);
  /// Takes the frames that have come to lwIP, `frames_max` at most. True if there may be more.
  bool poll();
  /// Looks at the cable, and tells lwIP.
  bool link_is_up();
  /// The Ethernet address.
  mac_address address() const { return controller_->address(); }

  /// Configures it by the lease, which is copied: address, gateway, routes, MTU.
  void apply(const dhcp::lease& lease);
  /// Takes all that off. Connections end.
  void withdraw();
  /// Starts to ask whether somebody has that address.
  void probe(const ip_address& address, instant now) { verdict_.reset(), prober_.start(address, now); }
  /// Sends what ARP has to send; the verdict, once.
  std::optional<bool> probed(instant now);
  /// Tells everybody that the address is ours.
  void announce(const ip_address& address, instant now) { prober_.announce(address, now); }
  /// When `probed` is due.
  instant deadline() const { return prober_.deadline(); }

  /// lwIP's side of it.
  netif& below() { return netif_; }
  /// The router for a destination by the routes of the lease, or null.
  const ip4_addr_t* router(const ip4_addr_t& destination);
  /// How many frames came, went, and found no room.
  struct counts {
    std::uint32_t received = 0, sent = 0, dropped = 0;
  };
  const counts& counted() const { return counts_; }  ///< so far

 private:
  static constexpr unsigned frames_max = 16;
  static signed char set_up(netif* which);
  static signed char send(netif* which, pbuf* frame);
  void look_at_arp(const pbuf& frame);
  void send_arp(const arp_packet& packet);

  ethernet* controller_ = nullptr;
  netif netif_{};
  arp_prober prober_;
  std::optional<bool> verdict_;
  fixed_vector<dhcp::route, dhcp::routes_max> routes_{};
  ip4_addr_t router_{};
  counts counts_{};
};

/// Whether there is a way to that address: an interface with an address and a cable, and the destination on its network
/// or a router. lwIP drops TCP's segments silently where there is none, and calls again until the time is over.
bool has_way_to(const ip4_addr_t& destination);

}  // namespace recado::lwip
