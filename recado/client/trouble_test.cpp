// What can go wrong between a client and its broker, and what the client makes of it.
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include <recado/client/broker_test.hpp>
#include <tests/support/sockets.hpp>

namespace recado::client {
namespace {

using namespace std::chrono_literals;
using mqtt::qos;
using testing::HasSubstr;

options quick() {
  options how;
  how.backoff = {.first = 10ms, .longest = 100ms};
  return how;
}

TEST(client_trouble, says_why_there_is_no_connection) {
  blocking_client client;
  const auto refused = client.connect("mqtt://127.0.0.1:" + std::to_string(test::free_port()));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error().why, stream_error::refused));
  EXPECT_THAT(refused.error().line, HasSubstr("; ")) << "cause and remedy";
  EXPECT_EQ(client.publish("a", "b").error().why, refused.error().why) << "the reason is kept";
  const auto unknown = client.connect("mqtt://no-such-host.invalid");
  EXPECT_EQ(error_of(unknown), error::name_not_found);
  EXPECT_THAT(line_of(unknown), HasSubstr("no-such-host.invalid"));
  EXPECT_EQ(error_of(client.connect("nonsense")), error::bad_url);
  EXPECT_FALSE(client.online());
}

TEST(client_trouble, keeps_the_connect_timeout_with_a_silent_server) {
  test::listener silent;
  options how;
  how.connect_timeout = 100ms;
  blocking_client client{how};
  const auto late = client.connect("mqtt://127.0.0.1:" + std::to_string(silent.where().port));
  ASSERT_FALSE(late);
  EXPECT_TRUE(is(late.error().why, mqtt::error::connect_timed_out) || is(late.error().why, stream_error::timed_out))
      << late.error().line;
}

TEST(client_trouble, may_be_destroyed_while_it_connects) {
  test::listener silent;
  for (int i = 0; i < 20; ++i) {
    auto client = std::make_unique<blocking_client>();
    std::thread connects{[raw = client.get(), &silent] {
      EXPECT_FALSE(raw->connect("mqtt://127.0.0.1:" + std::to_string(silent.where().port)));
    }};
    while (!client->start_publish({.topic = "a"}, 1ms)) std::this_thread::yield();  // not before `connect` began
    if (i % 2 == 0) silent.accept();
    client.reset();
    connects.join();
  }
}

TEST(client_trouble, tells_of_refused_credentials) {
  const auto folder = own_folder();
  std::filesystem::create_directories(folder);
  std::ofstream{folder / "passwords"};
  test::mosquitto broker{mosquitto_program, folder,
                         "allow_anonymous false\npassword_file " + (folder / "passwords").string() + "\n"};
  for (const mqtt::version version : {mqtt::version::v5_0, mqtt::version::v3_1_1}) {
    options how;
    how.version = version;
    how.user_name = "somebody", how.password = "a secret that nobody prints";
    blocking_client client{how};
    const auto refused = client.connect(broker.url());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(is(refused.error().why, mqtt::error::refused)) << refused.error().line;
    EXPECT_TRUE(is_failure(refused.error().reason));
    EXPECT_THAT(refused.error().line, HasSubstr("(reason: "));
    EXPECT_THAT(refused.error().line, testing::Not(HasSubstr("secret")));
  }
}

TEST(client_trouble, gives_up_after_as_many_attempts_as_allowed) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  options how = quick();
  how.attempts_max = 3;
  tally offline;
  how.on_connection = [&](const connection_news& news) {
    if (news.what == connection_news::kind::disconnected) offline.add();
  };
  blocking_client client{how};
  ASSERT_OK(client.connect(broker.url()));
  broker.stop(SIGKILL);
  EXPECT_FALSE(client.publish("a", "", qos::at_least_once));
  EXPECT_FALSE(client.receive(no_timeout));
  EXPECT_GE(offline.count(), 3u);
  broker.start();
  ASSERT_OK(client.connect(broker.url()));
}

TEST(client_trouble, subscribes_again_when_the_server_forgot) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  tally online;
  options how = quick();
  how.on_connection = [&](const connection_news& news) {
    if (news.what == connection_news::kind::connected) online.add();
  };
  blocking_client client{how};
  ASSERT_OK(client.connect(broker.url()));
  tally heard;
  ASSERT_OK(client.subscribe("a/#", [&](const mqtt::message_received&) { heard.add(); }));
  ASSERT_OK(client.subscribe("b"));
  broker.stop(SIGKILL);  // the session was never written
  broker.start();
  ASSERT_TRUE(online.reaches(2));
  while (heard.count() == 0) ASSERT_OK(client.publish("a/b", "", qos::at_least_once));
  ASSERT_OK(client.publish("b", "still", qos::at_least_once));
  const auto got = client.receive();
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->text(), "still");
}

