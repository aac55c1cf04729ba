#include <recado/ntp/dialogue_test.hpp>

namespace recado::ntp {
namespace {

TEST_F(ntp_client, survives_the_loss_of_some_queries) {
  start({1}, 2);
  wait();
  ASSERT_EQ(sent.size(), 2u);
  hear_after(10ms, 10ms);
  EXPECT_TRUE(nothing_yet());
  wait();
  ASSERT_EQ(sent.size(), 3u);
  wait();
  ASSERT_EQ(sent.size(), 4u);
  hear_after(20ms, 20ms);
  EXPECT_EQ(result.samples, 2u);
  EXPECT_EQ(result.delay, 20ms);
  for (std::size_t i = 1; i < sent.size(); ++i) EXPECT_GE(sent[i].when - sent[i - 1].when, spacing_ms);
}

// So that an answer to a query that counts as lost is known for what it is.
TEST_F(ntp_client, a_query_behind_a_lost_one_has_a_nonce_and_a_port_of_its_own) {
  // [RFC5905-8-a]
  start();
  const packet late = answer();
  wait();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_NE(sent[1].what.transmitted, sent[0].what.transmitted);
  EXPECT_NE(sent[1].port, sent[0].port);
  hear(late);
  EXPECT_TRUE(nothing_yet());
}

TEST_F(ntp_client, keeps_its_distance_also_behind_a_lost_query) {
  how.spacing = 10s;
  start();
  wait();
  EXPECT_EQ(sent.size(), 1u) << "the answer is waited for no longer";
  wait();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].when - sent[0].when, 10s);
}

TEST_F(ntp_client, makes_do_with_fewer_samples_than_wanted) {
  start({1, 2}, 4);
  hear_after(10ms, 10ms);
  for (unsigned i = 0; i <= losses_max; ++i)
    if (nothing_yet()) wait();
  while (nothing_yet()) wait();
  EXPECT_EQ(result.samples, 1u);
  EXPECT_EQ(result.server, server(1));
  EXPECT_EQ(sent.size(), 1 + losses_max);
}

TEST_F(ntp_client, falls_back_to_the_next_server) {
  start({1, 2, 3});
  for (unsigned i = 0; i < losses_max; ++i) wait();
  ASSERT_EQ(sent.back().peer, server(2));
  packet reply = answer();
  reply.set_first(leap::unknown, 4, mode::server);
  now += 21ms;
  hear(reply);
  ASSERT_EQ(sent.back().peer, server(3));
  hear_after(10ms, 10ms);
  EXPECT_EQ(result.server, server(3));
  EXPECT_EQ(events, 1);
}

TEST_F(ntp_client, gives_up_after_a_bounded_time) {
  start({1, 2});
  const instant begin = now;
  while (nothing_yet()) wait();
  EXPECT_EQ(sent.size(), 2 * losses_max);
  EXPECT_EQ(now - begin, 2 * losses_max * answer_ms_max);
  EXPECT_TRUE(is(why, error::time_out));
  EXPECT_EQ(client_.deadline(), never);
}

TEST_F(ntp_client, what_a_server_said_explains_more_than_the_silence_of_another) {
  start({1, 2});
  packet reply = answer();
  reply.stratum = 16;
  hear(reply);
  while (nothing_yet()) wait();
  EXPECT_TRUE(is(why, error::unsynchronised));
}

TEST_F(ntp_client, moves_on_at_once_from_a_server_that_cannot_be_reached) {
  start({1, 2});
  client_.undeliverable(static_cast<std::uint16_t>(sent[0].port ^ 1), sent[0].peer, {}, now);
  client_.undeliverable(sent[0].port, server(2), {}, now);
  turn();
  EXPECT_EQ(sent.size(), 1u);
  client_.undeliverable(sent[0].port, sent[0].peer, make_fault(stream_error::unreachable, 113), now);
  turn();
  EXPECT_EQ(sent.back().peer, server(2));
  client_.undeliverable(sent.back().port, sent.back().peer, make_fault(stream_error::unreachable, 113), now);
  EXPECT_LE(client_.deadline(), now);
  turn();
  EXPECT_TRUE(is(why, error::unreachable));
  EXPECT_EQ(why.detail, 113u);
}

