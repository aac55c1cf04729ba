// The blocking client against a real mosquitto, without TLS.
#include <future>
#include <limits>
#include <map>
#include <set>

#include <gmock/gmock.h>

#include <recado/client/broker_test.hpp>

namespace recado::client {
namespace {

using namespace std::chrono_literals;
using mqtt::qos;

class client_with_broker : public testing::Test {
 protected:
  test::mosquitto broker{mosquitto_program, own_folder()};
};

TEST_F(client_with_broker, publishes_with_each_qos_and_receives_from_its_queue) {
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  EXPECT_TRUE(client.online());
  EXPECT_EQ(error_of(client.connect(broker.url())), error::already_connected);
  ASSERT_OK(client.subscribe("a/+"));
  for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
    ASSERT_OK(client.publish("a/b", "hello", level));
    const auto got = client.receive();
    ASSERT_OK(got);
    ASSERT_TRUE(*got);
    EXPECT_EQ((*got)->topic, "a/b");
    EXPECT_EQ((*got)->text(), "hello");
    EXPECT_EQ((*got)->qos, level);
  }
  ASSERT_OK(client.disconnect());
  EXPECT_FALSE(client.online());
  EXPECT_EQ(error_of(client.publish("a/b", "hello")), error::not_connected);
  EXPECT_EQ(error_of(client.disconnect()), error::not_connected);
  ASSERT_OK(client.connect(broker.url()));
}

TEST_F(client_with_broker, keeps_the_properties_of_what_waits_in_its_queue) {
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  ASSERT_OK(client.subscribe("a"));
  const mqtt::property_value list[] = {{mqtt::property::content_type, "text/plain"},
                                       {std::string_view{"name"}, std::string_view{"value"}}};
  ASSERT_OK(client.publish(mqtt::message{.topic = "a", .payload = as_bytes("1"), .properties = list}));
  ASSERT_OK(client.publish("a", "2"));
  const auto one = client.receive(), other = client.receive();
  ASSERT_TRUE(one && *one && other && *other);
  const auto found = (*one)->properties();
  EXPECT_EQ(found.text(mqtt::property::content_type), "text/plain");
  std::vector<std::string> users;
  for (const mqtt::property_value& each : found)
    if (each.id == mqtt::property::user_property)
      users.push_back(std::string{each.name} + "=" + std::string{each.text});
  EXPECT_THAT(users, testing::ElementsAre("name=value"));
  EXPECT_FALSE((*other)->properties().has(mqtt::property::content_type));
}

TEST_F(client_with_broker, a_source_of_the_payload_belongs_to_publish_pieces_alone) {
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  for (const qos level : {qos::at_most_once, qos::at_least_once}) {
    const mqtt::message by_hand{.topic = "a", .qos = level, .payload_from_source = 10};
    EXPECT_EQ(error_of(client.start_publish(by_hand)), error::no_payload_source);
    EXPECT_EQ(error_of(client.publish(by_hand)), error::no_payload_source);
    EXPECT_EQ(error_of(client.request(by_hand)), error::no_payload_source);
    EXPECT_EQ(error_of(client.publish_pieces({.topic = "a", .qos = level}, 10, {})), error::no_payload_source);
    const auto endless = [](std::uint32_t, mutable_bytes out) { return out.size(); };
    EXPECT_TRUE(is(client.publish_pieces({.topic = "a", .qos = level}, 300'000'000, endless).error().why,
                   mqtt::error::message_too_large));
  }
  EXPECT_OK(client.publish("a", "still there", qos::at_least_once));
}

TEST_F(client_with_broker, speaks_3_1_1_too) {
  options how;
  how.version = mqtt::version::v3_1_1;
  blocking_client client{how};
  ASSERT_OK(client.connect(broker.url()));
  ASSERT_OK(client.subscribe("a"));
  ASSERT_OK(client.publish("a", "old", qos::exactly_once));
  const auto got = client.receive();
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->text(), "old");
  EXPECT_EQ(error_of(client.request("a", "b")), error::needs_version_5);
}

TEST_F(client_with_broker, calls_the_handler_of_each_subscription_until_it_ends) {
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  tally first, second;
  const auto one = client.subscribe("x/#", [&](const mqtt::message_received&) { first.add(); });
  const auto two = client.subscribe("x/y", [&](const mqtt::message_received&) { second.add(); });
  ASSERT_OK(one);
  ASSERT_OK(two);
  EXPECT_EQ(two->granted, mqtt::reason::granted_qos_2);
  ASSERT_OK(client.publish("x/y", "1", qos::at_least_once));
  EXPECT_TRUE(first.reaches(1) && second.reaches(1));
  ASSERT_OK(client.unsubscribe(*one));
  EXPECT_EQ(error_of(client.unsubscribe(*one)), error::no_such_subscription);
  ASSERT_OK(client.publish("x/y", "2", qos::at_least_once));
  EXPECT_TRUE(second.reaches(2));
  EXPECT_EQ(first.count(), 1u);
}

