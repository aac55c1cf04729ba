// A stream over lwIP: how it begins and ends, in order and out of it.
#include <gmock/gmock.h>

#include <recado/drive/lwip/connection_for_tests.hpp>

namespace recado::lwip {
namespace {

using phase = tcp_stream::phase;

class tcp_stream_over_lwip : public on_a_connection {};

TEST_F(tcp_stream_over_lwip, is_refused_by_a_reset) {
  ASSERT_TRUE(stream.connect(peer(), net.now));
  settle();
  const segment call = hears();
  local_port = call.from, our_next = call.sequence + 1;
  says_reset();
  EXPECT_EQ(stream.advance(net.now), phase::closed);
  EXPECT_EQ(stream.why(), only(stream_error::refused));
  EXPECT_EQ(stream.deadline(), never);
}

TEST_F(tcp_stream_over_lwip, that_nobody_answers_is_given_up_in_time) {
  ASSERT_TRUE(stream.connect(peer(), net.now));
  const instant until = stream.deadline();
  EXPECT_EQ(until, net.now + 10s);
  passes(until - net.now - 1ms);
  EXPECT_EQ(stream.advance(net.now), phase::connecting);
  EXPECT_GE(net.wire.heard.size(), 2u) << "it called again meanwhile";
  passes(1ms);
  EXPECT_EQ(stream.advance(net.now), phase::closed);
  EXPECT_EQ(stream.why(), only(stream_error::timed_out));
  EXPECT_EQ(used(MEMP_TCP_PCB), 0u);
}

TEST_F(tcp_stream_over_lwip, without_an_address_or_a_route_fails_at_once) {
  net.local.withdraw();
  const auto none = stream.connect(peer(), net.now);
  ASSERT_FALSE(none);
  EXPECT_TRUE(is(none.error(), stream_error::unreachable));
  const auto six = stream.connect({*parse_address("2001:db8::1"), port}, net.now);
  ASSERT_FALSE(six);
  EXPECT_EQ(six.error(), only(stream_error::unreachable));
}

TEST_F(tcp_stream_over_lwip, beyond_its_network_without_a_router_fails_at_once) {
  dhcp::lease alone = lease();
  alone.routers = {};
  const endpoint far{ip_address::v4(8, 8, 8, 8), port};
  net.local.apply(alone);
  const auto none = stream.connect(far, net.now);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error(), only(stream_error::unreachable));
  EXPECT_TRUE(stream.connect(peer(), net.now)) << "on the network itself";
  (void)alone.routes.push_back({ip_address::v4(8, 8, 8, 0), 24, ip_address::v4(peer_address)});
  net.local.apply(alone);
  EXPECT_TRUE(stream.connect(far, net.now)) << "by a route of the lease";
}

TEST_F(tcp_stream_over_lwip, beyond_the_last_connection_is_refused_and_harms_no_other) {
  std::array<tcp_stream, MEMP_NUM_TCP_PCB> all;
  for (auto& each : all) ASSERT_TRUE(each.connect(peer(), net.now));
  const auto more = stream.connect(peer(), net.now);
  ASSERT_FALSE(more);
  EXPECT_TRUE(is(more.error(), link_error::no_resources));
  for (auto& each : all) EXPECT_EQ(each.advance(net.now), phase::connecting);
  all[0].close(net.now);
  EXPECT_TRUE(stream.connect(peer(), net.now)) << "there is room again";
}

TEST_F(tcp_stream_over_lwip, tells_the_peers_last_words_before_its_end) {
  ASSERT_NO_FATAL_FAILURE(connects());
  says("last words", ack | psh | fin);
  EXPECT_EQ(stream.available(), 10u);
  EXPECT_EQ(receives(4), "last");
  EXPECT_EQ(receives(), " words");
  EXPECT_EQ(fails_to_receive(), only(stream_error::closed_by_peer));
}

TEST_F(tcp_stream_over_lwip, tells_what_was_said_before_a_reset) {
  ASSERT_NO_FATAL_FAILURE(connects());
  EXPECT_EQ(sends(pattern(600)), 0u);
  EXPECT_EQ(stream.lent(), 600u);
  says("the reason");
  says_reset();
  EXPECT_EQ(stream.lent(), 0u) << "lwIP has let go of it";
  EXPECT_EQ(stream.send(as_bytes("more"), net.now), 0u) << "the reason comes first";
  EXPECT_EQ(receives(), "the reason");
  const auto more = stream.send(as_bytes("more"), net.now);
  ASSERT_FALSE(more);
  EXPECT_TRUE(is(more.error(), stream_error::reset));
  const auto end = fails_to_receive();
  ASSERT_TRUE(end);
  EXPECT_TRUE(is(*end, stream_error::reset));
}

TEST_F(tcp_stream_over_lwip, whose_peer_falls_silent_is_given_up_by_itself) {
  ASSERT_NO_FATAL_FAILURE(connects());
  EXPECT_EQ(sends(pattern(300)), 0u);
  passes(2h);
  const auto more = stream.send(as_bytes(pattern(300)), net.now);
  ASSERT_FALSE(more);
  EXPECT_TRUE(is(more.error(), stream_error::timed_out));
  EXPECT_EQ(stream.lent(), 0u);
}

TEST_F(tcp_stream_over_lwip, loses_its_connection_with_the_address) {
  ASSERT_NO_FATAL_FAILURE(connects());
  net.local.withdraw();
  EXPECT_TRUE(fails_to_receive().has_value());
}

TEST_F(tcp_stream_over_lwip, survives_a_cable_that_was_out_for_a_while) {
  ASSERT_NO_FATAL_FAILURE(connects());
  net.wire.up = false;
  EXPECT_FALSE(net.local.link_is_up());
  EXPECT_EQ(sends("while it is out"), 15u) << "a copy waits";
  passes(5s);
  EXPECT_EQ(hears_data(), "");
  net.wire.up = true;
  EXPECT_TRUE(net.local.link_is_up());
  passes(30s);
  EXPECT_THAT(hears_data(), testing::StartsWith("while it is out"));
  acknowledges();
  says("and on");
  EXPECT_EQ(receives(), "and on");
}

TEST_F(tcp_stream_over_lwip, ends_in_order_when_the_peer_ends_too) {
  ASSERT_NO_FATAL_FAILURE(connects());
  EXPECT_EQ(sends("goodbye"), 7u);
  stream.finish(net.now);
  settle();
  EXPECT_EQ(stream.advance(net.now), phase::closing);
  EXPECT_EQ(hears().data, "goodbye");
  const segment end = hears();
  EXPECT_TRUE(end.has(fin));
  our_next = end.sequence + 1;
  says({}, ack | fin);
  EXPECT_EQ(stream.advance(net.now), phase::closed);
  EXPECT_EQ(stream.why(), only(stream_error::aborted));
}

TEST_F(tcp_stream_over_lwip, does_not_wait_for_the_peers_end_for_ever) {
  ASSERT_NO_FATAL_FAILURE(connects());
  stream.finish(net.now);
  passes(2s - 1ms);
  EXPECT_EQ(stream.advance(net.now), phase::closing);
  passes(1ms);
  EXPECT_EQ(stream.advance(net.now), phase::closed);
}

TEST_F(tcp_stream_over_lwip, delivers_what_was_copied_after_it_is_closed) {
  ASSERT_NO_FATAL_FAILURE(connects());
  EXPECT_EQ(sends("copied"), 6u);
  EXPECT_EQ(hears().data, "copied");  // and lost
  stream.close(net.now);
  passes(10s);
  std::string again;
  bool ended = false;
  for (segment one = hears(); one.flags != 0; one = hears()) {
    EXPECT_FALSE(one.has(rst));
    if (again.empty()) again = one.data;
    ended = ended || one.has(fin);
  }
  EXPECT_EQ(again, "copied");
  EXPECT_TRUE(ended);
}

// A broker that has fallen silent acknowledges no end either, and lwIP asks for that for most of an hour.
TEST_F(tcp_stream_over_lwip, an_end_that_nobody_acknowledges_gives_way_to_a_new_connection) {
  for (unsigned i = 0; i < MEMP_NUM_TCP_PCB; ++i) {
    ASSERT_NO_FATAL_FAILURE(connects());
    stream.finish(net.now);
    passes(2s);
    ASSERT_EQ(stream.advance(net.now), phase::closed);
    net.wire.heard.clear();
  }
  ASSERT_EQ(used(MEMP_TCP_PCB), unsigned{MEMP_NUM_TCP_PCB});
  ASSERT_NO_FATAL_FAILURE(connects());
  passes(1h);
  EXPECT_EQ(used(MEMP_TCP_PCB), 1u) << "the ends are given up, the connection stays";
}

TEST_F(tcp_stream_over_lwip, resets_instead_of_sending_on_what_was_lent) {
  ASSERT_NO_FATAL_FAILURE(connects());
  const std::string lent = pattern(200);
  EXPECT_EQ(sends(lent), 0u);
  EXPECT_EQ(hears().data, lent);
  stream.close(net.now);
  settle();
  EXPECT_TRUE(hears().has(rst));
  EXPECT_EQ(stream.lent(), 0u);
  EXPECT_EQ(used(MEMP_TCP_SEG), 0u);
}

TEST_F(tcp_stream_over_lwip, can_be_used_again_after_each_of_its_ends) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_NO_FATAL_FAILURE(connects());
    says("answer");
    EXPECT_EQ(receives(), "answer");
    if (i == 0) says_reset();
    if (i == 1) stream.close(net.now);
    if (i == 2) says({}, ack | fin);
    settle();
    net.wire.heard.clear();
  }
}

}  // namespace
}  // namespace recado::lwip
