// UDP for datagram machines, over lwIP's raw interface.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>

#include <recado/core/bytes.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/wire/machine.hpp>

struct pbuf;
struct udp_pcb;
struct netif;

namespace recado::lwip {

/// The ports of one service: opened when one is first used, the oldest closed when there are too many. What comes
/// waits in lwIP's buffers until it is read; what has no room any more is dropped, as on the wire.
class udp_ports {
 public:
  static constexpr std::size_t ports_max = 2;    ///< open at a time
  static constexpr std::size_t waiting_max = 2;  ///< datagrams that wait for `receive`

  udp_ports() = default;
  /// Closes its ports, and drops what waits.
  ~udp_ports();
  udp_ports(const udp_ports&) = delete;
  udp_ports& operator=(const udp_ports&) = delete;

  /// With an interface, datagrams to 255.255.255.255 leave there from 0.0.0.0 as long as it has no address: DHCP.
  void open(netif* without_address = nullptr) { netif_ = without_address; }
  /// Sends one datagram: false if there is no room now. Faults are of this datagram only.
  std::expected<bool, fault> send(const datagram& out);
  /// The next one that came, its payload in `memory`, or nothing. One that doesn't fit is dropped.
  std::optional<datagram> receive(mutable_bytes memory);

 private:
  struct port {
    udp_ports* owner = nullptr;
    udp_pcb* pcb = nullptr;
    std::uint16_t number = 0;
    std::uint32_t opened_as = 0;
  };
  struct arrival {
    pbuf* what = nullptr;
    std::uint16_t local_port = 0;
    endpoint peer;
    instant received;
  };
  static void on_received(void* which, udp_pcb* pcb, pbuf* what, const void* address, std::uint16_t from);
  port* port_for(std::uint16_t number);

  netif* netif_ = nullptr;
  std::array<port, ports_max> ports_{};
  std::array<arrival, waiting_max> waiting_{};
  std::size_t first_ = 0, count_ = 0;
  std::uint32_t opened_ = 0;
};

}  // namespace recado::lwip