TEST_F(client_with_broker, a_subscription_keeps_its_qos_beside_another_with_the_same_filter) {
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  std::atomic<int> heard{-1};
  const auto hear = [&](const mqtt::message_received& what) { heard = static_cast<int>(what.qos); };
  const auto heard_of_one = [&] {  // the answer to a request comes behind what was sent before
    heard = -1;
    EXPECT_OK(client.publish("q", "", qos::exactly_once));
    EXPECT_OK(client.subscribe("behind"));
    return heard.load();
  };
  ASSERT_OK(client.subscribe("q", hear, qos::exactly_once));
  const auto other = client.subscribe(
      "q", [](const mqtt::message_received&) {}, qos::at_most_once);
  ASSERT_OK(other);
  EXPECT_EQ(heard_of_one(), 2);
  EXPECT_OK(client.unsubscribe(*other));
  EXPECT_EQ(heard_of_one(), 2);
}

TEST_F(client_with_broker, many_subscriptions_come_and_go) {
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  tally heard;
  std::vector<subscription> all;
  std::vector<int> counts(300);
  const auto publish_to_all = [&] {
    for (int i = 0; i < 300; ++i)
      ASSERT_TRUE(client.start_publish({.topic = "many/" + std::to_string(i), .qos = qos::at_least_once}));
  };
  for (int& count : counts) {
    const auto one = client.subscribe("many/" + std::to_string(all.size()), [&](const mqtt::message_received&) {
      ++count;
      heard.add();
    });
    ASSERT_OK(one);
    all.push_back(*one);
  }
  publish_to_all();
  EXPECT_TRUE(heard.reaches(300));
  EXPECT_THAT(counts, testing::Each(1));
  for (int i = 0; i < 300; i += 2) ASSERT_OK(client.unsubscribe(all[static_cast<std::size_t>(i)]));
  publish_to_all();
  EXPECT_TRUE(heard.reaches(450));
  ASSERT_OK(client.publish("many/1", "", qos::at_least_once));
  EXPECT_TRUE(heard.reaches(451));
  EXPECT_EQ(heard.count(), 451u);
}

TEST_F(client_with_broker, refuses_to_wait_in_a_handler_but_works_there) {
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  std::promise<std::vector<error>> said;
  ASSERT_OK(client.subscribe("in", [&](const mqtt::message_received&) {
    std::vector<error> all;
    all.push_back(error_of(client.publish("out", "no", qos::at_least_once)));
    all.push_back(error_of(client.receive()));
    all.push_back(error_of(client.request("out", "no")));
    all.push_back(error_of(client.disconnect()));
    all.push_back(error_of(client.connect("mqtt://127.0.0.1")));
    all.push_back(error_of(client.publish_pieces({.topic = "out"}, 3, {})));
    const auto begun = client.start_publish({.topic = "out", .payload = as_bytes("yes"), .qos = qos::exactly_once});
    EXPECT_OK(begun);
    all.push_back(error_of(client.wait(begun.value_or(publication{}))));
    EXPECT_OK(client.publish("out", "yes"));
    const auto more = client.subscribe("more");
    EXPECT_OK(more);
    EXPECT_OK(client.unsubscribe(more.value_or(subscription{})));
    said.set_value(all);
  }));
  ASSERT_OK(client.subscribe("out"));
  ASSERT_OK(client.publish("in", "", qos::at_least_once));
  for (const error each : said.get_future().get()) EXPECT_EQ(each, error::called_from_handler);
  for (int i = 0; i < 2; ++i) {
    const auto got = client.receive();
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((*got)->text(), "yes");
  }
}

