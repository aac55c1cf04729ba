// The device's network over lwIP, by the interface that the application sees, on a cable in memory.
#include "network.hpp"

#include <gmock/gmock.h>

#include <recado/drive/lwip/wire_for_tests.hpp>

namespace recado::firmware {
namespace {

using namespace std::chrono_literals;
using device::service;
using phase = device::stream::phase;

constexpr std::uint32_t server_address = lwip::peer_address, everybody = 0xffff'ffff;

/// The one network of the program, as on a board.
struct board_network {
  lwip::wire_in_memory wire;
  lwip::counting_entropy random;
  lwip_network network;
  instant now{1h};

  static board_network& get() {
    static board_network* const one = [] {
      auto* const made = new board_network;
      static board_network* known = made;
      lwip::start([] { return known->now; }, made->random, [](const char* what) { ADD_FAILURE() << "lwIP: " << what; });
      made->network.open(made->wire, made->random);
      return made;
    }();
    return *one;
  }
};

class network_of_a_board : public testing::Test {
 protected:
  void SetUp() override {
    wire.up = true;
    (void)network.link_is_up();
    settle();
    forget();
  }
  void TearDown() override {
    for (device::stream* each : {&network.session_stream(), &network.lookup_stream()}) each->close(it.now);
    network.withdraw();
    passes(5min);
    while (receives(service::dhcp) || receives(service::dns) || receives(service::ntp)) {
    }
    EXPECT_EQ(lwip_stats.memp[MEMP_PBUF_POOL]->used, 0u);
    EXPECT_EQ(lwip_stats.memp[MEMP_TCP_PCB]->used, 0u);
    EXPECT_EQ(lwip_stats.mem.used, 0u);
  }

  void forget() { wire.heard.clear(), wire.datagrams.clear(), wire.arp.clear(), wire.coming.clear(); }
  void settle() {
    while (network.poll()) {
    }
  }
  void passes(duration time) {
    for (const instant end = it.now + time; it.now < end;) {
      it.now = std::min(end, it.now + 50ms);
      lwip::run_timers();
      settle();
    }
  }
  static ip_address host(std::uint8_t last) { return ip_address::v4(10, 0, 0, last); }
  void has_an_address() {
    dhcp::lease lease;
    lease.address = ip_address::v4(lwip::own_address), lease.prefix = 24;
    ASSERT_TRUE(network.apply(lease));
    settle();
    forget();
  }
  /// What is heard of it on the wire.
  std::optional<lwip::segment> sends(service of, std::uint16_t from, ip_address to, std::string_view text) {
    EXPECT_EQ(network.send(of, {from, {to, 67}, as_bytes(text)}, it.now), true);
    settle();
    if (wire.datagrams.empty()) return std::nullopt;
    const lwip::segment heard = wire.datagrams.front();
    wire.datagrams.pop_front();
    return heard;
  }
  void says(std::uint16_t to, std::uint32_t destination, std::string text) {
    lwip::segment one;
    one.from = 67, one.to = to, one.destination = destination, one.data = std::move(text);
    wire.says_datagram(one);
    settle();
  }
  std::optional<std::string> receives(service of) {
    std::array<std::byte, 64> room;
    const auto got = network.receive(of, room, it.now);
    EXPECT_TRUE(got.has_value());
    if (!got || !*got) return std::nullopt;
    return std::string{as_text((*got)->payload)};
  }
  /// The verdict of the probe that was begun, at the latest after ten seconds.
  std::optional<bool> verdict() {
    std::optional<bool> result;
    for (const instant end = it.now + 10s; it.now < end && !result;) {
      result = network.probed(it.now);
      passes(50ms);
    }
    return result;
  }

