// A session laid down and woken, in the same memory or another.
#include <gtest/gtest.h>

#include <recado/mqtt/session.hpp>

namespace recado::mqtt::test {
namespace {

using namespace std::chrono_literals;

constexpr instant at(duration time) { return instant{} + time; }

/// A session with its memory, and what a driver does with it.
struct place_of_session {
  session_storage<> storage{};
  session s{storage.get()};

  void connect(version protocol = version::v3_1_1) {
    connect_options options{.version = protocol, .client_identifier = "x"};
    ASSERT_TRUE(s.connect(options));
    s.opened(at(0s));
    say(at(0s));
    const std::uint8_t v3[] = {0x20, 2, 0, 0}, v5[] = {0x20, 6, 0, 0, 3, 0x21, 0, 1};  // Receive Maximum 1
    hear(protocol == version::v5_0 ? std::span<const std::uint8_t>{v5} : v3, at(0s));
    ASSERT_TRUE(s.online());
  }
  std::size_t say(instant now) {
    std::size_t size = 0;
    for (bytes out = s.pending(now); !out.empty(); out = s.pending(now)) size += out.size(), s.sent(out.size());
    return size;
  }
  std::size_t hear(std::span<const std::uint8_t> data, instant now) {
    bytes in = std::as_bytes(data);
    std::size_t events = 0;
    while (s.receive(in, now)) ++events;
    return events;
  }
};

TEST(session_rest, goes_on_in_another_object) {
  place_of_session first, second;
  first.connect(version::v5_0);
  const auto kept = first.s.rest();
  ASSERT_TRUE(kept);
  EXPECT_FALSE(first.s.online());
  EXPECT_LE(sizeof *kept, 128U);
  ASSERT_TRUE(second.s.wake(*kept));
  EXPECT_TRUE(second.s.online());
  EXPECT_EQ(second.s.announced().receive_maximum, 1);
  ASSERT_TRUE(second.s.publish({.topic = "a", .qos = qos::at_least_once}));
  EXPECT_EQ(second.s.publish({.topic = "a", .qos = qos::at_least_once}).error(), error::receive_maximum_reached);
  EXPECT_GT(second.say(at(1s)), 0U);
  const std::uint8_t puback[] = {0x40, 2, 0, 1};
  EXPECT_EQ(second.hear(puback, at(1s)), 1U);
  EXPECT_TRUE(second.s.rest());
  first.connect();  // the first one is free for another connection
}

// It is the doubt of the session that was laid down, not of the next one in that memory.
TEST(session_rest, takes_along_that_a_connect_was_not_heard) {
  const connect_options coming_back{
      .version = version::v5_0, .client_identifier = "x", .clean_start = false, .session_expiry_s = 100};
  const auto begin = [&](place_of_session& where) {
    ASSERT_TRUE(where.s.connect(coming_back));
    where.s.opened(at(0s));
    EXPECT_NE(where.say(at(0s)), 0U);
  };
  const auto in_doubt = [&](place_of_session& where) {
    begin(where);
    const std::uint8_t present[] = {0x20, 3, 1, 0, 0};
    bytes in = std::as_bytes(std::span{present});
    const auto told = where.s.receive(in, at(0s));
    return told && std::get<connected>(*told).in_doubt;
  };
  place_of_session first, second;
  begin(first);
  first.s.lost(make_fault(stream_error::reset), at(0s));
  begin(first);
  const std::uint8_t fresh[] = {0x20, 3, 0, 0, 0};
  EXPECT_EQ(first.hear(fresh, at(0s)), 1U);
  const auto kept = first.s.rest();
  ASSERT_TRUE(kept);
  ASSERT_TRUE(second.s.wake(*kept));
  second.s.lost(make_fault(stream_error::reset), at(0s));
  EXPECT_TRUE(in_doubt(second));
  EXPECT_FALSE(in_doubt(first));
}

TEST(session_rest, takes_along_what_was_said_at_the_beginning) {
  const auto woken = [](place_of_session& first, place_of_session& second, connect_options how) {
    how.client_identifier = "x";
    ASSERT_TRUE(first.s.connect(how));
    first.s.opened(at(0s));
    first.say(at(0s));
    const std::uint8_t accepted[] = {0x20, 3, 0, 0, 0};
    EXPECT_EQ(first.hear(accepted, at(0s)), 1U);
    const auto kept = first.s.rest();
    ASSERT_TRUE(kept);
    ASSERT_TRUE(second.s.wake(*kept));
  };
  const std::uint8_t one[] = {0x32, 6, 0, 1, 'a', 0, 5, 0}, other[] = {0x32, 6, 0, 1, 'a', 0, 6, 0};
  for (const std::uint32_t expiry_s : {0U, 100U}) {
    place_of_session first, second;
    woken(first, second, {.session_expiry_s = expiry_s});
    const property_value longer[] = {{property::session_expiry_interval, 200U}};
    EXPECT_EQ(second.s.disconnect({.properties = longer}).has_value(), expiry_s != 0) << "5.0 §3.14.2.2.2";
  }
  {
    place_of_session first, second;
    woken(first, second, {.receive_maximum = 1, .acknowledge = acknowledge_when::deferred});
    EXPECT_EQ(second.hear(one, at(1s)), 1U);
    EXPECT_EQ(second.say(at(1s)), 0U) << "the application acknowledges it";
    EXPECT_EQ(second.hear(other, at(1s)), 1U);
    EXPECT_FALSE(second.s.online()) << "[MQTT-3.3.4-9]: one at a time";
  }
  for (const bool asked : {true, false}) {
    place_of_session first, second;
    woken(first, second, {.request_problem_information = asked});
    ASSERT_TRUE(second.s.publish({.topic = "a", .qos = qos::at_least_once}));
    second.say(at(1s));
    const std::uint8_t puback[] = {0x40, 8, 0, 1, 0x10, 4, 0x1f, 0, 1, 'w'};
    EXPECT_EQ(second.hear(puback, at(1s)), 1U);
    EXPECT_EQ(second.s.online(), asked) << "[MQTT-3.1.2-29]: no Reason String";
  }
}

TEST(session_rest, knows_when_to_ping) {
  place_of_session one;
  one.connect();
  const auto kept = one.s.rest();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->deadline(), at(60s));
  ASSERT_TRUE(one.s.wake(*kept));
  EXPECT_EQ(one.say(at(59s)), 0U);
  EXPECT_EQ(one.hear({}, at(60s)), 0U);
  EXPECT_EQ(one.say(at(60s)), 2U) << "PINGREQ";
  const auto waiting = one.s.rest();
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->deadline(), at(70s)) << "PINGRESP is due";
  ASSERT_TRUE(one.s.wake(*waiting));
  EXPECT_EQ(one.hear({}, at(70s)), 1U) << "closed";
}

