// What the server is told of subscriptions that end, and how much it is sent before it answers.
#include <future>

#include <gmock/gmock.h>

#include <recado/client/broker_test.hpp>
#include <tests/support/scripted_broker.hpp>

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

}  // namespace
}  // namespace recado::client
