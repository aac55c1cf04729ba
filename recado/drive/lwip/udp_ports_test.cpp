// Datagrams over lwIP: ports that come and go, what has no room, and who may be spoken to without an address.
#include <gmock/gmock.h>

#include <recado/drive/lwip/udp_ports.hpp>
#include <recado/drive/lwip/wire_for_tests.hpp>

namespace recado::lwip {
namespace {

class udp_over_lwip : public on_a_wire {
 protected:
  void TearDown() override {
    ports.reset();
    on_a_wire::TearDown();
  }

  static datagram to_peer(std::uint16_t from, std::string_view text, std::uint16_t to = 53) {
    return {from, {ip_address::v4(peer_address), to}, as_bytes(text)};
  }
  /// What the wire heard of it.
  segment sends(const datagram& one) {
    EXPECT_EQ(ports->send(one), true);
    settle();
    if (net.wire.datagrams.empty()) return {};
    const segment heard = net.wire.datagrams.front();
    net.wire.datagrams.pop_front();
    return heard;
  }
  void says(std::uint16_t to, std::string text) {
    segment one;
    one.from = 53, one.to = to, one.data = std::move(text);
    net.wire.says_datagram(one);
    settle();
  }
  /// "the port it came to: what came", or nothing.
  std::string receives() {
    const auto one = ports->receive(room);
    if (!one) return {};
    EXPECT_EQ(one->peer, (endpoint{ip_address::v4(peer_address), 53}));
    return std::to_string(one->local_port) + ": " + std::string{as_text(one->payload)};
  }

  std::optional<udp_ports> ports{std::in_place};
  std::array<std::byte, 64> room{};
};

TEST_F(udp_over_lwip, one_goes_out_from_its_port_and_its_answer_comes_back) {
  const segment heard = sends(to_peer(5001, "question"));
  EXPECT_EQ(heard.from, 5001);
  EXPECT_EQ(heard.to, 53);
  EXPECT_EQ(heard.source, own_address);
  EXPECT_EQ(heard.data, "question");
  net.now += 7us;
  says(5001, "answer");
  net.now += 1s;
  const auto got = ports->receive(room);
  ASSERT_TRUE(got);
  EXPECT_EQ(as_text(got->payload), "answer");
  EXPECT_EQ(got->received, net.now - 1s) << "when it came, not when it was read";
  EXPECT_EQ(receives(), "");
}

TEST_F(udp_over_lwip, what_comes_to_no_port_is_not_kept) {
  (void)sends(to_peer(5001, "x"));
  says(5002, "stray");
  EXPECT_EQ(receives(), "");
  EXPECT_EQ(used(MEMP_PBUF_POOL), 0u);
}

TEST_F(udp_over_lwip, the_oldest_port_gives_way_and_what_came_to_it_is_still_read) {
  for (const std::uint16_t port : {std::uint16_t{5001}, std::uint16_t{5002}}) (void)sends(to_peer(port, "x"));
  says(5001, "before");
  (void)sends(to_peer(5003, "x"));
  says(5001, "after");
  says(5002, "other");
  EXPECT_EQ(receives(), "5001: before");
  EXPECT_EQ(receives(), "5002: other");
  EXPECT_EQ(receives(), "");
}

TEST_F(udp_over_lwip, no_port_of_its_own_is_any_that_is_open_or_a_new_one) {
  const segment first = sends(to_peer(0, "x"));
  EXPECT_GE(first.from, 1024);
  EXPECT_EQ(sends(to_peer(0, "y")).from, first.from);
  says(first.from, "answer");
  EXPECT_EQ(receives(), std::to_string(first.from) + ": answer");
}

TEST_F(udp_over_lwip, what_waits_too_long_has_no_room_and_what_is_too_long_is_passed_over) {
  (void)sends(to_peer(5001, "x"));
  says(5001, std::string(room.size() + 1, 'l'));
  says(5001, std::string(room.size(), 'f'));
  says(5001, "one too many");
  EXPECT_EQ(receives(), "5001: " + std::string(room.size(), 'f'));
  EXPECT_EQ(receives(), "");
  says(5001, "again");
  EXPECT_EQ(receives(), "5001: again");
  says(5001, "");
  const auto empty = ports->receive(room);
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->payload.empty());
}

TEST_F(udp_over_lwip, memory_that_has_run_out_is_no_fault) {
  (void)sends(to_peer(5001, "x"));
  std::vector<void*> taken;
  for (mem_size_t piece = 1024; piece >= 16; piece = static_cast<mem_size_t>(piece / 2))
    while (void* one = mem_malloc(piece)) taken.push_back(one);
  EXPECT_EQ(ports->send(to_peer(5001, "later")), false);
  for (void* each : taken) mem_free(each);
  EXPECT_EQ(sends(to_peer(5001, "later")).data, "later");
}

TEST_F(udp_over_lwip, no_port_left_is_a_fault_of_that_datagram) {
  std::array<udp_ports, MEMP_NUM_UDP_PCB / udp_ports::ports_max> all;
  std::uint16_t port = 6000;
  for (udp_ports& each : all)
    for (std::size_t i = 0; i < udp_ports::ports_max; ++i) EXPECT_EQ(each.send(to_peer(port++, "x")), true);
  for (int i = 0; i < 3; ++i) {
    const auto more = ports->send(to_peer(5001, "x"));
    ASSERT_FALSE(more);
    EXPECT_TRUE(is(more.error(), link_error::port_in_use));
  }
  const auto doubled = all[1].send(to_peer(6000, "x"));
  ASSERT_FALSE(doubled) << "somebody else's port";
  EXPECT_TRUE(is(doubled.error(), link_error::port_in_use));
  EXPECT_EQ(all[1].send(to_peer(6002, "x")), true) << "its other port is as it was";
}

TEST_F(udp_over_lwip, nobody_is_reached_without_an_address_but_everybody_is) {
  net.local.withdraw();
  const auto nobody = ports->send(to_peer(5001, "x"));
  ASSERT_FALSE(nobody);
  EXPECT_TRUE(is(nobody.error(), stream_error::unreachable));
  ports->open(&net.local.below());
  const segment heard = sends({68, {ip_address::v4_broadcast(), 67}, as_bytes(std::string_view{"discover"})});
  EXPECT_EQ(heard.data, "discover");
  EXPECT_EQ(heard.source, 0u);
  EXPECT_EQ(heard.destination, 0xffff'ffffu);
  segment offer;
  offer.from = 67, offer.to = 68, offer.destination = 0x0a'00'00'63, offer.data = "offer";
  net.wire.says_datagram(offer);
  settle();
  const auto got = ports->receive(room);
  ASSERT_TRUE(got) << "an offer comes to an address that isn't ours yet";
  EXPECT_EQ(as_text(got->payload), "offer");
}

TEST_F(udp_over_lwip, ipv6_is_unreachable) {
  const auto sent = ports->send({5001, {*parse_address("2001:db8::1"), 53}, {}});
  ASSERT_FALSE(sent);
  EXPECT_TRUE(is(sent.error(), stream_error::unreachable));
}

}  // namespace
}  // namespace recado::lwip