  board_network& it = board_network::get();
  lwip::wire_in_memory& wire = it.wire;
  device::network& network_as_seen = it.network;
  lwip_network& network = it.network;
};

TEST_F(network_of_a_board, has_the_controllers_address_and_none_of_its_own) {
  EXPECT_EQ(network_as_seen.hardware(), lwip::own_hardware);
  const auto present = network_as_seen.present();
  ASSERT_FALSE(present);
  EXPECT_TRUE(is(present.error(), link_error::not_supported));
}

TEST_F(network_of_a_board, speaks_dhcp_to_everybody_and_nothing_else_before_it_has_an_address) {
  const auto discover = sends(service::dhcp, 68, ip_address::v4_broadcast(), "discover");
  ASSERT_TRUE(discover);
  EXPECT_EQ(discover->source, 0u);
  EXPECT_EQ(discover->destination, everybody);
  EXPECT_EQ(discover->from, 68);
  for (const auto& [other, port] :
       {std::pair{service::dns, std::uint16_t{5001}}, {service::ntp, std::uint16_t{5002}}}) {
    const auto none = network.send(other, {port, {host(1), 53}, {}}, it.now);
    ASSERT_FALSE(none);
    EXPECT_TRUE(is(none.error(), stream_error::unreachable));
  }
}

// RFC 2131 §4.1: to the address that is offered, or to everybody, as the server can.
TEST_F(network_of_a_board, hears_an_offer_however_it_is_addressed) {
  (void)sends(service::dhcp, 68, ip_address::v4_broadcast(), "discover");
  says(68, everybody, "to everybody");
  EXPECT_EQ(receives(service::dhcp), "to everybody");
  says(68, 0x0a'00'00'63, "to the address that is offered");
  EXPECT_EQ(receives(service::dhcp), "to the address that is offered");
  says(69, everybody, "to another port");
  says(5000, 0x0a'00'00'63, "to somebody else");
  EXPECT_EQ(receives(service::dhcp), std::nullopt);
}

TEST_F(network_of_a_board, asks_everybody_again_from_the_address_that_it_has) {
  has_an_address();
  const auto rebinding = sends(service::dhcp, 68, ip_address::v4_broadcast(), "request");
  ASSERT_TRUE(rebinding);
  EXPECT_EQ(rebinding->source, lwip::own_address);
  EXPECT_EQ(rebinding->destination, everybody);
  const auto renewing = sends(service::dhcp, 68, host(1), "request");
  ASSERT_TRUE(renewing);
  EXPECT_EQ(renewing->destination, server_address);
}

TEST_F(network_of_a_board, keeps_the_datagrams_of_its_services_apart) {
  has_an_address();
  (void)sends(service::dhcp, 68, host(1), "x"), (void)sends(service::dns, 5001, host(1), "x");
  (void)sends(service::ntp, 5002, host(1), "x");
  says(5002, lwip::own_address, "time"), says(68, lwip::own_address, "lease"), says(5001, lwip::own_address, "name");
  EXPECT_EQ(receives(service::dns), "name");
  EXPECT_EQ(receives(service::dns), std::nullopt);
  EXPECT_EQ(receives(service::ntp), "time");
  EXPECT_EQ(receives(service::dhcp), "lease");
}

TEST_F(network_of_a_board, passes_over_a_datagram_that_has_no_room) {
  has_an_address();
  (void)sends(service::dns, 5001, host(1), "x");
  says(5001, lwip::own_address, std::string(65, 'l')), says(5001, lwip::own_address, std::string(64, 'f'));
  EXPECT_EQ(receives(service::dns), std::string(64, 'f'));
  EXPECT_EQ(receives(service::dns), std::nullopt);
}

TEST_F(network_of_a_board, asks_whether_an_address_is_free_and_tells_that_it_is_taken) {
  ASSERT_TRUE(network.probe(host(50), it.now));
  EXPECT_EQ(verdict(), true);
  EXPECT_EQ(network.deadline(), never);
  for (const arp_packet& each : wire.arp) EXPECT_EQ(each.sender, ip_address::v4_any());
  forget();
  network.announce(host(50), it.now);
  for (int i = 0; i < 20; ++i) (void)network.probed(it.now), passes(50ms);
  ASSERT_EQ(wire.arp.size(), 2u);
  EXPECT_EQ(wire.arp.front().sender, host(50));
}

// RFC 5227 §2.1.1: whoever says that it has the address, and whoever asks for it at the same time.
TEST_F(network_of_a_board, takes_no_address_that_another_host_has_or_asks_for) {
  using operation = arp_packet::operation;
  const auto other = lwip::hardware(9);
  const arp_packet conflicts[] = {
      {operation::reply, other, host(50), lwip::own_hardware, ip_address::v4_any()},
      {operation::request, other, host(50), {}, host(1)},
      {operation::request, other, ip_address::v4_any(), {}, host(50)},
  };
  for (const arp_packet& each : conflicts) {
    ASSERT_TRUE(network.probe(host(50), it.now));
    passes(100ms);
    wire.says_arp(each);
    EXPECT_EQ(verdict(), false);
    EXPECT_EQ(verdict(), std::nullopt);
  }
  const arp_packet harmless[] = {
      {operation::request, lwip::own_hardware, ip_address::v4_any(), {}, host(50)},  // its own, from a loop of switches
      {operation::request, other, ip_address::v4_any(), {}, host(51)},
      {operation::request, other, host(9), {}, host(50)},
  };
  for (const arp_packet& each : harmless) {
    ASSERT_TRUE(network.probe(host(50), it.now));
    passes(100ms);
    wire.says_arp(each);
    EXPECT_EQ(verdict(), true);
  }
}

TEST_F(network_of_a_board, reaches_nobody_while_the_cable_is_out_and_everybody_once_it_is_back) {
  has_an_address();
  wire.up = false;
  EXPECT_FALSE(network.link_is_up());
  const auto none = network.send(service::dns, {5001, {host(1), 53}, {}}, it.now);
  ASSERT_FALSE(none);
  EXPECT_TRUE(is(none.error(), stream_error::unreachable));
  const auto call = network.session_stream().connect({host(1), 1883}, it.now);
  ASSERT_FALSE(call);
  EXPECT_TRUE(is(call.error(), stream_error::unreachable));
  wire.up = true;
  EXPECT_TRUE(network.link_is_up());
  EXPECT_TRUE(sends(service::dns, 5001, host(1), "x"));
  EXPECT_TRUE(network.session_stream().connect({host(1), 1883}, it.now));
}

TEST_F(network_of_a_board, tells_how_its_streams_stand) {
  has_an_address();
  device::stream& stream = network.session_stream();
  EXPECT_NE(&stream, &network.lookup_stream());
  ASSERT_TRUE(stream.connect({host(1), 1883}, it.now));
  EXPECT_EQ(stream.advance(it.now), phase::connecting);
  EXPECT_EQ(stream.deadline(), it.now + 10s);
  settle();
  ASSERT_FALSE(wire.heard.empty());
  lwip::segment answer;
  answer.from = 1883, answer.to = wire.heard.front().from, answer.flags = lwip::syn | lwip::ack;
  answer.sequence = 1000, answer.acknowledged = wire.heard.front().sequence + 1, answer.window = 8000;
  wire.says(answer);
  settle();
  EXPECT_EQ(stream.advance(it.now), phase::open);
  const std::string lent(200, 'l');
  EXPECT_EQ(stream.send(as_bytes(lent), it.now), 0u);
  EXPECT_EQ(stream.lent(), 200u);
  answer.flags = lwip::ack | lwip::psh, ++answer.sequence, answer.data = "hello";
  wire.says(answer);
  settle();
  EXPECT_EQ(stream.available(), 5u);
  stream.finish(it.now);
  EXPECT_EQ(stream.advance(it.now), phase::open) << "it waits for the peer's end";
  passes(2s);
  EXPECT_EQ(stream.advance(it.now), phase::closed);
  EXPECT_EQ(stream.why(), make_fault(stream_error::aborted));
}

TEST_F(network_of_a_board, tells_that_a_stream_was_refused_or_not_answered) {
  has_an_address();
  device::stream& stream = network.lookup_stream();
  EXPECT_EQ(stream.advance(it.now), phase::idle);
  ASSERT_TRUE(stream.connect({host(1), 53}, it.now));
  settle();
  ASSERT_FALSE(wire.heard.empty());
  lwip::segment refusal;
  refusal.from = 53, refusal.to = wire.heard.front().from, refusal.flags = lwip::rst | lwip::ack;
  refusal.acknowledged = wire.heard.front().sequence + 1;
  wire.says(refusal);
  settle();
  EXPECT_EQ(stream.advance(it.now), phase::closed);
  EXPECT_EQ(stream.why(), make_fault(stream_error::refused));
  ASSERT_TRUE(stream.connect({host(1), 53}, it.now));
  passes(10s);
  EXPECT_EQ(stream.advance(it.now), phase::closed);
  EXPECT_EQ(stream.why(), make_fault(stream_error::timed_out));
}

}  // namespace
}  // namespace recado::firmware