TEST_F(ntp_client, never_again_asks_a_server_that_denies) {
  // [RFC5905-7.4-a]
  start({1, 2});
  hear(kiss(answer(), "DENY"));
  ASSERT_EQ(sent.back().peer, server(2));
  hear_after(10ms, 10ms);
  now += 24h * 365;
  start({1, 2});
  EXPECT_EQ(sent.back().peer, server(2));
  hear(kiss(answer(), "RSTR"));
  EXPECT_TRUE(is(why, error::denied));
  const std::size_t before = sent.size();
  start({1, 2});
  EXPECT_EQ(sent.size(), before);
  EXPECT_EQ(events, 3);
}

TEST_F(ntp_client, leaves_a_server_alone_that_was_asked_too_often) {
  // [RFC5905-7.4-a]
  start({1});
  hear(kiss(answer(), "RATE", 3));
  EXPECT_TRUE(is(why, error::rate_limited));
  EXPECT_EQ(why.detail, rate_s_min.count());
  now += 10s;
  start({1});
  EXPECT_EQ(sent.size(), 1u);
  EXPECT_EQ(why.detail, rate_s_min.count() - 10);
  now += rate_s_min - 10s;
  start({1});
  EXPECT_EQ(sent.size(), 2u);
  hear(kiss(answer(), "RATE", 10));
  EXPECT_EQ(why.detail, 1024u);
  now += 1024s;
  start({1});
  hear(kiss(answer(), "RATE", 255));  // not believed
  EXPECT_EQ(why.detail, rate_s_min.count());
}

TEST_F(ntp_client, a_kiss_with_a_foreign_origin_is_forged) {
  // [RFC5905-7.4-b]
  start({1});
  packet forged = kiss(answer(), "DENY");
  forged.origin = timestamp{1};
  hear(forged);
  EXPECT_TRUE(nothing_yet());
  hear_after(10ms, 10ms);
  EXPECT_EQ(result.samples, 1u);
}

TEST_F(ntp_client, a_kiss_after_a_sample_ends_the_measurement_well) {
  start({1}, 4);
  hear_after(10ms, 10ms);
  wait();
  hear(kiss(answer(), "RATE"));
  EXPECT_EQ(result.samples, 1u);
  EXPECT_FALSE(why);
  start({1});
  EXPECT_TRUE(is(why, error::rate_limited));
}

TEST_F(ntp_client, ends_when_the_network_is_lost) {
  start({1}, 4);
  hear_after(10ms, 10ms);
  client_.lost(make_fault(stream_error::interface_down), now);
  EXPECT_LE(client_.deadline(), now);
  turn();
  EXPECT_TRUE(is(why, stream_error::interface_down));
  EXPECT_EQ(events, 1);
  client_.lost(make_fault(stream_error::interface_down), now);
  turn();
  EXPECT_EQ(events, 1);
  const std::size_t before = sent.size();
  start({1});
  EXPECT_EQ(sent.size(), before);  // nothing leaves before the network is there again
  client_.opened(now);
  turn();
  EXPECT_EQ(sent.size(), before + 1);
}

TEST_F(ntp_client, ends_even_if_nothing_can_be_sent) {
  client_.lost({}, now);
  start({1});
  while (nothing_yet()) wait();
  EXPECT_TRUE(is(why, error::time_out));
}

