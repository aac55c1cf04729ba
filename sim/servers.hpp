// The network beside the broker: DHCP, DNS and NTP servers, and datagrams that are lost, delayed, doubled and
// overtaken.
#pragma once

#include <optional>
#include <vector>

#include <recado/device/board.hpp>
#include <sim/random.hpp>
#include <sim/world.hpp>

namespace recado::sim {

inline constexpr auto server_address = ip_address::v4(10, 0, 0, 1);
/// True time at the first moment of a life.
inline constexpr utc_time first_moment{std::chrono::seconds{1'900'000'000}};

class server_network {
 public:
  server_network(world& all, std::uint64_t seed) : world_(all), random_(seed, 7) {}

  /// The device sends a datagram; what the server answers is on its way then.
  void send(device::service of, const datagram& out, instant now);
  std::optional<datagram> receive(device::service of, mutable_bytes memory, instant now);
  bool has_arrived(instant now) const;
  /// The next arrival after now.
  instant device_wakes() const;
  void noticed(instant now) { noticed_ = now; }
  void drop_all() { letters_.clear(); }

  // Mishaps: until then.
  instant lossy_until{}, dhcp_silent_until{}, dns_silent_until{}, dns_fails_until{}, ntp_silent_until{},
      ntp_lies_until{};
  /// The next REQUEST is refused, and the device gets another address.
  void move_device() { refuses_ = true, ++host_; }

  /// When the lease ends that the server has granted last.
  instant lease_ends() const { return lease_ends_; }

 private:
  struct letter {
    instant when;
    device::service of;
    endpoint from;
    std::uint16_t to;
    std::vector<std::byte> data;
  };
  void answer(device::service of, const datagram& to, std::vector<std::byte> data, instant now);
  void on_dhcp(const datagram& in, instant now);
  void on_dns(const datagram& in, instant now);
  void on_ntp(const datagram& in, instant now);

  world& world_;
  random_source random_;
  std::vector<letter> letters_;
  instant noticed_{};
  std::uint8_t host_ = 100;
  bool refuses_ = false;
  instant lease_ends_ = never;
};

}  // namespace recado::sim
