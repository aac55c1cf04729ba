// The machine's network interfaces, through the kernel's rtnetlink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include <recado/core/address.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/fixed_vector.hpp>
#include <recado/drive/posix/descriptor.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/drive/posix/tcp_stream.hpp>

namespace recado::dhcp {
struct lease;
}

namespace recado::posix {

/// The number by which recado's addresses and routes can be told from everybody else's (`ip route show proto 213`).
inline constexpr std::uint8_t route_protocol = 213;

/// What an interface is and how it stands.
struct link_status {
  int index = 0;                                        ///< the kernel's number
  interface_name name;                                  ///< such as eth0
  mac_address mac;                                      ///< its Ethernet address
  std::uint32_t mtu = 0;                                ///< bytes
  bool ethernet = false;                                ///< has Ethernet addresses: can do DHCP and ARP
  bool loopback = false;                                ///< it is lo or its like
  bool up = false;                                      ///< switched on by the administrator
  bool carrier = false;                                 ///< switched on and the cable is there
  bool removed = false;                                 ///< as an event: the interface is gone
  bool operator==(const link_status&) const = default;  ///< Member by member.
};

/// One route of IPv4. No gateway (or 0.0.0.0): the destination is on the link itself. Prefix 0: the default route.
struct route {
  ip_address destination = ip_address::v4_any();  ///< the network's address
  std::uint8_t prefix = 0;                        ///< its length, 0 to 32
  ip_address gateway;                             ///< none: on the link itself
  bool operator==(const route&) const = default;  ///< Member by member.
};

/// What to configure on an interface: from a lease, or from a static configuration.
struct interface_settings {
  static constexpr std::size_t routes_max = 32;  ///< more are left out
  ip_address address;                            ///< of this host
  std::uint8_t prefix = 24;                      ///< its length, 0 to 32
  std::uint32_t mtu = 0;                         ///< bytes; 0, or one that the interface can't have: leave it
  std::uint32_t metric = 0;                      ///< of the routes; 0: the best
  fixed_vector<route, routes_max> routes;        ///< in order: a gateway must be reachable by what stands before it
};

/// What a lease says, as settings: classless routes (RFC 3442) in place of the routers where both came, and the first
/// router only, as the kernel takes one default route of a metric. A router beyond the lease's own network, as with a
/// mask of /32, is taken to be on the link, where the server that named it is.
interface_settings settings_of(const dhcp::lease& lease);

/// One interface. Reading works for everybody; changing needs CAP_NET_ADMIN, else `link_error::not_permitted`. The
/// system's resolver configuration is never touched.
class network_interface {
 public:
  network_interface() = default;
  /// Withdraws what was applied.
  ~network_interface() { close(); }
  network_interface(const network_interface&) = delete;
  network_interface& operator=(const network_interface&) = delete;

  /// The interfaces of this network namespace, as many as `into` holds: the part of it that was used.
  static std::expected<std::span<link_status>, fault> list(std::span<link_status> into);

  /// Finds the interface by name; with an empty name the first with Ethernet addresses. From then on the loop wakes
  /// when its state changes.
  std::expected<void, fault> open(loop& where, const interface_name& name);
  /// Withdraws what was applied and forgets the interface.
  void close();
  /// How it stood when last heard of.
  const link_status& status() const { return status_; }
  /// The new state if something changed since the last call: cable in or out, up or down, removed. Call it when the
  /// loop wakes.
  std::optional<link_status> changed();

  /// Switches it on or off.
  std::expected<void, fault> set_up(bool up);
  /// Gives it the address, MTU and routes. What an earlier `apply` gave and this one doesn't is withdrawn; what both
  /// give stays without a gap (another address begins anew). If the kernel refuses a part, all of it is withdrawn
  /// again.
  std::expected<void, fault> apply(const interface_settings& settings);
  /// Takes back exactly what `apply` gave, and restores the MTU. What others configured stays.
  std::expected<void, fault> withdraw();
  /// Takes away addresses that a program of ours left here because it was killed. Only for whoever owns the whole
  /// interface: another program of ours would lose its address, too.
  void remove_leftovers();
  /// True between `apply` and `withdraw`.
  bool applied() const { return applied_.has_value(); }

 private:
  std::expected<void, fault> add(const interface_settings& settings);
  std::expected<void, fault> remove(const interface_settings& settings, const interface_settings* keep);
  std::expected<void, fault> set_mtu(std::uint32_t mtu);
  void look_again();

  loop* loop_ = nullptr;
  descriptor requests_;
  descriptor events_;
  source source_;
  link_status status_;
  std::optional<interface_settings> applied_;
  std::uint32_t mtu_before_ = 0;
  std::uint32_t mtu_now_ = 0;
};

}  // namespace recado::posix