TEST(session_rest, not_while_anything_is_under_way) {
  place_of_session one;
  EXPECT_FALSE(one.s.rest()) << "never connected";
  one.connect();
  ASSERT_TRUE(one.s.publish({.topic = "a"}));
  EXPECT_FALSE(one.s.rest()) << "something is pending";
  one.say(at(1s));
  ASSERT_TRUE(one.s.publish({.topic = "a", .qos = qos::exactly_once}));
  one.say(at(1s));
  EXPECT_FALSE(one.s.rest()) << "an exchange is in flight";
  const std::uint8_t pubrec[] = {0x50, 2, 0, 1}, pubcomp[] = {0x70, 2, 0, 1};
  one.hear(pubrec, at(1s)), one.say(at(1s));
  EXPECT_FALSE(one.s.rest());
  one.hear(pubcomp, at(1s));
  const std::uint8_t half[] = {0x30};
  one.hear(half, at(1s));
  EXPECT_FALSE(one.s.rest()) << "half a packet has come";
  const std::uint8_t message[] = {0x34, 5, 0, 1, 'a', 0, 1};  // QoS 2
  EXPECT_EQ(one.hear(message, at(1s)), 1U);
  one.say(at(1s));
  EXPECT_FALSE(one.s.rest()) << "PUBREL is to come";
  const std::uint8_t pubrel[] = {0x62, 2, 0, 1};
  one.hear(pubrel, at(1s)), one.say(at(1s));
  const auto kept = one.s.rest();
  ASSERT_TRUE(kept);
  one.connect();
  EXPECT_EQ(one.s.wake(*kept).error(), error::already_connected);
}

}  // namespace
}  // namespace recado::mqtt::test
