// The device's board: nothing but the network is of interest here, and a clock that jumps.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <recado/device/board.hpp>
#include <sim/random.hpp>
#include <sim/servers.hpp>
#include <sim/stream.hpp>

namespace recado::sim {

class sim_board final : public device::leds,
                        public device::button,
                        public device::real_time_clock,
                        public device::stopwatch,
                        public device::console,
                        public device::storage,
                        public device::network {
 public:
  sim_board(network_stream& wire, server_network& servers, std::uint64_t seed)
      : random(seed), wire_(wire), servers_(servers) {
    blocks_.fill(std::byte{0xff});
  }

  seeded_entropy random;
  wall_clock clock;
  const device::board view{*this, *this, *this, *this, *this, *this, *this, random, clock};

  void set(unsigned, bool) override {}
  bool pressed() override { return false; }
  bool held_at_start() override { return false; }
  std::optional<utc_time> read() override { return std::nullopt; }
  void set(utc_time) override {}
  std::uint64_t nanoseconds() override { return 0; }
  void line(device::console_level, std::string_view) override {}
  void rung(const device::rung_report&) override {}

  std::size_t block_bytes() const override { return blocks_.size() / 2; }
  std::size_t block_count() const override { return 2; }
  bool read(std::size_t offset, mutable_bytes into) override {
    return copy(bytes{blocks_}.subspan(offset, into.size()), into), true;
  }
  bool program(std::size_t offset, bytes what) override {
    return copy(what, mutable_bytes{blocks_}.subspan(offset)), true;
  }
  bool erase(std::size_t block) override {
    std::ranges::fill(mutable_bytes{blocks_}.subspan(block * block_bytes(), block_bytes()), std::byte{0xff});
    return true;
  }
  bool sync() override { return true; }

  mac_address hardware() const override { return {{std::byte{2}, {}, {}, {}, {}, std::byte{7}}}; }
  bool link_is_up() override { return wire_.path.cable; }
  std::expected<void, fault> apply(const dhcp::lease& lease) override {
    applied = true, expires = lease.expires();
    return {};
  }
  void withdraw() override { applied = false; }
  std::expected<dhcp::lease, fault> present() override { return dhcp::lease{}; }
  std::expected<void, fault> probe(const ip_address&, instant) override {
    probing_ = true;
    return {};
  }
  std::optional<bool> probed(instant) override {
    return std::exchange(probing_, false) ? std::optional{true} : std::nullopt;
  }
  void announce(const ip_address&, instant) override {}
  std::expected<bool, fault> send(device::service of, const datagram& out, instant now) override {
    if (wire_.path.cable) servers_.send(of, out, now);
    return true;
  }
  std::expected<std::optional<datagram>, fault> receive(device::service of, mutable_bytes memory,
                                                        instant now) override {
    return servers_.receive(of, memory, now);
  }
  device::stream& session_stream() override { return wire_; }
  device::stream& lookup_stream() override { return wire_; }
  instant deadline() const override { return probing_ ? instant::min() : never; }

  bool applied = false;
  instant expires = never;  ///< of the lease that is applied

 private:
  network_stream& wire_;
  server_network& servers_;
  bool probing_ = false;
  std::array<std::byte, 1024> blocks_;
};

}  // namespace recado::sim