TEST_F(ntp_client, offers_another_port_when_one_is_taken) {
  const std::array list{server(1)};
  ASSERT_TRUE(client_.start(list, how, now));
  const std::uint16_t first = client_.pending(now)->local_port;
  EXPECT_EQ(client_.pending(now)->local_port, first);
  client_.port_taken(now);
  EXPECT_NE(client_.pending(now)->local_port, first);
  EXPECT_TRUE(client_.expects(client_.pending(now)->local_port));
  EXPECT_FALSE(client_.expects(first));
}

TEST_F(ntp_client, leaves_the_ports_to_the_driver_if_asked) {
  client_.let_driver_choose_ports(true);
  start();
  EXPECT_EQ(sent[0].port, 0u);
  sent[0].port = 40000;
  hear_after(10ms, 10ms);
  EXPECT_EQ(events, 1);
}

TEST_F(ntp_client, stops_and_starts_again) {
  EXPECT_EQ(client_.start({}, how, now).error(), error::no_server);
  start({1}, 2);
  client_.stop();
  EXPECT_FALSE(client_.running());
  EXPECT_EQ(client_.deadline(), never);
  hear(answer());
  EXPECT_TRUE(nothing_yet());
  start({1});
  hear_after(10ms, 10ms);
  EXPECT_EQ(events, 1);
  start({2});  // and later once more
  hear_after(30ms, 30ms);
  EXPECT_EQ(result.delay, 60ms);
  EXPECT_EQ(result.server, server(2));
}

TEST_F(ntp_client, takes_a_server_at_the_limits_and_none_beyond) {
  // [RFC5905-A.5.1.1-a]
  start({1});
  packet reply = answer();
  reply.stratum = stratum_max;              // RFC 5905 figure 11: 16 is unsynchronised
  reply.root_delay = short_time{5u << 16};  // half of it counts
  reply.root_dispersion = short_time{1u << 15};
  reply.reference = reply.transmitted;  // its clock was set just now
  now += 21ms;
  hear(reply);
  EXPECT_EQ(result.stratum, stratum_max);
  EXPECT_FALSE(client_.expects(sent.back().port));
  start({1});
  reply = answer();
  reply.root_delay = short_time{5u << 16};
  reply.root_dispersion = short_time{(1u << 15) + (1u << 10)};
  now += 21ms;
  hear(reply);
  EXPECT_TRUE(is(why, error::too_far));
}

TEST_F(ntp_client, a_delay_below_zero_by_the_grain_of_the_clocks_is_none) {
  start({1});
  packet reply = answer(0ms, 20ms);
  hear(reply);
  EXPECT_EQ(result.delay, 0ms);
  EXPECT_EQ(events, 1);
  start({1});
  reply = answer(0ms, 21ms);
  hear(reply);
  EXPECT_TRUE(is(why, error::implausible));
}

TEST_F(ntp_client, the_build_date_itself_is_early_enough) {
  how.earliest = true_time(now) + 21ms;
  start({1});
  hear_after(10ms, 10ms);
  EXPECT_EQ(result.utc, how.earliest);
  how.earliest = true_time(now) + 21ms + 1us;
  start({1});
  hear_after(10ms, 10ms);
  EXPECT_TRUE(is(why, error::before_build_date));
}

TEST_F(ntp_client, believes_no_pause_of_more_than_an_hour) {
  start({1});
  hear(kiss(answer(), "RATE", 12));
  EXPECT_EQ(why.detail, 4096u);
  now += 4096s;
  start({1});
  hear(kiss(answer(), "RATE", 13));
  EXPECT_EQ(why.detail, rate_s_min.count());
}

TEST_F(ntp_client, forgets_the_oldest_bar_when_there_are_too_many) {
  for (std::uint8_t number = 1; number <= servers_max + 1; ++number) {
    start({number});
    hear(kiss(answer(), "DENY"));
  }
  const std::size_t before = sent.size();
  start({servers_max + 1});
  EXPECT_EQ(sent.size(), before) << "the newest is still barred";
  start({1});
  EXPECT_EQ(sent.size(), before + 1);
}

}  // namespace
}  // namespace recado::ntp
