// The interface over lwIP: cable, routes of a lease, ARP, and frames that are none.
#include <gmock/gmock.h>

#include <recado/drive/lwip/udp_ports.hpp>
#include <recado/drive/lwip/wire_for_tests.hpp>

namespace recado::lwip {
namespace {

class interface_over_lwip : public on_a_wire {
 protected:
  static ip_address other(std::uint8_t last) { return ip_address::v4(10, 0, 0, last); }

  /// Whose hardware address is asked for to reach this one.
  ip_address asked_to_reach(const ip_address& far) {
    net.wire.arp.clear();
    udp_ports ports;
    (void)ports.send({5001, {far, 53}, as_bytes(std::string_view{"x"})});
    settle();
    return net.wire.arp.empty() ? ip_address{} : net.wire.arp.front().target;
  }
};

TEST_F(interface_over_lwip, the_routes_of_the_lease_are_gone_by_the_longest_first) {
  dhcp::lease one = lease();
  one.routers = {};
  const auto route = [&](ip_address to, std::uint8_t prefix, ip_address router) {
    (void)one.routes.push_back({to, prefix, router});
  };
  route(ip_address::v4_any(), 0, other(11));
  route(ip_address::v4(192, 168, 0, 0), 16, other(12));
  route(ip_address::v4(192, 168, 7, 0), 24, other(13));
  route(ip_address::v4(192, 168, 7, 9), 32, ip_address::v4_any());
  net.local.apply(one);
  EXPECT_EQ(asked_to_reach(ip_address::v4(8, 8, 8, 8)), other(11));
  EXPECT_EQ(asked_to_reach(ip_address::v4(192, 168, 1, 1)), other(12));
  EXPECT_EQ(asked_to_reach(ip_address::v4(192, 168, 7, 1)), other(13));
  EXPECT_EQ(asked_to_reach(ip_address::v4(192, 168, 7, 9)), ip_address::v4(192, 168, 7, 9)) << "on the link itself";
  EXPECT_EQ(asked_to_reach(other(77)), other(77));
}

TEST_F(interface_over_lwip, without_routes_the_gateway_is_the_way_and_without_one_there_is_none) {
  net.local.apply(lease());
  net.local.below();
  EXPECT_EQ(net.local.router({lwip_htonl(0x08080808)}), nullptr);
  dhcp::lease alone = lease();
  alone.routers = {};
  net.local.apply(alone);
  udp_ports ports;
  const auto sent = ports.send({5001, {ip_address::v4(8, 8, 8, 8), 53}, {}});
  ASSERT_FALSE(sent);
  EXPECT_TRUE(is(sent.error(), stream_error::unreachable));
}

TEST_F(interface_over_lwip, the_mtu_of_the_lease_stays_within_reason) {
  const std::pair<std::uint16_t, std::uint16_t> table[] = {{0, 1500},    {68, 576},    {575, 576},  {576, 576},
                                                           {1400, 1400}, {1500, 1500}, {9000, 1500}};
  for (const auto& [given, used] : table) {
    dhcp::lease one = lease();
    one.mtu = given;
    net.local.apply(one);
    EXPECT_EQ(net.local.below().mtu, used) << given;
  }
  net.local.withdraw();
  EXPECT_EQ(net.local.below().mtu, 1500);
}

TEST_F(interface_over_lwip, the_cable_is_told_to_lwip_each_time_it_changes) {
  for (const bool up : {false, false, true, true}) {
    net.wire.up = up;
    EXPECT_EQ(net.local.link_is_up(), up);
    EXPECT_EQ(netif_is_link_up(&net.local.below()) != 0, up);
  }
}

TEST_F(interface_over_lwip, an_address_that_nobody_has_is_free) {
  net.local.withdraw();
  net.local.probe(other(50), net.now);
  std::optional<bool> verdict;
  const instant begun = net.now;
  for (int i = 0; i < 100 && !verdict; ++i) {
    ASSERT_LT(net.local.deadline(), never);
    net.now = std::max(net.now, net.local.deadline());
    verdict = net.local.probed(net.now);
  }
  EXPECT_EQ(verdict, true);
  EXPECT_LE(net.now - begun, 1s);
  ASSERT_FALSE(net.wire.arp.empty());
  for (const arp_packet& each : net.wire.arp) {
    EXPECT_EQ(each.target, other(50));
    EXPECT_EQ(each.sender, ip_address::v4_any());
  }
  EXPECT_EQ(net.local.probed(net.now), std::nullopt) << "the verdict is given once";
}

TEST_F(interface_over_lwip, an_address_that_somebody_has_is_not) {
  net.local.withdraw();
  net.local.probe(other(50), net.now);
  (void)net.local.probed(net.now);
  net.wire.says_arp({arp_packet::operation::reply, hardware(9), other(50), own_hardware, {}});
  settle();
  EXPECT_EQ(net.local.probed(net.now), false);
  EXPECT_EQ(net.local.probed(net.now), std::nullopt);
}

TEST_F(interface_over_lwip, a_verdict_that_nobody_asked_for_is_not_that_of_the_next_address) {
  net.local.withdraw();
  net.local.probe(other(50), net.now);
  (void)net.local.probed(net.now);
  net.wire.says_arp({arp_packet::operation::reply, hardware(9), other(50), own_hardware, {}});
  settle();
  net.local.probe(other(51), net.now);
  EXPECT_EQ(net.local.probed(net.now), std::nullopt);
}

TEST_F(interface_over_lwip, without_memory_a_probe_is_lost_and_that_is_all) {
  net.local.withdraw();
  std::vector<void*> taken;
  for (mem_size_t piece = 1024; piece >= 16; piece = static_cast<mem_size_t>(piece / 2))
    while (void* one = mem_malloc(piece)) taken.push_back(one);
  net.local.probe(other(50), net.now);
  std::optional<bool> verdict;
  for (int i = 0; i < 100 && !verdict; ++i) {
    net.now = std::max(net.now, net.local.deadline());
    verdict = net.local.probed(net.now);
  }
  EXPECT_EQ(verdict, true);
  EXPECT_TRUE(net.wire.arp.empty());
  for (void* each : taken) mem_free(each);
}

// From nothing to a whole header: what a controller could hand over.
TEST_F(interface_over_lwip, frames_that_are_none_are_dropped_with_their_memory) {
  net.local.probe(other(50), net.now);  // so that ARP is looked for in them
  segment one;
  one.from = 1, one.to = 2, one.flags = syn;
  net.wire.says(one);
  const std::string whole = net.wire.coming.front();
  net.wire.coming.clear();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    net.wire.coming.push_back(whole.substr(0, size));
    settle();
  }
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string changed = whole;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    net.wire.coming.push_back(changed);
    settle();
  }
  EXPECT_EQ(used(MEMP_PBUF_POOL), 0u);
}

TEST_F(interface_over_lwip, a_flood_is_taken_in_portions) {
  segment one;
  one.from = 1, one.to = 2, one.data = "for somebody else", one.destination = 0x0a'00'00'63;
  for (int i = 0; i < 40; ++i) net.wire.says_datagram(one);
  EXPECT_TRUE(net.local.poll());
  EXPECT_EQ(net.wire.coming.size(), 24u);
  EXPECT_TRUE(net.local.poll());
  EXPECT_FALSE(net.local.poll());
  EXPECT_TRUE(net.wire.coming.empty());
}

}  // namespace
}  // namespace recado::lwip
