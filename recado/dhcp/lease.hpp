// What DHCP gives: an address with its time, and the parameters of the network. A static configuration has
// the same form.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/fixed_vector.hpp>
#include <recado/core/instant.hpp>
#include <recado/core/text.hpp>
#include <recado/dhcp/error.hpp>
#include <recado/dhcp/limits.hpp>

namespace recado::dhcp {

/// The lease time that never ends (0xffffffff on the wire, RFC 2131 §3.3), and that of a static address.
inline constexpr duration infinite = duration::max();

/// One classless static route (RFC 3442).
struct route {
  ip_address destination;   ///< the network's address
  std::uint8_t prefix = 0;  ///< length of the destination's prefix, 0 to 32; 0 is the default route
  ip_address router;        ///< 0.0.0.0: the destination is on the link itself
  constexpr bool operator==(const route&) const = default;  ///< Member by member.
};

/// What a server granted, or somebody configured.
struct lease {
  ip_address address;       ///< of this host
  std::uint8_t prefix = 0;  ///< length of the network's prefix, 1 to 32
  ip_address server;        ///< the server's identifier; no address if static
  /// Default routers in the server's order of preference; empty when `routes` are given (RFC 3442).
  fixed_vector<ip_address, routers_max> routers;
  fixed_vector<route, routes_max> routes;                 ///< classless static routes (RFC 3442)
  fixed_vector<ip_address, dns_servers_max> dns_servers;  ///< in the server's order of preference
  fixed_vector<ip_address, ntp_servers_max> ntp_servers;  ///< in the server's order of preference
  fixed_string<host_name_bytes_max> host_name;            ///< option 12; empty: not given
  fixed_string<domain_bytes_max> domain;                  ///< option 15; empty: not given
  std::uint16_t mtu = 0;                                  ///< bytes; 0: not given
  instant obtained{};              ///< when the REQUEST left from which the times below count; not stored
  duration lease_time = infinite;  ///< the address is valid so long after `obtained`
  duration t1 = infinite;          ///< renewing begins so long after `obtained`
  duration t2 = infinite;          ///< rebinding begins so long after `obtained`

  constexpr bool operator==(const lease&) const = default;                   ///< Member by member.
  constexpr instant renews() const { return after(obtained, t1); }           ///< When renewing begins (T1).
  constexpr instant rebinds() const { return after(obtained, t2); }          ///< When rebinding begins (T2).
  constexpr instant expires() const { return after(obtained, lease_time); }  ///< When the address must be given up.
};

/// The router of the default route: that of `routes` if there are any, else the first of `routers`; no address
/// if there is none.
ip_address gateway(const lease& from);

/// True for an address that a host may have: not 0/8, loopback, multicast, reserved or broadcast
/// (RFC 1122 §3.2.1.3).
bool is_host_address(const ip_address& address);
/// The same, and neither the network's own number nor its broadcast address (RFC 3021: /31 has neither).
bool is_host_address(const ip_address& address, unsigned prefix);

/// A configuration without a server: never expires. `router` may be no address. Fails with
/// no_such_host_address, bad_prefix, or gateway_not_on_link; servers beyond the limit are left out.
std::expected<lease, error> static_lease(const ip_address& address, unsigned prefix, const ip_address& router,
                                         std::span<const ip_address> dns_servers = {},
                                         std::span<const ip_address> ntp_servers = {});

/// Writes the lease to the front of `memory` (`lease_record_bytes_max` always suffices) and answers the part
/// used: a version, the parameters and a CRC-32. The time of day is not in it, because a device may not know
/// it when it boots: a remembered lease is only a wish that the server confirms (INIT-REBOOT, RFC 2131 §3.2).
std::expected<bytes, error> serialise(const lease& from, mutable_bytes memory);
/// Reads what `serialise` wrote; surplus bytes behind it are ignored. Every field is checked as if a server
/// had sent it. Fails with record_damaged or record_version.
std::expected<lease, error> deserialise(bytes record);

/// One line per parameter: "address 192.0.2.7/24".
void print(const lease& what, text_sink& out);

}  // namespace recado::dhcp
