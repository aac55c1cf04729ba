#include <recado/ntp/dialogue_test.hpp>

namespace recado::ntp {
namespace {

TEST_F(ntp_client, finds_the_time_from_four_time_stamps) {
  // [RFC5905-8-c]
  start();
  hear_after(10ms, 10ms);
  ASSERT_EQ(events, 1);
  EXPECT_EQ(result.utc, true_time(result.at));
  EXPECT_EQ(result.at, now);
  EXPECT_EQ(result.delay, 20ms);
  EXPECT_EQ(result.stratum, 2u);
  EXPECT_EQ(result.server, server(1));
  EXPECT_EQ(result.samples, 1u);
  EXPECT_EQ(result.root_delay, duration{3906});
  EXPECT_EQ(result.root_dispersion, duration{7812});
  EXPECT_EQ(result.offset, duration{0});
  EXPECT_FALSE(client_.running());
  EXPECT_EQ(client_.deadline(), never);
}

TEST_F(ntp_client, asks_without_telling_anything) {
  start();
  const packet& query = sent[0].what;
  EXPECT_EQ(query.association(), mode::client);
  EXPECT_EQ(query.version_number(), version);
  packet bare;
  bare.leap_version_mode = query.leap_version_mode;
  bare.transmitted = query.transmitted;
  EXPECT_EQ(query, bare);
  EXPECT_EQ(sent[0].peer, server(1));
  EXPECT_GE(sent[0].port, port_min);
}

TEST_F(ntp_client, no_two_queries_share_a_nonce_or_a_port) {
  // [RFC9109-3-a]
  // [RFC5905-8-a]
  std::set<timestamp> nonces;
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 100; ++i) {
    start();
    nonces.insert(sent.back().what.transmitted), ports.insert(sent.back().port);
  }
  EXPECT_EQ(nonces.size(), 100u);
  EXPECT_GT(ports.size(), 95u);
}

TEST_F(ntp_client, is_wrong_by_half_the_delay_at_most_however_uneven_the_ways_are) {
  for (const auto& [there, back] :
       std::initializer_list<std::pair<duration, duration>>{{0ms, 200ms}, {200ms, 0ms}, {50ms, 150ms}, {1us, 999ms}}) {
    events = 0;
    start();
    hear_after(there, back);
    ASSERT_EQ(events, 1);
    const duration error = result.utc - true_time(result.at);
    EXPECT_EQ(result.delay, there + back);
    EXPECT_LE(std::chrono::abs(error), result.delay / 2 + 1us);
    now += 1min;
  }
}

TEST_F(ntp_client, takes_the_sample_with_the_least_delay) {
  // [RFC5905-10-a]
  start({1}, 4);
  const duration delays[] = {80ms, 20ms, 50ms, 21ms};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(sent.size(), i + 1);
    if (i != 0) {
      EXPECT_EQ(sent[i].when - sent[i - 1].when, spacing_ms);
    }
    hear_after(delays[i], 0ms);
    EXPECT_EQ(events, i == 3 ? 1 : 0);
    if (i != 3) wait();
  }
  EXPECT_EQ(result.delay, 20ms);
  EXPECT_EQ(result.samples, 4u);
  EXPECT_EQ(result.at, sent[1].when + 21ms);
  EXPECT_EQ(result.utc, true_time(result.at) + 10ms);
}

TEST_F(ntp_client, stops_early_when_a_sample_is_good_enough) {
  how.enough = 5ms;
  start({1}, 4);
  hear_after(3ms, 3ms);
  EXPECT_TRUE(nothing_yet());
  wait();
  hear_after(2ms, 3ms);
  EXPECT_EQ(result.delay, 5ms);
  EXPECT_EQ(result.samples, 2u);
}

TEST_F(ntp_client, no_delay_at_all_is_good_enough_only_for_who_asked) {
  start({1}, 2);
  hear_after(0ms, 0ms);
  EXPECT_TRUE(nothing_yet());
  how.enough = 1us;
  start({1}, 2);
  hear_after(0ms, 0ms);
  EXPECT_EQ(result.samples, 1u);
}

TEST_F(ntp_client, measures_the_offset_of_a_clock_that_is_set) {
  how.clock.set(true_time(now) - 7s, now);
  start();
  hear_after(10ms, 10ms);
  EXPECT_EQ(result.offset, 7s);
}

TEST_F(ntp_client, uses_the_time_of_arrival_that_the_driver_saw) {
  start();
  const packet reply = answer(10ms);
  std::array<std::byte, packet_octets> octets{};
  encode(reply, octets);
  now += 500ms;  // the driver was busy
  turn({sent[0].port, sent[0].peer, octets, sent[0].when + 21ms});
  EXPECT_EQ(result.delay, 20ms);
  EXPECT_EQ(result.utc, true_time(result.at));
}

