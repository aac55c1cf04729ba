// The device's network over lwIP, the same on every board.
#pragma once

#include <array>
#include <optional>

#include <recado/device/board.hpp>
#include <recado/device/name_service.hpp>
#include <recado/drive/lwip/interface.hpp>
#include <recado/drive/lwip/tcp_stream.hpp>
#include <recado/drive/lwip/udp_ports.hpp>

namespace recado::firmware {

/// One TCP connection after another on a `lwip::tcp_stream`.
class lwip_stream final : public device::stream {
 public:
  std::expected<void, fault> connect(const endpoint& peer, instant now) override { return stream_.connect(peer, now); }
  phase advance(instant now) override;
  fault why() const override { return stream_.why(); }
  std::expected<std::size_t, fault> send(bytes data, instant now) override { return stream_.send(data, now); }
  std::expected<std::size_t, fault> receive(mutable_bytes memory, instant now) override {
    return stream_.receive(memory, now);
  }
  std::size_t available() override { return stream_.available(); }
  std::size_t lent() const override { return stream_.lent(); }
  void finish(instant now) override { stream_.finish(now); }
  void close(instant now) override { stream_.close(now); }
  instant deadline() const override { return stream_.deadline(); }

 private:
  lwip::tcp_stream stream_;
};

/// The interface, its datagrams and its streams.
class lwip_network final : public device::network {
 public:
  /// Adds the interface to lwIP, which was started. Controller and randomness must outlive it.
  void open(lwip::ethernet& controller, entropy& random);
  /// Takes the frames that came; true if there may be more.
  bool poll() { return interface_.poll(); }
  /// The interface, to be looked at.
  const lwip::interface& interface() const { return interface_; }

  mac_address hardware() const override { return interface_.address(); }
  bool link_is_up() override { return interface_.link_is_up(); }
  std::expected<void, fault> apply(const dhcp::lease& lease) override;
  void withdraw() override;
  std::expected<dhcp::lease, fault> present() override;
  std::expected<void, fault> probe(const ip_address& address, instant now) override;
  std::optional<bool> probed(instant now) override { return interface_.probed(now); }
  void announce(const ip_address& address, instant now) override { interface_.announce(address, now); }
  std::expected<bool, fault> send(device::service of, const datagram& out, instant now) override;
  std::expected<std::optional<datagram>, fault> receive(device::service of, mutable_bytes memory, instant now) override;
  device::stream& session_stream() override { return streams_.front(); }
  device::stream& lookup_stream() override { return streams_.back(); }
  instant deadline() const override { return interface_.deadline(); }

 private:
  lwip::udp_ports& ports(device::service of);

  lwip::interface interface_;
  lwip::udp_ports dhcp_, dns_, ntp_;
  /// The session's, and one for names, where they are asked for over TCP.
  std::array<lwip_stream, device::has_dns_over_tcp ? 2 : 1> streams_;
};

}  // namespace recado::firmware
