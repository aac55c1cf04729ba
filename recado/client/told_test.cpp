// What the server is told of subscriptions and sent at a time, and what becomes of messages that it does not take.
#include <future>

#include <gmock/gmock.h>

#include <recado/client/broker_test.hpp>
#include <tests/support/scripted_broker.hpp>
#include <tests/support/sockets.hpp>

namespace recado::client {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::ElementsAre;
namespace t = recado::test;

const std::string accepted = "\x20\x03\0\0\0"s;

/// The types of all packets that it heard on its only connection.
std::vector<int> types_heard(t::scripted_broker& broker) {
  EXPECT_TRUE(broker.played(1));
  broker.finish();
  EXPECT_EQ(broker.complaint(), "");
  EXPECT_EQ(broker.connections(), 1u);
  std::vector<int> types;
  for (const std::string& one : broker.packets()) types.push_back(static_cast<unsigned char>(one[0]) >> 4);
  return types;
}

void ignore(const mqtt::message_received&) {}

TEST(client_told, a_server_hears_of_the_end_of_the_last_subscription_with_a_filter) {
  t::scripted_broker broker{{{t::serves()}}};
  blocking_client client;
  ASSERT_OK(client.connect(url_of(broker)));
  const auto one = client.subscribe("a", ignore), other = client.subscribe("a", ignore);
  ASSERT_OK(one);
  ASSERT_OK(other);
  EXPECT_OK(client.unsubscribe(*one));
  EXPECT_OK(client.publish("between", "", mqtt::qos::at_most_once));
  EXPECT_OK(client.unsubscribe(*other));
  ASSERT_OK(client.disconnect());
  EXPECT_THAT(types_heard(broker), ElementsAre(t::connect_type, t::subscribe_type, t::subscribe_type, t::publish_type,
                                               t::unsubscribe_type, t::disconnect_type));
}

TEST(client_told, nothing_stays_subscribed_where_the_answer_did_not_come_in_time) {
  std::string asked;
  t::scripted_broker broker{{{t::hears(t::connect_type), t::says(accepted), t::hears(t::subscribe_type),
                              t::says([&](const std::string& last) { return asked = t::identifier_in(last), ""s; }),
                              t::hears(t::unsubscribe_type), t::says([&](const std::string& last) {
                                return t::packet(0x90, asked + "\0\2"s) +
                                       t::packet(0xb0, t::identifier_in(last) + "\0\0"s);
                              }),
                              t::waits_for_end()}}};
  blocking_client client;
  ASSERT_OK(client.connect(url_of(broker)));
  EXPECT_EQ(error_of(client.subscribe(mqtt::subscription{.filter = "a"}, ignore, 1ms)), error::timed_out);
  ASSERT_OK(client.disconnect());
  EXPECT_THAT(types_heard(broker),
              ElementsAre(t::connect_type, t::subscribe_type, t::unsubscribe_type, t::disconnect_type));
}

TEST(client_told, a_server_hears_nothing_of_what_it_was_never_asked_for) {
  std::promise<void> over;
  t::scripted_broker broker{
      {{t::hears(t::connect_type), t::says([&](const std::string&) { return over.get_future().wait(), accepted; }),
        t::serves()}}};
  blocking_client client;
  ASSERT_OK(client.start(url_of(broker)));
  EXPECT_EQ(error_of(client.subscribe(mqtt::subscription{.filter = "a"}, ignore, 1ms)), error::timed_out);
  over.set_value();
  ASSERT_OK(client.publish("a", ""));  // waits for the connection
  ASSERT_OK(client.disconnect());
  EXPECT_THAT(types_heard(broker), ElementsAre(t::connect_type, t::publish_type, t::disconnect_type));
}

TEST(client_told, no_more_messages_are_on_their_way_than_it_was_allowed) {
  for (const std::uint16_t most : {std::uint16_t{1}, std::uint16_t{2}}) {
    std::promise<void> over;
    t::script plays{t::hears(t::connect_type), t::says(accepted)};
    for (int i = 0; i < most; ++i) plays.push_back(t::hears(t::publish_type));
    plays.push_back(t::says(
        [&](const std::string& last) { return over.get_future().wait(), t::packet(0x40, t::identifier_in(last)); }));
    plays.push_back(t::serves());
    t::scripted_broker broker{{plays}};
    options how;
    how.sizes.in_flight = most;
    blocking_client client{how};
    ASSERT_OK(client.connect(url_of(broker)));
    const mqtt::message one{.topic = "a", .qos = mqtt::qos::at_least_once};
    for (int i = 0; i < most; ++i) EXPECT_OK(client.start_publish(one));
    EXPECT_EQ(error_of(client.start_publish(one, 1ms)), error::timed_out);
    over.set_value();
    EXPECT_OK(client.start_publish(one));
  }
}

TEST(client_told, what_the_server_does_not_take_of_the_outbox_is_given_up) {
  std::promise<void> over;
  t::scripted_broker broker{{{t::hears(t::connect_type), t::says([&](const std::string&) {
                                return over.get_future().wait(), "\x20\x05\0\0\2\x24\1"s;  // Maximum QoS 1
                              }),
                              t::serves()}}};
  tally lost;
  std::vector<dropped_message> dropped;
  options how;
  how.on_dropped = [&](const dropped_message& one) { dropped.push_back(one), lost.add(); };
  blocking_client client{how};
  ASSERT_OK(client.start(url_of(broker)));
  const auto two = client.start_publish({.topic = "two", .payload = as_bytes("12"), .qos = mqtt::qos::exactly_once});
  const auto one = client.start_publish({.topic = "one", .qos = mqtt::qos::at_least_once});
  ASSERT_OK(two);
  ASSERT_OK(one);
  over.set_value();
  EXPECT_OK(client.wait(*one)) << "the others go";
  const auto refused = client.wait(*two);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error().why, mqtt::error::qos_not_available)) << refused.error().line;
  ASSERT_TRUE(lost.reaches(1));
  EXPECT_EQ(dropped[0].topic, "two");
  EXPECT_EQ(dropped[0].payload_size, 2u);
  EXPECT_EQ(dropped[0].qos, mqtt::qos::exactly_once);
  EXPECT_FALSE(dropped[0].incoming);
  EXPECT_EQ(dropped[0].why.why, refused.error().why);
}

