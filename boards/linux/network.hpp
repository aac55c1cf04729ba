// The device's network on Linux, over the sockets of drive/posix.
#pragma once

#include <array>
#include <optional>
#include <string>

#include <recado/device/board.hpp>
#include <recado/drive/posix/arp_probe.hpp>
#include <recado/drive/posix/dhcp_socket.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/drive/posix/network_interface.hpp>
#include <recado/drive/posix/tcp_stream.hpp>
#include <recado/drive/posix/udp_socket.hpp>

namespace recado::linux_board {

/// One TCP connection after another on a `posix::tcp_stream`.
class posix_stream final : public device::stream {
 public:
  explicit posix_stream(posix::loop& loop) : loop_(loop) {}
  std::expected<void, fault> connect(const endpoint& peer, instant now) override;
  phase advance(instant now) override;
  fault why() const override { return stream_.why(); }
  std::expected<std::size_t, fault> send(bytes data, instant now) override;
  std::expected<std::size_t, fault> receive(mutable_bytes memory, instant now) override;
  std::size_t available() override;
  void finish(instant now) override;
  void close(instant now) override;
  instant deadline() const override;
  void observe(tap* observer) { stream_.observe(observer); }

 private:
  posix::loop& loop_;
  posix::tcp_stream stream_;
  endpoint peer_;
  bool peer_ended_ = false;
};

/// The interface, its datagrams and its streams.
class posix_network final : public device::network {
 public:
  posix_network(posix::loop& loop, entropy& random) : loop_(loop), random_(random), session_(loop), lookup_(loop) {}

  /// Opens what the configuration needs; the fault says what is missing ("allowed only to an administrator").
  std::expected<void, fault> open(const device::configuration& chosen);
  /// Shows everything to `observer`; before `open`.
  void observe(tap* observer);
  const std::string& interface() const { return name_; }

  mac_address hardware() const override { return mac_; }
  bool link_is_up() override;
  fault link_fault() override;
  std::expected<void, fault> apply(const dhcp::lease& lease) override;
  void withdraw() override;
  std::expected<dhcp::lease, fault> present() override;
  std::expected<void, fault> probe(const ip_address& address, instant now) override;
  std::optional<bool> probed(instant now) override;
  void announce(const ip_address& address, instant now) override;
  std::expected<bool, fault> send(device::service of, const datagram& out, instant now) override;
  std::expected<std::optional<datagram>, fault> receive(device::service of, mutable_bytes memory, instant now) override;
  device::stream& session_stream() override { return session_; }
  device::stream& lookup_stream() override { return lookup_; }
  instant deadline() const override { return probing_ ? arp_.deadline() : never; }

 private:
  std::expected<void, fault> open_interface(const device::configuration& chosen);
  void find_hardware_address();

  posix::loop& loop_;
  entropy& random_;
  tap* tap_ = nullptr;
  bool as_is_ = false;
  bool dhcp_ = false;
  bool probing_ = false;
  mac_address mac_;
  std::string name_;
  posix::network_interface interface_;
  posix::dhcp_socket dhcp_socket_;
  posix::arp_probe arp_;
  posix::udp_sockets dns_, ntp_;
  posix_stream session_, lookup_;
};

}  // namespace recado::linux_board
