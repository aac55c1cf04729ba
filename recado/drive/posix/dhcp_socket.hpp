// DHCP's datagrams on an interface that may have no address yet.
//
// Linux routes no UDP from 0.0.0.0 and drops what is sent to an address that isn't its own, so before there is a
// lease the datagrams go through a packet socket, their IP and UDP headers made and checked here. Once the address
// is configured an ordinary UDP socket does it (RFC 2131 §4.1). That socket is bound to port 68 from the start: the
// kernel would otherwise answer the server's datagrams with ICMP "port unreachable".
#pragma once

#include <cstddef>
#include <expected>
#include <optional>

#include <recado/core/address.hpp>
#include <recado/drive/posix/udp_socket.hpp>

namespace recado::posix {

/// A `datagram_port` for one interface and port 68.
class dhcp_socket {
 public:
  dhcp_socket() = default;
  ~dhcp_socket() { close(); }
  dhcp_socket(const dhcp_socket&) = delete;
  dhcp_socket& operator=(const dhcp_socket&) = delete;

  /// Starts without an address. Needs CAP_NET_RAW (packet socket) and CAP_NET_BIND_SERVICE (port 68).
  std::expected<void, fault> open(loop& where, const interface_name& interface, std::uint16_t client_port = 68);
  void close();  ///< Closes both sockets.
  /// The address from which packets are sent while the interface has none: 0.0.0.0, or one to be given back that was
  /// never configured (`recado probe dhcp`).
  void send_raw_from(const ip_address& source) { raw_source_ = source; }
  /// The interface has this address from now on, or none any more (the default ip_address).
  std::expected<void, fault> configured(const ip_address& address);

  std::expected<bool, fault> send(const datagram& out, instant now);  ///< As `udp_socket::send`.
  /// As `udp_socket::receive`.
  std::expected<std::optional<datagram>, fault> receive(mutable_bytes memory, instant now);
  const endpoint& failed_peer() const { return udp_.failed_peer(); }  ///< Whose ICMP error the last fault was.
  std::uint16_t failed_port() const { return port_; }                 ///< The local port that it was about.
  /// Shows all datagrams to that tap; nullptr: to nobody.
  void observe(tap* observer) { tap_ = observer, udp_.observe(observer); }

 private:
  std::expected<void, fault> open_packet_socket();
  void close_packet_socket();
  std::expected<std::optional<datagram>, fault> receive_raw(mutable_bytes memory, instant now);

  loop* loop_ = nullptr;
  tap* tap_ = nullptr;
  descriptor packet_;
  source packet_source_;
  udp_socket udp_;
  interface_name interface_;
  int index_ = 0;
  std::uint16_t port_ = 68;
  ip_address address_;
  ip_address raw_source_ = ip_address::v4_any();
  mac_address last_sender_;  ///< of what the packet socket heard last: the server, or a relay before it
};

}  // namespace recado::posix
