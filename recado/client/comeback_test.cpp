// The client that comes back: the outbox, several brokers, server references, final reasons, and what it tells.
#include <functional>
#include <future>
#include <set>

#include <gmock/gmock.h>

#include <recado/client/broker_test.hpp>
#include <tests/support/scripted_broker.hpp>
#include <tests/support/sockets.hpp>

namespace recado::client {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using mqtt::qos;
using testing::ElementsAre;
using testing::HasSubstr;
using kind = connection_news::kind;
namespace t = recado::test;

options quick() {
  options how;
  how.backoff = {.first = 5ms, .longest = 50ms};
  return how;
}

/// All that a client was told about its connection and its losses.
class diary {
 public:
  explicit diary(options& how) {
    how.on_connection = [this](const connection_news& what) {
      const std::scoped_lock held{mutex_};
      news_.push_back(what);
      changed_.notify_all();
    };
    how.on_dropped = [this](const dropped_message& what) {
      const std::scoped_lock held{mutex_};
      dropped_.push_back(what);
      changed_.notify_all();
    };
  }
  /// Waits until it was told so often; false after ten seconds.
  bool tells(kind what, std::size_t times = 1) {
    std::unique_lock held{mutex_};
    return changed_.wait_for(held, 10s, [&] { return count(what) >= times; });
  }
  bool loses(std::size_t messages) {
    std::unique_lock held{mutex_};
    return changed_.wait_for(held, 10s, [&] { return dropped_.size() >= messages; });
  }
  std::vector<connection_news> news() {
    const std::scoped_lock held{mutex_};
    return news_;
  }
  std::vector<dropped_message> dropped() {
    const std::scoped_lock held{mutex_};
    return dropped_;
  }
  std::size_t count(kind what) const {
    return static_cast<std::size_t>(
        std::count_if(news_.begin(), news_.end(), [&](const connection_news& one) { return one.what == what; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<connection_news> news_;
  std::vector<dropped_message> dropped_;
};

t::script refuses(int reason, const std::string& properties = "\0"s) {
  return {t::hears(t::connect_type), t::says(t::packet(0x20, "\0"s + static_cast<char>(reason) + properties)),
          t::waits_for_end()};
}
std::string reference(const std::string& text) {
  return std::string{static_cast<char>(text.size() + 3)} + "\x1c" + t::field(text);
}

TEST(client_comeback, publishes_whether_connected_or_not_and_in_order) {
  options how = quick();
  diary told{how};
  const std::uint16_t port = test::free_port();
  blocking_client client{how};
  ASSERT_OK(client.start("mqtt://127.0.0.1:" + std::to_string(port)));
  ASSERT_TRUE(told.tells(kind::disconnected, 2));
  EXPECT_FALSE(client.online());
  std::vector<publication> all;
  for (int i = 0; i < 300; ++i) {
    const auto one = client.start_publish({.topic = "q", .payload = as_bytes(std::to_string(i)), .qos = qos(i % 3)});
    ASSERT_OK(one);
    all.push_back(*one);
  }
  ASSERT_OK(client.publish("q", "300"));
  EXPECT_EQ(client.status().waiting, 301u);
  EXPECT_THAT(client.status().last_failure.line, HasSubstr("refused"));
  EXPECT_GT(client.status().failed_rounds, 0u);
  EXPECT_NE(client.status().state, chain::reconnect_state::online);

  // A durable session that subscribed before waits at the broker that comes up there.
  t::scripted_broker broker{{{t::serves()}}, [port] {
                              posix::descriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
                              const int yes = 1;
                              ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
                              sockaddr_in here{};
                              here.sin_family = AF_INET, here.sin_port = htons(port);
                              here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                              EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
                              EXPECT_EQ(::listen(fd.get(), 4), 0);
                              return fd;
                            }()};
  for (const publication& one : all) EXPECT_OK(client.wait(one));
  ASSERT_TRUE(client.online());
  EXPECT_EQ(client.status().waiting, 0u);
  EXPECT_EQ(client.status().state, chain::reconnect_state::online);
  EXPECT_EQ(client.status().broker, "127.0.0.1:" + std::to_string(port));
  ASSERT_OK(client.disconnect());
  broker.finish();
  EXPECT_EQ(broker.complaint(), "");
  int next = 0;
  for (const std::string& packet : broker.packets())
    if ((packet[0] & 0xf0) == 0x30) {
      EXPECT_TRUE(packet.ends_with(std::to_string(next))) << next;
      ++next;
    }
  EXPECT_EQ(next, 301);
}

TEST(client_comeback, a_full_outbox_does_as_it_is_told) {
  const std::string nowhere = "mqtt://127.0.0.1:" + std::to_string(test::free_port());
  const auto fill = [&](chain::outbox_policy policy) {
    options how = quick();
    how.outbox = {.messages_max = 3, .when_full = policy};
    auto told = std::make_unique<diary>(how);
    auto client = std::make_unique<blocking_client>(how);
    EXPECT_OK(client->start(nowhere));
    for (int i = 0; i < 3; ++i)
      EXPECT_OK(client->start_publish({.topic = "q",
                                       .payload = as_bytes(std::to_string(i)),
                                       .qos = i == 1 ? qos::at_most_once : qos::exactly_once}));
    return std::pair{std::move(told), std::move(client)};
  };
  {
    const auto [told, client] = fill(chain::outbox_policy::refuse);
    const auto refused = client->start_publish({.topic = "q", .qos = qos::at_least_once}, 20ms);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(is(refused.error().why, chain::error::outbox_full)) << refused.error().line;
    EXPECT_EQ(client->status().waiting, 3u);
    EXPECT_TRUE(told->dropped().empty());
  }
  {
    const auto [told, client] = fill(chain::outbox_policy::drop_oldest_qos_0);
    EXPECT_OK(client->start_publish({.topic = "q", .qos = qos::at_least_once}, 0ms));
    ASSERT_TRUE(told->loses(1));
    EXPECT_EQ(told->dropped()[0].qos, qos::at_most_once);
    EXPECT_FALSE(client->start_publish({.topic = "q", .qos = qos::at_least_once}, 0ms));
  }
  {
    const auto [told, client] = fill(chain::outbox_policy::drop_oldest);
    const auto first = client->start_publish({.topic = "will go", .qos = qos::at_least_once}, 0ms);
    ASSERT_OK(first);
    auto waits = std::async(std::launch::async, [&, raw = client.get()] { return raw->wait(*first, 10s); });
    for (int i = 0; i < 3; ++i) EXPECT_OK(client->start_publish({.topic = "q", .qos = qos::at_least_once}, 0ms));
    EXPECT_EQ(error_of(waits.get()), error::message_crowded_out);
    ASSERT_TRUE(told->loses(4));
    EXPECT_EQ(told->dropped()[3].topic, "will go");
    EXPECT_FALSE(told->dropped()[3].incoming);
    EXPECT_THAT(told->dropped()[3].why.line, HasSubstr("; "));
    EXPECT_EQ(client->status().waiting, 3u);
  }
}

TEST(client_comeback, tells_of_a_subscription_that_is_refused_when_it_is_made_again) {
  const auto answers = [](char code) {
    return t::says([code](const std::string& last) { return t::packet(0x90, t::identifier_in(last) + '\0' + code); });
  };
  const t::step accepts = t::says("\x20\x03\0\0\0"s);
  t::scripted_broker broker{
      {{t::hears(t::connect_type), accepts, t::hears(t::subscribe_type), answers(0), t::closes()},
       {t::hears(t::connect_type), accepts, t::hears(t::subscribe_type), answers('\x87'), t::waits_for_end()}}};
  options how = quick();
  diary told{how};
  blocking_client client{how};
  ASSERT_OK(client.connect(url_of(broker)));
  ASSERT_OK(client.subscribe("a/+", [](const mqtt::message_received&) {}));
  ASSERT_TRUE(told.tells(kind::subscription_refused));
  const connection_news last = told.news().back();
  EXPECT_EQ(last.filter, "a/+");
  EXPECT_EQ(last.why.reason, mqtt::reason::not_authorized);
}

// A server's words are shown as one line, whatever is in them.
TEST(client_comeback, quotes_what_a_server_says) {
  t::scripted_broker broker{{refuses(0x9c, "\x0c\x1f"s + t::field("a\nb") + "\x1c" + t::field("\x1b[m"))}};
  options how = quick();
  how.follow_references = false;
  blocking_client client{how};
  const auto refused = client.connect(url_of(broker));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().line, testing::Not(testing::AnyOf(testing::HasSubstr("\n"), testing::HasSubstr("\x1b"))));
  EXPECT_THAT(refused.error().line, testing::HasSubstr("it names \""));
}

TEST(client_comeback, messages_expire_while_they_wait) {
  options how = quick();
  diary told{how};
  blocking_client client{how};
  ASSERT_OK(client.start("mqtt://127.0.0.1:" + std::to_string(test::free_port())));
  const mqtt::property_value soon[] = {{mqtt::property::message_expiry_interval, 0U}};
  const auto one =
      client.start_publish({.topic = "q", .qos = qos::at_least_once, .properties = mqtt::properties{soon}});
  ASSERT_OK(one);
  EXPECT_EQ(error_of(client.wait(*one)), error::message_expired);
  ASSERT_TRUE(told.loses(1));
  EXPECT_EQ(client.status().waiting, 0u);
}

TEST(client_comeback, says_at_once_what_is_wrong_with_a_message) {
  blocking_client client{quick()};
  EXPECT_EQ(error_of(client.start_publish({.topic = "q"})), error::not_connected) << "nobody was asked to connect";
  ASSERT_OK(client.start("mqtt://127.0.0.1:" + std::to_string(test::free_port())));
  const mqtt::property_value wrong[] = {{mqtt::property::will_delay_interval, 1U}};
  EXPECT_TRUE(is(client.publish("a/#", "").error().why, mqtt::error::bad_topic_name));
  EXPECT_TRUE(is(client.publish({.topic = "q", .properties = mqtt::properties{wrong}}).error().why,
                 mqtt::error::misplaced_property));
  EXPECT_EQ(error_of(client.publish("q", std::string(2 << 20, 'x'))), error::message_too_long);
  blocking_client small{{.outbox = {.bytes_max = 100}}};
  ASSERT_OK(small.start("mqtt://127.0.0.1:" + std::to_string(test::free_port())));
  EXPECT_EQ(error_of(small.publish("q", std::string(200, 'x'))), error::longer_than_outbox);
  EXPECT_EQ(client.status().waiting, 0u);
}

TEST(client_comeback, goes_on_trying_from_the_first_time_if_asked) {
  t::scripted_broker broker{{refuses(0x88), refuses(0x89), {t::serves()}}};
  options how = quick();
  how.retry_first = true;
  diary told{how};
  blocking_client client{how};
  ASSERT_OK(client.connect(url_of(broker)));
  ASSERT_TRUE(told.tells(kind::connected));
  const auto news = told.news();
  ASSERT_EQ(news.size(), 3u);
  EXPECT_TRUE(news[0].retry_in && news[1].retry_in);
  EXPECT_THAT(news[0].why.line, HasSubstr("Server unavailable"));
  EXPECT_EQ(news[2].what, kind::connected);
}

TEST(client_comeback, takes_the_brokers_in_their_order) {
  t::scripted_broker first{{refuses(0x88), {t::serves()}}}, second{{{t::serves()}}};
  const std::string urls[] = {url_of(first), url_of(second)};
  const std::string_view both[] = {urls[0], urls[1]};
  options how = quick();
  diary told{how};
  blocking_client client{how};
  ASSERT_OK(client.connect(both));
  EXPECT_EQ(client.status().broker, "127.0.0.1:" + std::to_string(second.port()));
  ASSERT_TRUE(told.tells(kind::connected));
  const auto news = told.news();
  ASSERT_EQ(news.size(), 2u);
  EXPECT_EQ(news[0].retry_in, duration::zero()) << "the next one at once";
  second.finish();  // it ends the connection: back to the first
  ASSERT_TRUE(told.tells(kind::connected, 2));
  EXPECT_EQ(client.status().broker, "127.0.0.1:" + std::to_string(first.port()));
  EXPECT_TRUE(told.tells(kind::session_lost)) << "that one knows nothing";
}

// MQTT 5.0 §4.11
TEST(client_comeback, follows_server_references_or_reports_them) {
  for (const int reason : {0x9c, 0x9d}) {
    t::scripted_broker there{{{t::serves()}}};
    const std::string name = "127.0.0.1:" + std::to_string(there.port());
    t::scripted_broker here{{refuses(reason, reference(name))}};
    options how = quick();
    diary told{how};
    blocking_client client{how};
    ASSERT_OK(client.connect(url_of(here)));
    EXPECT_EQ(client.status().broker, name);
    EXPECT_THAT(told.news()[0].why.line, HasSubstr(name)) << "reported, too";
    ASSERT_OK(client.publish("a", "b", qos::exactly_once));
    how.follow_references = false;
    blocking_client stays{how};
    const auto refused = stays.connect(url_of(here));
    ASSERT_FALSE(refused);
    EXPECT_EQ(static_cast<int>(refused.error().reason), reason);
    EXPECT_THAT(refused.error().line, HasSubstr(name));
  }
}

TEST(client_comeback, follows_a_disconnect_that_names_another_server) {
  t::scripted_broker there{{{t::serves()}}};
  const std::string name = "127.0.0.1:" + std::to_string(there.port());
  t::scripted_broker here{{{t::hears(t::connect_type), t::says("\x20\x03\0\0\0"s), t::hears(t::publish_type),
                            t::says(t::packet(0xe0, "\x9c" + reference(name))), t::waits_for_end()}}};
  options how = quick();
  diary told{how};
  blocking_client client{how};
  ASSERT_OK(client.connect(url_of(here)));
  ASSERT_OK(client.publish("a", "not lost on the way", qos::exactly_once));
  EXPECT_EQ(client.status().broker, name);
  there.finish();
  EXPECT_THAT(there.heard(), HasSubstr("not lost on the way"));
}

TEST(client_comeback, does_not_repeat_what_is_final_unless_asked) {
  t::scripted_broker broker{{{t::hears(t::connect_type), t::says("\x20\x03\0\0\0"s), t::closes()}, refuses(0x87)}};
  options how = quick();
  diary told{how};
  blocking_client client{how};
  (void)client.connect(url_of(broker));
  ASSERT_TRUE(told.tells(kind::disconnected, 2));
  EXPECT_FALSE(client.receive(no_timeout));
  const auto news = told.news();
  EXPECT_TRUE(news[1].retry_in) << "an end of file may pass";
  EXPECT_FALSE(news.back().retry_in) << "but this will not";
  EXPECT_EQ(news.back().why.reason, mqtt::reason::not_authorized);
  EXPECT_EQ(client.status().state, chain::reconnect_state::idle);
  EXPECT_EQ(client.status().last_failure.reason, mqtt::reason::not_authorized);
  EXPECT_EQ(client.publish("a", "b").error().reason, mqtt::reason::not_authorized) << "the reason is kept";
  EXPECT_EQ(broker.connections(), 2u);

  t::scripted_broker stubborn{{refuses(0x87), refuses(0x87), {t::serves()}}};
  how = quick();
  how.retry_final = how.retry_first = true;
  blocking_client asked{how};
  ASSERT_OK(asked.connect(url_of(stubborn)));
}

TEST(client_comeback, tells_when_the_session_was_lost_and_what_became_of_messages) {
  for (const auto policy : {mqtt::lost_session::publish_again, mqtt::lost_session::report}) {
    t::scripted_broker broker{
        {{t::hears(t::connect_type), t::says("\x20\x03\0\0\0"s), t::hears(t::publish_type), t::closes()},
         {t::serves()}}};
    options how = quick();
    how.when_session_lost = policy;
    diary told{how};
    blocking_client client{how};
    ASSERT_OK(client.connect(url_of(broker)));
    const auto sent = client.publish("a", "b", qos::exactly_once);
    EXPECT_TRUE(told.tells(kind::session_lost));
    if (policy == mqtt::lost_session::publish_again) EXPECT_OK(sent);
    else EXPECT_EQ(error_of(sent), error::session_lost);
    const auto news = told.news();
    ASSERT_EQ(news.size(), 4u);
    EXPECT_EQ(news[2].what, kind::connected);
    EXPECT_FALSE(news[2].session_present);
    EXPECT_EQ(news[3].what, kind::session_lost);
  }
}

// 3.1.1 §3.1.2.4: a session that began clean ends with its connection, and the client says so.
TEST(client_comeback, of_3_1_1_a_clean_session_is_lost_with_each_connection_and_a_kept_one_is_not) {
  for (const bool clean : {true, false}) {
    test::mosquitto broker{mosquitto_program, own_folder() / (clean ? "clean" : "kept")};
    options how = quick();
    how.version = mqtt::version::v3_1_1, how.clean_start = clean, how.client_identifier = "old";
    diary told{how};
    blocking_client client{how}, other;
    ASSERT_OK(client.connect(broker.url()));
    ASSERT_OK(client.subscribe("a"));
    broker.stop();
    ASSERT_TRUE(told.tells(kind::disconnected));
    broker.start();
    ASSERT_TRUE(told.tells(kind::connected, 2));
    ASSERT_OK(other.connect(broker.url()));
    // Whichever it is, the subscription holds again.
    received got;
    for (bool heard = false; !heard;) {
      ASSERT_OK(other.publish("a", "still", qos::at_least_once));
      const auto one = client.receive(got, 50ms);
      ASSERT_OK(one);
      heard = *one;
    }
    EXPECT_EQ(got.text(), "still");
    const auto news = told.news();
    EXPECT_EQ(std::any_of(news.begin(), news.end(), [](auto& one) { return one.what == kind::session_lost; }), clean);
  }
  options how;
  how.version = mqtt::version::v3_1_1, how.clean_start = false;
  blocking_client nameless{how};
  const auto refused = nameless.connect("mqtt://127.0.0.1:1");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error().why, mqtt::error::client_identifier_needed)) << refused.error().line;
}

TEST(client_comeback, messages_longer_than_taken_are_told_not_delivered) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  for (const std::size_t length : {2'000U, 200'000U}) {  // within the receive buffer, and beyond it
    options how;
    how.version = mqtt::version::v3_1_1;
    how.sizes.message_max = 1000;
    diary told{how};
    blocking_client client{how}, other;
    ASSERT_OK(client.connect(broker.url()));
    ASSERT_OK(other.connect(broker.url()));
    ASSERT_OK(client.subscribe("a"));
    ASSERT_OK(other.publish("a", std::string(length, 'x'), qos::exactly_once));
    ASSERT_OK(other.publish("a", "short", qos::exactly_once));
    const auto got = client.receive();
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((*got)->text(), "short");
    ASSERT_TRUE(told.loses(1));
    EXPECT_TRUE(told.dropped()[0].incoming);
    EXPECT_EQ(told.dropped()[0].payload_size, length);
    EXPECT_EQ(told.dropped()[0].why.why, make_fault(error::longer_than_taken));
  }
}

TEST(client_comeback, handlers_publish_even_without_a_connection) {
  t::scripted_broker broker{{{t::hears(t::connect_type), t::says("\x20\x03\0\0\0"s), t::closes()}, {t::serves()}}};
  options how = quick();
  blocking_client* self = nullptr;
  std::promise<std::string> said;
  bool first = true;
  how.on_connection = [&](const connection_news& what) {
    if (what.what != kind::disconnected || !std::exchange(first, false)) return;
    said.set_value(line_of(self->start_publish({.topic = "a", .payload = as_bytes("from there"), .qos = qos(2)})));
  };
  blocking_client client{how};
  self = &client;
  (void)client.connect(url_of(broker));
  EXPECT_EQ(said.get_future().get(), "");
  ASSERT_OK(client.publish("b", "behind it", qos::exactly_once));
  broker.finish();
  const std::string heard = broker.heard(1);
  EXPECT_LT(heard.find("from there"), heard.find("behind it"));
}

// Stop, cancel and destroy at any moment, from any event: nothing hangs, leaks or is used after it was freed.
enum class moment { failed, connected, message, payload, loss, ended };
enum class way { destroy, disconnect, unsubscribe };
class client_ends : public testing::TestWithParam<std::tuple<moment, way>> {};

TEST_P(client_ends, within_each_event) {
  const auto [when, how_it_ends] = GetParam();
  t::service chatty;
  chatty.suback_more = t::publish_packet("t", "hello", 0, false, "\0"s);
  const bool refused = when == moment::failed || when == moment::loss;
  t::scripted_broker broker{{refused                 ? refuses(0x88)
                             : when == moment::ended ? t::script{t::hears(), t::says("\x20\x03\0\0\0"s), t::closes()}
                                                     : t::script{t::serves(chatty)}}};
  std::unique_ptr<blocking_client> client;
  std::promise<void> begun, ended;
  auto ready = begun.get_future().share();
  std::atomic<bool> once{true};
  const auto end = [&, way_out = how_it_ends] {
    if (!once.exchange(false)) return;
    ready.wait();  // calls of other threads have returned
    if (way_out == way::destroy) client.reset();
    if (way_out == way::disconnect) {
      EXPECT_EQ(error_of(client->disconnect()), error::called_from_handler);
    }
    if (way_out == way::unsubscribe) {
      EXPECT_EQ(error_of(client->unsubscribe({})), error::no_such_subscription);
    }
    ended.set_value();
  };
  options how = quick();
  how.on_connection = [&, at = when](const connection_news& what) {
    if (at == moment::failed && what.what == kind::disconnected) end();
    if (at == moment::connected && what.what == kind::connected) end();
    if (at == moment::ended && what.what == kind::disconnected) end();
  };
  how.on_dropped = [&](const dropped_message&) { end(); };
  client = std::make_unique<blocking_client>(how);
  ASSERT_OK(client->start(url_of(broker)));
  const mqtt::property_value soon[] = {{mqtt::property::message_expiry_interval, 0U}};
  if (when == moment::loss) {
    EXPECT_OK(client->start_publish({.topic = "t", .qos = qos(1), .properties = mqtt::properties{soon}}));
  }
  std::thread waits;
  if (when == moment::message || when == moment::payload) {
    waits = std::thread{[&, raw = client.get(), at = when] {
      const auto source = [&](std::uint32_t, mutable_bytes out) { return end(), out.size(); };
      if (at == moment::message) (void)raw->subscribe("t", [&](const mqtt::message_received&) { end(); });
      else (void)raw->publish_pieces({.topic = "t", .qos = qos(1)}, 100'000, source);
    }};
  }
  begun.set_value();
  EXPECT_EQ(ended.get_future().wait_for(10s), std::future_status::ready);
  if (waits.joinable()) waits.join();
  client.reset();
}

INSTANTIATE_TEST_SUITE_P(each, client_ends,
                         testing::Combine(testing::Values(moment::failed, moment::connected, moment::message,
                                                          moment::payload, moment::loss, moment::ended),
                                          testing::Values(way::destroy, way::disconnect, way::unsubscribe)));

}  // namespace
}  // namespace recado::client