TEST_F(ntp_client, takes_the_latest_time_of_arrival_that_can_be) {
  start();
  std::array<std::byte, packet_octets> octets{};
  encode(answer(10ms), octets);
  now += answer_ms_max + 5ms;
  turn({sent[0].port, sent[0].peer, octets, sent[0].when + answer_ms_max});
  EXPECT_EQ(result.delay, answer_ms_max - 1ms);
}

TEST_F(ntp_client, takes_a_datagram_whatever_it_is) {
  start();
  std::array<std::byte, packet_octets> octets{};
  datagram in{sent[0].port, server(9), octets, now};
  EXPECT_FALSE(client_.receive(in, now));
  EXPECT_TRUE(in.payload.empty());
}

TEST_F(ntp_client, a_driver_may_call_with_a_time_from_before_the_query_left) {
  how.samples = 1;
  const std::array list{server(1)};
  ASSERT_TRUE(client_.start(list, how, now));
  const auto out = client_.pending(now);
  client_.sent(now + 3ms);
  sent.push_back({out->local_port, out->peer, *decode(out->payload), now + 3ms});
  std::array<std::byte, packet_octets> octets{};
  encode(answer(10ms), octets);
  turn({sent[0].port, sent[0].peer, octets, now + 24ms});
  EXPECT_EQ(result.delay, 20ms);
  EXPECT_EQ(result.utc, true_time(result.at));
}

TEST_F(ntp_client, a_time_of_arrival_that_cannot_be_is_not_believed) {
  for (const duration shift : {duration{-10s}, duration{10s}}) {
    start();
    const packet reply = answer(10ms);
    std::array<std::byte, packet_octets> octets{};
    encode(reply, octets);
    now += 21ms;
    turn({sent.back().port, sent.back().peer, octets, now + shift});
    EXPECT_EQ(result.delay, 20ms);
    now += 10s;
  }
}

// original defects 30 and 33: neither sender nor origin, mode or length of an answer were checked.
TEST_F(ntp_client, ignores_what_does_not_match_and_keeps_waiting) {
  // [RFC5905-8-a]
  start();
  now += 20ms;
  const instant deadline = client_.deadline();
  packet wrong = answer();
  wrong.origin = timestamp{static_cast<std::uint64_t>(wrong.origin) ^ 1};
  hear(wrong);
  wrong.origin = timestamp{0};
  hear(wrong);
  for (unsigned value = 0; value < 8; ++value) {
    if (static_cast<mode>(value) == mode::server) continue;
    wrong = answer();
    wrong.set_first(leap::none, 4, static_cast<mode>(value));
    hear(wrong);
  }
  for (const std::uint8_t number : std::initializer_list<std::uint8_t>{0, 1, 2, 5, 6, 7}) {
    wrong = answer();
    wrong.set_first(leap::none, number, mode::server);
    hear(wrong);
  }
  std::array<std::byte, packet_octets> octets{};
  encode(answer(), octets);
  for (std::size_t cut = 0; cut < packet_octets; ++cut)
    turn({sent[0].port, sent[0].peer, bytes{octets}.first(cut), now});
  turn({static_cast<std::uint16_t>(sent[0].port ^ 1), sent[0].peer, octets, now});
  turn({sent[0].port, server(2), octets, now});
  turn({sent[0].port, {sent[0].peer.address, 124}, octets, now});
  EXPECT_TRUE(nothing_yet());
  EXPECT_EQ(client_.deadline(), deadline);
  hear(answer());
  EXPECT_EQ(events, 1);
  EXPECT_EQ(result.samples, 1u);
}

TEST_F(ntp_client, every_forged_octet_fails_the_exchange_at_most) {
  for (std::size_t i = 0; i < packet_octets; ++i) {
    events = 0;
    why = {};
    result = {};
    start();
    std::array<std::byte, packet_octets> octets{};
    encode(answer(), octets);
    octets[i] ^= std::byte{0xff};
    now += 21ms;
    turn({sent.back().port, sent.back().peer, octets, now});
    EXPECT_LE(events, i >= 24 && i < 32 ? 0 : 1) << "octets 24 to 31 are the origin: " << i;
    EXPECT_TRUE(events == 0 || why || result.utc >= build) << i;
    now += 1min;
  }
}