TEST_F(client_with_broker, may_be_destroyed_in_its_own_handler) {
  auto client = std::make_unique<blocking_client>();
  ASSERT_OK(client->connect(broker.url()));
  std::promise<void> gone;
  ASSERT_OK(client->subscribe("end", [&](const mqtt::message_received&) {
    client.reset();
    gone.set_value();
  }));
  ASSERT_OK(client->publish("end", ""));
  EXPECT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(client_with_broker, may_be_destroyed_in_a_handler_that_another_thread_waits_for) {
  auto client = std::make_unique<blocking_client>();
  ASSERT_OK(client->connect(broker.url()));
  std::promise<void> runs, go_on;
  const auto mine = client->subscribe("end", [&](const mqtt::message_received&) {
    runs.set_value();
    go_on.get_future().wait();
    client.reset();
  });
  ASSERT_OK(mine);
  ASSERT_OK(client->publish("end", ""));
  runs.get_future().wait();
  std::promise<void> begins;
  auto other = std::async(std::launch::async, [&, raw = client.get()] {
    begins.set_value();
    return line_of(raw->unsubscribe(*mine));  // waits for the handler, which ends the client
  });
  begins.get_future().wait();
  EXPECT_EQ(other.wait_for(200ms), std::future_status::timeout) << "it waits as long as the handler runs";
  go_on.set_value();
  EXPECT_EQ(other.wait_for(10s), std::future_status::ready);
}

TEST_F(client_with_broker, gives_up_waiting_when_destroyed) {
  auto client = std::make_unique<blocking_client>();
  ASSERT_OK(client->connect(broker.url()));
  std::promise<void> waits;
  auto other = std::async(std::launch::async, [&, raw = client.get()] {
    waits.set_value();
    return error_of(raw->receive(no_timeout));
  });
  waits.get_future().wait();
  const auto until = std::chrono::steady_clock::now() + 50ms;  // the other thread gets there meanwhile
  while (std::chrono::steady_clock::now() < until) ASSERT_OK(client->publish("x", "", qos::at_least_once));
  client.reset();
  EXPECT_EQ(other.get(), error::closed);
}

TEST_F(client_with_broker, answers_requests_in_one_call) {
  blocking_client server, client;
  ASSERT_OK(server.connect(broker.url()));
  ASSERT_OK(client.connect(broker.url()));
  ASSERT_OK(server.subscribe("double", [&](const mqtt::message_received& what) {
    EXPECT_OK(server.reply(what, std::string{as_text(what.payload)} + std::string{as_text(what.payload)}));
  }));
  for (const char* text : {"ab", "cd"}) {
    const auto answer = client.request("double", text);
    ASSERT_OK(answer);
    EXPECT_EQ(answer->text(), std::string{text} + text);
  }
  EXPECT_EQ(error_of(client.request("nobody", "?", 50ms)), error::timed_out);
  std::vector<std::thread> askers;
  for (int i = 0; i < 4; ++i)
    askers.emplace_back([&client, i] {
      for (int k = 0; k < 50; ++k) {
        const std::string text = std::to_string(i) + "." + std::to_string(k) + ".";
        const auto answer = client.request("double", text);
        ASSERT_OK(answer);
        ASSERT_EQ(answer->text(), text + text);
      }
    });
  for (auto& each : askers) each.join();
}

TEST_F(client_with_broker, has_its_answers_whatever_its_identifier) {
  blocking_client server;
  ASSERT_OK(server.connect(broker.url()));
  ASSERT_OK(server.subscribe("ask", [&](const mqtt::message_received& what) { EXPECT_OK(server.reply(what, "yes")); }));
  for (const char* identifier : {"lamp#1", "a+b", "a/b", "%2B"}) {
    blocking_client client{{.client_identifier = identifier}};
    ASSERT_OK(client.connect(broker.url()));
    EXPECT_OK(client.request("ask", "?")) << identifier;
  }
  blocking_client client{{.response_topic = "answers/#"}};
  ASSERT_OK(client.connect(broker.url()));
  EXPECT_EQ(
      line_of(client.request("ask", "?")),
      "MQTT: a topic name contains a wildcard or is empty; give a topic of at least one character, without + and #");
}

TEST_F(client_with_broker, subscribes_with_3_1_1_to_what_is_no_shared_filter_in_5_0) {
  blocking_client client{{.version = mqtt::version::v3_1_1, .timeout = 10s, .reconnect = false}};
  ASSERT_OK(client.connect(broker.url()));
  // This server refuses it; what matters is that the call returns.
  (void)client.subscribe("$share/g");
  EXPECT_FALSE(client.subscribe("a+"));
}

TEST_F(client_with_broker, takes_what_is_beyond_all_sense_for_as_much_as_there_may_be) {
  constexpr auto years = std::chrono::hours{24 * 365 * 1000};
  constexpr auto all = std::numeric_limits<std::size_t>::max();
  for (const duration longest : {no_timeout, duration{years}}) {
    blocking_client client{{.connect_timeout = longest,
                            .timeout = longest,
                            .outbox = {.messages_max = all},
                            .sizes = {.message_max = all, .in_flight = 0}}};
    ASSERT_OK(client.connect(broker.url()));
    ASSERT_OK(client.subscribe("long"));
    ASSERT_OK(client.publish("long", std::string(200'000, 'x'), qos::at_least_once));
    const auto heard = client.receive();
    ASSERT_TRUE(heard && *heard);
    EXPECT_EQ((*heard)->payload.size(), 200'000u);
    EXPECT_OK(client.disconnect());
  }
}

TEST_F(client_with_broker, says_what_to_mend_in_what_a_call_was_given) {
  const auto remedy_of = [](const auto& result) {
    const std::string line = line_of(result);
    return line.substr(std::min(line.find("; ") + 2, line.size()));
  };
  const std::string topic = "give a topic of at least one character, without + and #", text = "give it as UTF-8";
  const std::string filter =
      "write + and # as whole levels, # as the last one, and a shared filter as $share/NAME/FILTER";
  const mqtt::property_value list[] = {{mqtt::property::payload_format_indicator, 7U}};
  const mqtt::subscription qos_3{.filter = "a", .qos = static_cast<qos>(3)};
  const mqtt::subscription shared{.filter = "$share/g/a", .no_local = true};
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  EXPECT_EQ(remedy_of(client.publish("a/#", "")), topic);
  EXPECT_EQ(remedy_of(client.publish("", "")), topic);
  EXPECT_EQ(remedy_of(client.publish("\xff", "")), text);
  EXPECT_EQ(remedy_of(client.publish(std::string_view{"a\0b", 3}, "")), "leave U+0000 out");
  EXPECT_EQ(remedy_of(client.subscribe("a#")), filter);
  EXPECT_EQ(remedy_of(client.subscribe("$share/g")), filter);
  EXPECT_EQ(remedy_of(client.subscribe(shared)), "leave no_local out of a shared subscription");
  EXPECT_EQ(remedy_of(client.subscribe(qos_3)), "choose QoS 0, 1 or 2, and one of the values of retain_handling");
  EXPECT_TRUE(remedy_of(client.publish({.topic = "a", .properties = list})).starts_with("correct the properties"));
  EXPECT_TRUE(client.online()) << "nothing of it was sent";
  blocking_client with_will{{.will = will{.topic = "a/+", .payload = "x"}}};
  EXPECT_EQ(remedy_of(with_will.connect(broker.url())), topic);
}

TEST_F(client_with_broker, sends_long_payloads_in_pieces_and_receives_them_whole) {
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  ASSERT_OK(client.subscribe("file"));
  constexpr std::uint32_t size = 5'000'000;
  const auto source = [](std::uint32_t offset, mutable_bytes out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>((offset + i) * 7 >> 3);
    return out.size();
  };
  EXPECT_EQ(error_of(client.publish("file", std::string(size, 'x'))), error::message_too_long);
  for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
    ASSERT_OK(client.publish_pieces({.topic = "file", .qos = level}, size, source));
    const auto got = client.receive();
    ASSERT_TRUE(got && *got) << line_of(got);
    ASSERT_EQ((*got)->payload.size(), size);
    std::vector<std::byte> wanted(size);
    source(0, wanted);
    EXPECT_TRUE((*got)->payload == wanted);
    ASSERT_OK(client.publish("other", "small ones go on", qos::at_least_once));
  }
}

TEST_F(client_with_broker, keeps_the_time_of_each_call) {
  blocking_client client;
  ASSERT_OK(client.connect(broker.url()));
  received into;
  const auto start = std::chrono::steady_clock::now();
  const auto none = client.receive(into, 100ms);
  ASSERT_OK(none);
  EXPECT_FALSE(*none);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 100ms);
  broker.pause();
  EXPECT_EQ(error_of(client.publish({.topic = "a", .qos = qos::at_least_once}, 100ms)), error::timed_out);
  EXPECT_EQ(error_of(client.subscribe({.filter = "a"}, {}, 100ms)), error::timed_out);
  EXPECT_EQ(error_of(client.disconnect(100ms)), error::timed_out);
  options hurried;
  hurried.connect_timeout = 200ms;
  blocking_client other{hurried};
  const auto late = other.connect(broker.url());
  EXPECT_FALSE(late);
  EXPECT_NE(line_of(late), "");
  broker.go_on();
}

}  // namespace
}  // namespace recado::client
