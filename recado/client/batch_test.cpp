// Many messages of one read: each reaches those whom it is for, whatever came before it in the same batch.
#include <gmock/gmock.h>

#include <recado/client/broker_test.hpp>
#include <tests/support/scripted_broker.hpp>

namespace recado::client {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
namespace t = recado::test;

// MQTT 5.0, QoS 0; `properties` with their length.
std::string message(const std::string& topic, const std::string& payload, const std::string& properties = "\0"s) {
  return t::packet(0x30, '\0' + std::string(1, static_cast<char>(topic.size())) + topic + properties + payload);
}

/// A broker that says all of it at once, behind the answers to so many subscriptions.
t::script says_at_once(std::size_t subscriptions, const std::string& all) {
  t::script result{t::hears(t::connect_type), t::says("\x20\x03\0\0\0"s)};
  for (std::size_t i = subscriptions; i-- != 0;) {
    result.push_back(t::hears(t::subscribe_type));
    result.push_back(t::says([all = i == 0 ? all : ""s](const std::string& last) {
      return t::packet(0x90, t::identifier_in(last) + "\0\0"s) + all;
    }));
  }
  result.push_back(t::waits_for_end());
  return result;
}

/// What a handler was given, and how often.
struct log {
  std::vector<std::string> lines;
  tally count;
  message_handler handler(const std::string& name) {
    return [this, name](const mqtt::message_received& what) {
      lines.push_back(name + " " + std::string{what.topic} + " " + std::string{as_text(what.payload)} +
                      (what.properties.empty() ? "" : "+"));
      count.add();
    };
  }
};

TEST(client_batch, a_topic_again_is_for_the_same_and_another_one_is_not) {
  log heard;
  t::scripted_broker broker{{says_at_once(2, message("a", "1") + message("a", "2") + message("b", "3") +
                                                 message("a", "4") + message("c", "5") + message("b", "6") +
                                                 message("b", "7") + message("ab", "8") + message("a", "9"))}};
  blocking_client client;
  ASSERT_OK(client.connect(url_of(broker)));
  ASSERT_OK(client.subscribe("b", heard.handler("one")));
  ASSERT_OK(client.subscribe("+", heard.handler("all")));
  ASSERT_TRUE(heard.count.reaches(12));
  EXPECT_THAT(heard.lines, ElementsAre("all a 1", "all a 2", "one b 3", "all b 3", "all a 4", "all c 5", "one b 6",
                                       "all b 6", "one b 7", "all b 7", "all ab 8", "all a 9"));
}

TEST(client_batch, a_long_message_among_others_of_its_topic_is_told_not_delivered) {
  log heard;
  options how;
  how.version = mqtt::version::v5_0;
  how.sizes.message_max = 10;
  std::vector<std::size_t> dropped;
  how.on_dropped = [&](const dropped_message& what) { dropped.push_back(what.payload_size), heard.count.add(); };
  t::scripted_broker broker{{says_at_once(
      1, message("a", "1") + message("a", "0123456789") + message("a", "0123456789x") + message("a", "2"))}};
  blocking_client client{how};
  ASSERT_OK(client.connect(url_of(broker)));
  ASSERT_OK(client.subscribe("a", heard.handler("one")));
  ASSERT_TRUE(heard.count.reaches(4));
  EXPECT_THAT(heard.lines, ElementsAre("one a 1", "one a 0123456789", "one a 2"));
  EXPECT_THAT(dropped, ElementsAre(11u));
}

// What the server sends once for each subscription [MQTT-3.3.4-2] has the topic of the message before.
TEST(client_batch, subscription_identifiers_count_also_where_the_topic_is_the_same) {
  log heard;
  const auto meant_for = [](char identifier) { return "\x02\x0b"s + identifier; };
  t::scripted_broker broker{{says_at_once(2, message("a", "1") + message("a", "2", meant_for(1)) + message("a", "3") +
                                                 message("a", "4", meant_for(2)) + message("a", "5", meant_for(1)))}};
  blocking_client client;
  ASSERT_OK(client.connect(url_of(broker)));
  ASSERT_OK(client.subscribe("a", heard.handler("one")));
  ASSERT_OK(client.subscribe("+", heard.handler("all")));
  ASSERT_TRUE(heard.count.reaches(7));
  EXPECT_THAT(heard.lines, ElementsAre("one a 1", "all a 1", "one a 2+", "one a 3", "all a 3", "all a 4+", "one a 5+"));
}

// Answers that say success are heard many at a time; what says more, or stands between them, is not lost.
TEST(client_batch, each_answer_of_many_is_that_of_its_message) {
  const auto hears_publish = t::hears(t::publish_type);
  // SUBSCRIBE has identifier 1
  const std::string answers = "\x40\x02\0\x02"s + "\x50\x04\0\x03\x10\0"s + message("a", "between") +
                              "\x50\x02\0\x04"s + "\x40\x02\0\x05"s + "\x40\x02\0\x06"s;
  t::scripted_broker broker{
      {{t::hears(t::connect_type), t::says("\x20\x03\0\0\0"s), t::hears(t::subscribe_type),
        t::says([](const std::string& last) { return t::packet(0x90, t::identifier_in(last) + "\0\0"s); }),
        hears_publish, hears_publish, hears_publish, hears_publish, hears_publish, t::says(answers),
        t::hears(t::pubrel_type), t::hears(t::pubrel_type), t::says("\x70\x02\0\x03\x70\x02\0\x04"s),
        t::waits_for_end()}}};
  log heard;
  blocking_client client;
  ASSERT_OK(client.connect(url_of(broker)));
  ASSERT_OK(client.subscribe("a", heard.handler("one")));
  std::vector<publication> begun;
  using enum mqtt::qos;
  for (const mqtt::qos level : {at_least_once, exactly_once, exactly_once, at_least_once, at_least_once}) {
    const auto one = client.start_publish({.topic = "t", .payload = as_bytes("x"), .qos = level});
    ASSERT_TRUE(one) << one.error().line;
    begun.push_back(*one);
  }
  std::vector<mqtt::reason> reasons;
  for (const publication& one : begun) {
    const auto answered = client.wait(one);
    ASSERT_TRUE(answered) << answered.error().line;
    reasons.push_back(*answered);
  }
  using enum mqtt::reason;
  const auto of_pubrec = testing::AnyOf(no_matching_subscribers, success);  // who asks behind its end hears of failures
  EXPECT_THAT(reasons, ElementsAre(success, of_pubrec, success, success, success));
  EXPECT_THAT(heard.lines, ElementsAre("one a between"));
}

TEST(client_batch, each_message_of_a_topic_goes_into_the_queue) {
  t::scripted_broker broker{{says_at_once(1, message("a", "1") + message("a", "2") + message("a", "3"))}};
  blocking_client client;
  ASSERT_OK(client.connect(url_of(broker)));
  ASSERT_OK(client.subscribe("a"));
  for (const std::string expected : {"1", "2", "3"}) {
    const auto got = client.receive();
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((*got)->text(), expected);
  }
}

}  // namespace
}  // namespace recado::client