TEST_F(ntp_client, a_duplicate_is_no_second_sample) {
  // [RFC5905-8-b]
  start({1}, 2);
  const packet reply = answer();
  now += 21ms;
  hear(reply);
  hear(reply);
  EXPECT_TRUE(nothing_yet());
  wait();
  ASSERT_EQ(sent.size(), 2u);
  hear(reply);  // of the first query
  EXPECT_TRUE(nothing_yet());
  hear_after(10ms, 10ms);
  EXPECT_EQ(result.samples, 2u);
}

// original defect 33: servers that don't know the time were believed.
TEST_F(ntp_client, refuses_servers_that_do_not_know_the_time) {
  // [RFC5905-A.5.1.1-a]
  const auto with = [this](auto change) {
    packet reply = answer();
    change(reply);
    return reply;
  };
  using changer = void (*)(packet&);
  const std::pair<changer, error> rows[] = {
      {[](packet& p) { p.set_first(leap::unknown, 4, mode::server); }, error::unsynchronised},
      {[](packet& p) { p.stratum = 16; }, error::unsynchronised},
      {[](packet& p) { p.stratum = 255; }, error::unsynchronised},
      {[](packet& p) { p.stratum = 0; }, error::unsynchronised},
      {[](packet& p) { p.stratum = 0, p.set_first(leap::unknown, 4, mode::server), p.reference_id = 0x494e4954; },
       error::unsynchronised},  // INIT
      {[](packet& p) { p.stratum = 0, p.reference_id = 0x58595a41; }, error::kiss},
      {[](packet& p) { p.root_dispersion = short_time{0x30000}; }, error::too_far},
      {[](packet& p) { p.root_delay = short_time{0x60000}; }, error::too_far},
      {[](packet& p) { p.root_delay = short_time{0xffffffff}, p.root_dispersion = short_time{0xffffffff}; },
       error::too_far},
      {[](packet& p) { p.received = timestamp{0}; }, error::implausible},
      {[](packet& p) { p.transmitted = timestamp{0}; }, error::implausible},
      {[](packet& p) { std::swap(p.received, p.transmitted); }, error::implausible},
      {[](packet& p) { p.reference = timestamp{static_cast<std::uint64_t>(p.transmitted) + (1ull << 32)}; },
       error::implausible},
      {[](packet& p) { p.received = timestamp{static_cast<std::uint64_t>(p.received) - (1ull << 32)}; },
       error::implausible},  // worked for longer than it took
  };
  for (const auto& [change, wanted] : rows) {
    events = 0;
    why = {};
    start();
    now += 21ms;
    const packet reply = with(change);
    hear(reply);
    ASSERT_EQ(events, 1) << &change - &rows[0].first;
    EXPECT_TRUE(is(why, wanted)) << words(static_cast<error>(why.code));
    now += 1min;
  }
}

TEST_F(ntp_client, a_delay_a_little_below_zero_counts_as_zero) {
  start();
  const packet reply = answer(0ms, 10ms);
  now += 5ms;
  hear(reply);
  EXPECT_EQ(result.delay, 0ms);
}

// original defect 27: the time was taken for true whatever it was. Never below the build date.
TEST_F(ntp_client, believes_no_time_before_the_build_date) {
  truth = build - 1s;
  start();
  hear_after(10ms, 10ms);
  EXPECT_TRUE(is(why, error::before_build_date));
  truth = build - seconds{86400 * 365 * 50};  // not to be mistaken for a time in era 1
  start();
  hear_after(10ms, 10ms);
  EXPECT_TRUE(is(why, error::before_build_date));
  EXPECT_EQ(result.samples, 0u);
}

TEST_F(ntp_client, works_on_both_sides_of_2036_02_07) {
  // [RFC5905-6-a]
  for (const std::int64_t s :
       {era_1_begins - 10, era_1_begins - 1, era_1_begins, era_1_begins + 1, era_1_begins + 86400 * 365 * 20}) {
    events = 0;
    truth = utc_time{seconds{s}} + (now - instant{1h}) * -1;
    start();
    hear_after(700ms, 700ms);
    ASSERT_EQ(events, 1) << s;
    EXPECT_FALSE(why);
    EXPECT_EQ(result.utc, true_time(result.at)) << s;
    now += 1min;
  }
}

TEST_F(ntp_client, a_trusted_clock_unfolds_eras_beyond_the_build_date) {
  truth = build + seconds{(std::int64_t{1} << 31) + 1000};
  start();
  hear_after(10ms, 10ms);
  EXPECT_TRUE(is(why, error::before_build_date));  // nobody can know
  how.clock.set(truth - 86400s, now);
  start();
  hear_after(10ms, 10ms);
  EXPECT_EQ(result.utc, true_time(result.at));
}

}  // namespace
}  // namespace recado::ntp