TEST(client_told, a_message_that_the_server_refuses_is_not_published) {
  t::scripted_broker broker{{{t::serves({.acknowledged = 0x87})}}};
  blocking_client client;
  ASSERT_OK(client.connect(url_of(broker)));
  for (const mqtt::qos level : {mqtt::qos::at_least_once, mqtt::qos::exactly_once}) {
    const auto at_once = client.publish("a", "b", level);
    EXPECT_EQ(error_of(at_once), error::refused_by_server);
    EXPECT_EQ(at_once.error().reason, mqtt::reason::not_authorized);
    const auto begun = client.start_publish({.topic = "a", .qos = level});
    ASSERT_OK(begun);
    ASSERT_OK(client.subscribe("behind"));
    const auto later = client.wait(*begun);  // it is over by now
    EXPECT_EQ(error_of(later), error::refused_by_server);
    EXPECT_EQ(later.error().reason, mqtt::reason::not_authorized);
  }
}

TEST(client_told, who_may_not_have_answers_is_told_with_each_request) {
  t::scripted_broker broker{{{t::serves({.granted = 0x87})}}};
  blocking_client client;
  ASSERT_OK(client.connect(url_of(broker)));
  for (int i = 0; i < 2; ++i) {
    const auto refused = client.request("a", "b");
    EXPECT_EQ(error_of(refused), error::refused_by_server);
    EXPECT_EQ(refused.error().reason, mqtt::reason::not_authorized);
  }
}

t::script hears_a_request_and_leaves() {
  return {t::hears(t::connect_type),
          t::says(accepted),
          t::hears(t::subscribe_type),
          t::says([](const std::string& last) { return t::packet(0x90, t::identifier_in(last) + "\0\1"s); }),
          t::hears(t::publish_type),
          t::closes()};
}

TEST(client_told, answers_have_a_topic_of_the_client_s_own) {
  t::scripted_broker broker{{hears_a_request_and_leaves()}};
  options how;
  how.reconnect = false;
  how.client_identifier = "board+1#a";
  blocking_client client{how};
  ASSERT_OK(client.connect(url_of(broker)));
  EXPECT_FALSE(client.request("a", "b"));
  ASSERT_TRUE(broker.played(1));
  broker.finish();
  int met = 0;
  for (const std::string& packet : broker.packets())
    if ((packet[0] & 0xf0) == 0x30 || (packet[0] & 0xf0) == 0x80)
      met += packet.find(t::field("recado/answers/board%2B1%23a")) != std::string::npos ? 1 : 0;
  EXPECT_EQ(met, 2) << "in SUBSCRIBE, and as Response Topic";
}

TEST(client_told, who_waits_for_an_answer_hears_of_the_end) {
  t::scripted_broker broker{{hears_a_request_and_leaves()}};
  options how;
  how.reconnect = false;
  blocking_client client{how};
  ASSERT_OK(client.connect(url_of(broker)));
  const auto began = std::chrono::steady_clock::now();
  const auto lost = client.request("a", "b");
  ASSERT_FALSE(lost);
  EXPECT_TRUE(is(lost.error().why, stream_error::closed_by_peer)) << lost.error().line;
  EXPECT_LT(std::chrono::steady_clock::now() - began, how.timeout);
}

TEST(client_told, properties_need_version_5_without_a_connection_too) {
  options how;
  how.version = mqtt::version::v3_1_1;
  blocking_client client{how};
  ASSERT_OK(client.start("mqtt://127.0.0.1:" + std::to_string(test::free_port())));
  const mqtt::property_value list[] = {{mqtt::property::content_type, "text"}};
  EXPECT_TRUE(is(client.start_publish({.topic = "a", .properties = list}).error().why, mqtt::error::needs_version_5));
}

TEST(client_told, a_source_ends_with_the_connection_of_its_message) {
  struct told_at_the_end {
    tally* ended;
    ~told_at_the_end() { ended->add(); }
  };
  t::scripted_broker broker{{{t::hears(t::connect_type), t::says(accepted), t::hears_anything(), t::resets()}}};
  tally ended;
  options how;
  how.reconnect = false;
  blocking_client client{how};
  ASSERT_OK(client.connect(url_of(broker)));
  ASSERT_OK(client.publish_pieces(
      {.topic = "a"}, 64 << 20,
      [owned = std::make_shared<told_at_the_end>(&ended)](std::uint32_t, mutable_bytes room) { return room.size(); }));
  EXPECT_TRUE(ended.reaches(1));
}

}  // namespace
}  // namespace recado::client
