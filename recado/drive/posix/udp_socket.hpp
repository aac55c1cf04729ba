// UDP for datagram machines.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/posix/descriptor.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/drive/posix/tcp_stream.hpp>
#include <recado/drive/tap.hpp>
#include <recado/wire/machine.hpp>

namespace recado::posix {

/// How a UDP socket is made.
struct udp_options {
  ip_address::kind family = ip_address::kind::v4;  ///< IPv4 or IPv6
  std::uint16_t local_port = 0;                    ///< 0: the system chooses one at random
  interface_name interface {};                     ///< bind to this interface (SO_BINDTODEVICE); empty: any
  bool broadcast = false;                          ///< may send to broadcast addresses
};

/// One unconnected UDP socket. Receive times are the kernel's (SO_TIMESTAMPNS), taken as the datagram arrived.
class udp_socket {
 public:
  udp_socket() = default;
  ~udp_socket() { close(); }
  udp_socket(const udp_socket&) = delete;
  udp_socket& operator=(const udp_socket&) = delete;

  /// Opens and binds it, and has the loop watch it. Errors: of layer `link`.
  std::expected<void, fault> open(loop& where, const udp_options& options);
  void close();  ///< Harmless if it isn't open.

  /// Sends one datagram: true if it went, false if there is no room now (the loop says when there is).
  std::expected<bool, fault> send(const datagram& out, instant now);
  /// The next datagram, its payload in `memory`; nothing if none is there. One that doesn't fit is dropped. An
  /// ICMP error that came back is the fault, and `failed_peer()` tells whose.
  std::expected<std::optional<datagram>, fault> receive(mutable_bytes memory, instant now);

  /// Throws away all that has arrived.
  void discard();

  bool is_open() const { return static_cast<bool>(fd_); }            ///< Between `open` and `close`.
  std::uint16_t local_port() const { return options_.local_port; }   ///< Bound to it.
  ip_address::kind family() const { return options_.family; }        ///< IPv4 or IPv6
  const endpoint& failed_peer() const { return failed_peer_; }       ///< Whose ICMP error the last fault was.
  std::uint16_t failed_port() const { return options_.local_port; }  ///< The local port that it was about.
  int fd() const { return fd_.get(); }                               ///< Still owned by this; -1: none.
  source& readiness() { return source_; }                            ///< What the loop knows of it.
  void observe(tap* observer) { tap_ = observer; }  ///< Shows all datagrams to that tap; nullptr: to nobody.

 private:
  std::optional<fault> take_error();
  void show(direction way, const endpoint& local, const endpoint& peer, bytes payload, instant when);

  loop* loop_ = nullptr;
  tap* tap_ = nullptr;
  descriptor fd_;
  source source_;
  udp_options options_;
  endpoint failed_peer_;
  fault earlier_;  ///< an ICMP error that a send came upon, for the next `receive`
};

/// The sockets of a machine that asks for source ports of its own (DNS, RFC 5452 §9.2; NTP): opened when a port is
/// first used, closed when the machine doesn't expect anything there any more, and the oldest of them also when a
/// further one is needed.
class udp_sockets {
 public:
  static constexpr std::size_t sockets_max = 8;  ///< open at a time

  /// To be called before anything is sent. `options.local_port` and `.family` are chosen per datagram.
  void open(loop& where, const udp_options& options);
  void close();  ///< Harmless if it isn't open.

  /// As `udp_socket::send`; the fault `link_error::port_in_use` when the port is taken on this machine.
  std::expected<bool, fault> send(const datagram& out, instant now);
  /// As `udp_socket::receive`, of whichever has one.
  std::expected<std::optional<datagram>, fault> receive(mutable_bytes memory, instant now);
  /// Closes the sockets whose port `keep` doesn't want.
  template <class Predicate>
  void retire(Predicate&& keep) {
    for (auto& each : entries_)
      if (each.socket.is_open() && !keep(each.socket.local_port())) each.socket.close();
  }
  /// Whose datagram the last fault of `receive` was about, and from which port it had left.
  const endpoint& failed_peer() const { return failed_peer_; }
  std::uint16_t failed_port() const { return failed_port_; }  ///< The local port that it was about.
  void observe(tap* observer) { tap_ = observer; }            ///< Shows all datagrams to that tap; nullptr: to nobody.

 private:
  struct entry {
    udp_socket socket;
    std::uint32_t opened_as = 0;
  };
  std::expected<udp_socket*, fault> socket_for(const datagram& out);

  loop* loop_ = nullptr;
  tap* tap_ = nullptr;
  udp_options options_;
  std::array<entry, sockets_max> entries_;
  std::uint32_t opened_ = 0;
  endpoint failed_peer_;
  std::uint16_t failed_port_ = 0;
};

}  // namespace recado::posix