// The broker restarts under load; what is in flight goes on in the sessions of both sides.
void loses_nothing(qos level, const std::string& folder_suffix) {
  test::mosquitto broker{mosquitto_program, own_folder() / folder_suffix};
  options how = quick();
  how.sizes.in_flight = 100;
  blocking_client from{how}, to{how};
  ASSERT_OK(from.connect(broker.url()));
  ASSERT_OK(to.connect(broker.url()));
  ASSERT_OK(to.subscribe(mqtt::subscription{.filter = "load", .qos = level}));
  constexpr std::size_t count = 3000;
  std::vector<publication> published;
  std::jthread publisher{[&] {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string text = std::to_string(i);
      const auto begun = from.start_publish({.topic = "load", .payload = as_bytes(text), .qos = level}, 30s);
      ASSERT_OK(begun);
      published.push_back(*begun);
    }
  }};
  std::set<std::string> heard;
  std::size_t twice = 0;
  received one;
  for (std::size_t restarts = 0; heard.size() < count;) {
    const auto got = to.receive(one, 20s);
    ASSERT_OK(got);
    ASSERT_TRUE(*got) << heard.size() << " of " << count;
    twice += heard.insert(std::string{one.text()}).second ? 0 : 1;
    if (restarts < 3 && heard.size() > (restarts + 1) * count / 5) ++restarts, broker.stop(), broker.start();
  }
  publisher.join();
  for (const publication& each : published) EXPECT_OK(from.wait(each));
  EXPECT_OK(from.disconnect());
  EXPECT_TRUE(level != qos::exactly_once || twice == 0) << twice;
}
TEST(client_trouble, loses_no_qos_1_message_while_the_broker_restarts) { loses_nothing(qos::at_least_once, "1"); }
TEST(client_trouble, loses_no_qos_2_message_while_the_broker_restarts) { loses_nothing(qos::exactly_once, "2"); }

TEST(client_trouble, a_source_that_fails_ends_the_connection_and_the_client_comes_back) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  blocking_client client{quick()};
  ASSERT_OK(client.connect(broker.url()));
  int asked = 0;
  const auto source = [&asked](std::uint32_t, mutable_bytes out) { return ++asked == 1 ? std::size_t{0} : out.size(); };
  ASSERT_OK(client.publish_pieces({.topic = "a", .qos = qos::at_least_once}, 3'000'000, source));
  EXPECT_GT(asked, 1);
}

TEST(client_trouble, reads_no_more_than_its_queue_takes_and_goes_on_later) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  options how = quick();
  how.sizes.queue_messages_max = 10;
  blocking_client slow{how}, fast;
  ASSERT_OK(slow.connect(broker.url()));
  ASSERT_OK(fast.connect(broker.url()));
  ASSERT_OK(slow.subscribe("many"));
  for (int i = 0; i < 1000; ++i)
    ASSERT_OK(fast.start_publish({.topic = "many", .payload = as_bytes(std::to_string(i)), .qos = qos::at_least_once}));
  ASSERT_OK(fast.disconnect());
  for (int i = 0; i < 1000; ++i) {
    const auto got = slow.receive();
    ASSERT_TRUE(got && *got) << i;
    ASSERT_EQ((*got)->text(), std::to_string(i));
  }
}

TEST(client_trouble, a_durable_session_outlives_the_program) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  options how;
  how.client_identifier = "durable", how.clean_start = false;
  {
    blocking_client first{how};
    ASSERT_OK(first.connect(broker.url()));
    ASSERT_OK(first.subscribe("kept"));
    ASSERT_OK(first.disconnect());
  }
  blocking_client other, second{how};
  ASSERT_OK(other.connect(broker.url()));
  ASSERT_OK(other.publish("kept", "meanwhile", qos::at_least_once));
  ASSERT_OK(second.connect(broker.url()));
  const auto got = second.receive();
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->text(), "meanwhile");
}

TEST(client_trouble, its_will_is_published_when_it_is_cut_off) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  blocking_client watcher;
  ASSERT_OK(watcher.connect(broker.url()));
  ASSERT_OK(watcher.subscribe("state"));
  options how;
  how.client_identifier = "twin";
  how.will = will{.topic = "state", .payload = "gone", .qos = qos::at_least_once};
  how.reconnect = false;
  blocking_client first{how}, second{how};
  ASSERT_OK(first.connect(broker.url()));
  ASSERT_OK(second.connect(broker.url()));  // takes over: the first one's will is published
  const auto got = watcher.receive();
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->text(), "gone");
  const auto ended = first.receive(no_timeout);
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().line, HasSubstr("; "));
}

}  // namespace
}  // namespace recado::client
