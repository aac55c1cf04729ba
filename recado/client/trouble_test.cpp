// What can go wrong between a client and its broker, and what the client makes of it.
#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include <recado/client/broker_test.hpp>
#include <recado/drive/tap.hpp>
#include <recado/mqtt/packet.hpp>
#include <tests/support/scripted_broker.hpp>
#include <tests/support/sockets.hpp>

namespace recado::client {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
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

TEST(client_trouble, speaks_in_the_clear_to_a_second_broker_that_has_no_tls) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  const std::string dead = "mqtts://127.0.0.1:" + std::to_string(test::free_port()), alive = broker.url();
  const std::string_view both[] = {dead, alive};
  blocking_client client;
  ASSERT_OK(client.connect(both));
  ASSERT_OK(client.publish("a", "b", mqtt::qos::at_least_once));
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

// What crosses the wire in one direction, by the rules of QoS 2: how often each payload was published as a new message.
// Between its PUBLISH and its PUBREL an identifier names one message, however often it is sent; behind PUBREL it is
// another one [MQTT-4.3.3-12].
class watch final : public tap {
 public:
  explicit watch(direction way) : way_(way) {}
  void datagram_seen(direction, const endpoint&, const endpoint&, bytes, instant) override {}
  void stream_opened(const stream_identity&, instant) override { rest_.clear(); }
  void stream_closed(const stream_identity&, fault, instant) override {}
  void stream_bytes(const stream_identity&, direction way, content what, bytes data, instant) override {
    if (way != way_ || what != content::wire) return;
    rest_.insert(rest_.end(), data.begin(), data.end());
    const mqtt::decode_options how{.from = way_ == direction::in ? mqtt::sender::server : mqtt::sender::client};
    bytes left = rest_;
    for (mqtt::fixed_header header;; left = left.subspan(header.total())) {
      ASSERT_FALSE(mqtt::read_header(left, how, header));
      if (header.size == 0 || left.size() < header.total()) break;
      mqtt::any_packet packet;
      ASSERT_FALSE(mqtt::decode(header, left.first(header.total()), how, packet));
      note(packet);
    }
    rest_.erase(rest_.begin(), rest_.end() - static_cast<std::ptrdiff_t>(left.size()));
  }
  /// To be asked when the stream has ended.
  std::size_t times(const std::string& payload) const {
    const auto found = times_.find(payload);
    return found != times_.end() ? found->second : 0;
  }

 private:
  void note(const mqtt::any_packet& packet) {
    if (const auto* one = std::get_if<mqtt::publish>(&packet)) {
      if (one->qos != qos::exactly_once || open_.insert(one->packet_identifier).second)
        ++times_[std::string{as_text(one->payload)}];
    } else if (const auto* end = std::get_if<mqtt::acknowledgement>(&packet);
               end != nullptr && end->type == mqtt::packet_type::pubrel) {
      open_.erase(end->packet_identifier);
    }
  }
  direction way_;
  std::vector<std::byte> rest_;
  std::set<std::uint16_t> open_;
  std::map<std::string, std::size_t> times_;
};

// The broker restarts under load; what is in flight goes on in the sessions of both sides. mosquitto 2.0.11, restarted
// while many messages wait for PUBCOMP, publishes some of them anew behind PUBREL, against [MQTT-4.3.3-6]; so what
// counts is that the client delivers none more often than the broker published it, and publishes each once itself.
void loses_nothing(qos level, const std::string& folder_suffix) {
  test::mosquitto broker{mosquitto_program, own_folder() / folder_suffix};
  watch left{direction::out}, came{direction::in};
  options how = quick();
  how.sizes.in_flight = 100;
  std::atomic<int> forgotten{0};
  how.on_connection = [&](const connection_news& news) {
    forgotten += news.what == connection_news::kind::session_lost ? 1 : 0;
  };
  how.observer = &left;
  blocking_client from{how};
  how.observer = &came;
  blocking_client to{how};
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
  std::map<std::string, std::size_t> heard;
  received one;
  for (std::size_t restarts = 0; heard.size() < count;) {
    const auto got = to.receive(one, 20s);
    ASSERT_OK(got);
    ASSERT_TRUE(*got) << heard.size() << " of " << count;
    ++heard[std::string{one.text()}];
    if (restarts < 3 && heard.size() > (restarts + 1) * count / 5) ++restarts, broker.stop(), broker.start();
  }
  publisher.join();
  for (const publication& each : published) EXPECT_OK(from.wait(each));
  EXPECT_OK(from.disconnect());
  EXPECT_OK(to.disconnect());
  while (const auto got = to.receive(one, 0ms)) ++heard[std::string{one.text()}];  // came behind the last one
  EXPECT_EQ(forgotten, 0);
  for (const auto& [text, times] : heard) {
    EXPECT_LE(times, came.times(text)) << text;  // the last ones may have come behind the goodbye
    if (level == qos::exactly_once) {
      EXPECT_EQ(left.times(text), 1u) << text;
    }
  }
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

TEST(client_trouble, comes_back_although_its_queue_is_full) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  options how = quick();
  how.sizes.queue_messages_max = 10;
  tally connected;
  how.on_connection = [&](const connection_news& news) {
    if (news.what == connection_news::kind::connected) connected.add();
  };
  blocking_client slow{how}, fast;
  ASSERT_OK(slow.connect(broker.url()));
  ASSERT_OK(fast.connect(broker.url()));
  tally heard;
  ASSERT_OK(slow.subscribe("many", [&](const mqtt::message_received&) { heard.add(); }));
  ASSERT_OK(slow.subscribe("many"));
  for (int i = 0; i < 100; ++i) ASSERT_OK(fast.start_publish({.topic = "many", .qos = qos::at_least_once}));
  ASSERT_OK(fast.disconnect());
  ASSERT_TRUE(heard.reaches(10));
  EXPECT_EQ(heard.count(), 10u) << "as many as the queue takes";
  broker.stop(SIGKILL);
  broker.start();
  EXPECT_TRUE(connected.reaches(2));
  ASSERT_OK(slow.publish("many", "behind"));
  for (std::string text; text != "behind";) {
    const auto got = slow.receive();
    ASSERT_TRUE(got && *got);
    text = (*got)->text();
  }
}

// [MQTT-3.2.2-4]: A, then B, which doesn't know A's session, then A again, which still has it, with a message of QoS 2
// under an identifier that is free on this side.
TEST(client_trouble, a_server_whose_session_was_left_behind_is_told_to_forget_it) {
  for (const mqtt::version version : {mqtt::version::v5_0, mqtt::version::v3_1_1}) {
    const std::string accepted = test::packet(0x20, version == mqtt::version::v5_0 ? "\0\0\0"s : "\0\0"s);
    const std::string known = test::packet(0x20, version == mqtt::version::v5_0 ? "\1\0\0"s : "\1\0"s);
    const auto accepts = [&] { return test::says(accepted); };
    const bool passing = version == mqtt::version::v3_1_1;  // a clean session of 3.1.1 ends with its connection
    std::vector<test::script> of_a{
        {test::hears(test::connect_type), accepts(), test::hears(test::publish_type),
         test::says(test::packet(0x50, "\0\1"s)), test::hears(test::pubrel_type), test::closes()},
        {test::hears(test::connect_type), test::closes()},
        {test::hears(test::connect_type), accepts(), test::hears(test::publish_type), test::closes()},
        {test::serves({.connack = known})}};
    if (passing)
      of_a.insert(of_a.begin() + 2, test::script{test::hears(test::connect_type), accepts(),
                                                 test::hears(test::disconnect_type), test::waits_for_end()});
    test::scripted_broker a{of_a};
    test::scripted_broker b{
        {{test::hears(test::connect_type), accepts(), test::hears(test::publish_type), test::closes()}}};
    options how = quick();
    how.version = version;
    how.client_identifier = "c", how.clean_start = false;
    tally online;
    how.on_connection = [&](const connection_news& news) {
      if (news.what == connection_news::kind::connected) online.add();
    };
    blocking_client client{how};
    const std::string urls[] = {url_of(a), url_of(b)};
    const std::string_view both[] = {urls[0], urls[1]};
    ASSERT_OK(client.connect(both));
    const auto first = client.start_publish({.topic = "q", .payload = as_bytes("1"), .qos = qos::exactly_once});
    ASSERT_OK(first);
    ASSERT_TRUE(online.reaches(2));
    EXPECT_EQ(error_of(client.wait(*first)), error::session_lost);
    const auto second = client.start_publish({.topic = "q", .payload = as_bytes("2"), .qos = qos::exactly_once});
    ASSERT_OK(second);
    EXPECT_OK(client.wait(*second));
    ASSERT_OK(client.disconnect());
    a.finish(), b.finish();
    EXPECT_EQ(a.complaint() + b.complaint(), "");
    const auto begins_clean = [](const test::scripted_broker& broker, std::size_t connection) {
      return (test::packet_body(broker.packets(connection).at(0))[7] & 2) != 0;
    };
    EXPECT_FALSE(begins_clean(a, 0));
    EXPECT_FALSE(begins_clean(a, 1));
    EXPECT_FALSE(begins_clean(b, 0)) << "it may be the twin of the first one";
    EXPECT_TRUE(begins_clean(a, 2));
    const std::size_t lasting = passing ? 3 : 2;
    EXPECT_EQ(begins_clean(a, lasting), !passing) << "one that lasts follows at once";
    EXPECT_FALSE(begins_clean(a, lasting + 1)) << "this is the session that this side knows";
  }
}

TEST(client_trouble, of_qos_2_pubrec_says_that_nobody_is_subscribed) {
  test::scripted_broker broker{{{test::serves({.acknowledged = 0x10})}}};
  blocking_client client;
  ASSERT_OK(client.connect(url_of(broker)));
  for (const qos level : {qos::at_least_once, qos::exactly_once, qos::exactly_once}) {
    const auto answered = client.publish("q", "x", level);
    ASSERT_OK(answered);
    EXPECT_EQ(*answered, mqtt::reason::no_matching_subscribers);
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

// What a client finds that resumes a session with a backlog, with a queue that is too short for it.
class client_backlog : public testing::Test {
 protected:
  static constexpr int many = 300;

  void SetUp() override {
    how_.client_identifier = "durable", how_.clean_start = false, how_.sizes.queue_messages_max = 20;
    blocking_client first{how_}, other;
    ASSERT_OK(first.connect(broker_.url()));
    ASSERT_OK(first.subscribe("kept/+"));
    ASSERT_OK(first.disconnect());
    ASSERT_OK(other.connect(broker_.url()));
    for (int i = 0; i < many; ++i)
      ASSERT_OK(other.start_publish({.topic = "kept/" + std::to_string(i / 2), .qos = qos::at_least_once}));
    ASSERT_OK(other.disconnect());
  }

  test::mosquitto broker_{mosquitto_program, own_folder()};
  options how_;
};

TEST_F(client_backlog, is_received_whole_by_who_receives) {
  blocking_client second{how_};
  EXPECT_EQ(error_of(second.receive(0s)), error::not_connected) << "but now it is known that somebody receives";
  ASSERT_OK(second.connect(broker_.url()));
  for (int i = 0; i < many; ++i) {
    const auto got = second.receive();
    ASSERT_TRUE(got && *got) << i;
    ASSERT_EQ((*got)->topic, "kept/" + std::to_string(i / 2));
  }
}

TEST_F(client_backlog, holds_up_nothing_where_nobody_receives_and_what_is_lost_is_told) {
  tally dropped, heard;
  how_.on_dropped = [&](const dropped_message& what) {
    EXPECT_TRUE(is(what.why.why, error::nobody_receives) && what.incoming) << what.why.line;
    dropped.add();
  };
  blocking_client second{how_};
  ASSERT_OK(second.connect(broker_.url()));
  ASSERT_OK(second.subscribe("other", [&](const mqtt::message_received&) { heard.add(); }));
  ASSERT_OK(second.publish("other", "", qos::exactly_once));
  EXPECT_TRUE(heard.reaches(1));
  EXPECT_TRUE(dropped.reaches(many - 19)) << dropped.count();
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
