// Misuse that the compiler finds: each line is a mistake that does not compile. What is ignored is in
// tests/misuse.cmake.
#include <gtest/gtest.h>

#include <recado/client/broker_test.hpp>

namespace recado::client {
namespace {

using namespace std::chrono_literals;
using mqtt::qos;

template <class... Arguments>
concept publishes = requires(blocking_client& client, Arguments... given) {
  client.publish(given...);
};
template <class... Arguments>
concept subscribes = requires(blocking_client& client, Arguments... given) {
  client.subscribe(given...);
};
template <class Argument>
concept waits_for = requires(blocking_client& client, Argument given) {
  client.wait(given);
};
template <class Argument>
concept unsubscribes = requires(blocking_client& client, Argument given) {
  client.unsubscribe(given);
};
template <class Argument>
concept receives_within = requires(blocking_client& client, Argument given) {
  client.receive(given);
};
template <class Argument>
concept checks_the_peer_by = requires(options& how, Argument given) {
  how.tls.check = given;
};
template <class Argument>
concept speaks = requires(options& how, Argument given) {
  how.version = given;
};
template <class Argument>
concept keeps_alive_by = requires(options& how, Argument given) {
  how.timeout = given;
};
template <class Client>
concept copies = requires(Client& client) {
  Client{client};
};

using handler = void (*)(const mqtt::message_received&);

// What is right, so that the rest fails for its own reason.
static_assert(publishes<const char*, const char*> && publishes<const char*, const char*, qos, bool>);
static_assert(publishes<const char*, bytes, qos>);
static_assert(subscribes<const char*> && subscribes<const char*, handler> && subscribes<const char*, handler, qos>);
static_assert(waits_for<publication> && unsubscribes<subscription> && receives_within<std::chrono::seconds>);
static_assert(checks_the_peer_by<tls::peer_check> && speaks<mqtt::version> && keeps_alive_by<std::chrono::minutes>);

static_assert(!publishes<const char*>, "a payload is said, if it is an empty one");
static_assert(!publishes<const char*, const char*, bool>, "retain where the QoS belongs");
static_assert(!publishes<const char*, const char*, int>, "a number isn't a QoS");
static_assert(!publishes<const char*, const char*, qos, int>, "nor a yes or no");
static_assert(!publishes<const char*, const char*, qos, qos>, "the QoS twice");
static_assert(!publishes<const char*, const char*, qos, const char*>, "a text isn't true");
static_assert(!publishes<const char*, int>, "a number isn't a text");
static_assert(!publishes<std::nullptr_t, const char*> && !publishes<const char*, std::nullptr_t>);
static_assert(!subscribes<const char*, qos>, "the handler comes first; {} for the queue");
static_assert(!subscribes<const char*, void (*)(int)>, "a handler of something else");
static_assert(!waits_for<int> && !waits_for<std::uint64_t> && !waits_for<subscription>, "only what was published");
static_assert(!unsubscribes<const char*> && !unsubscribes<publication>, "only what was subscribed");
static_assert(!receives_within<int> && !receives_within<double>, "seconds, or milliseconds?");
static_assert(!keeps_alive_by<int>);
static_assert(!checks_the_peer_by<bool> && !checks_the_peer_by<int>, "no accident turns verification off");
static_assert(!speaks<int>, "5 is no version: v5_0 is");
static_assert(!copies<blocking_client>, "one thread, one session: it isn't copied");
static_assert(!std::is_convertible_v<options, blocking_client>);

TEST(client_misuse, tls_options_without_mqtts_are_refused_before_anything_is_sent) {
  const auto refused_with = [](auto change) {
    options how;
    change(how.tls);
    blocking_client client{how};
    return error_of(client.connect("mqtt://127.0.0.1:1"));
  };
  EXPECT_EQ(refused_with([](auto& tls) { tls.ca_file = "ca.crt"; }), error::tls_without_mqtts);
  EXPECT_EQ(refused_with([](auto& tls) { tls.ca = "PEM"; }), error::tls_without_mqtts);
  EXPECT_EQ(refused_with([](auto& tls) { tls.certificate_file = "own.crt"; }), error::tls_without_mqtts);
  EXPECT_EQ(refused_with([](auto& tls) { tls.psk_identity = "board"; }), error::tls_without_mqtts);
  EXPECT_EQ(refused_with([](auto& tls) { tls.psk_key.resize(16); }), error::tls_without_mqtts);
  EXPECT_EQ(refused_with([](auto& tls) { tls.ca_path = "/etc/ssl/certs"; }), error::tls_without_mqtts);
  EXPECT_EQ(refused_with([](auto& tls) { tls.crl_file = "list.crl"; }), error::tls_without_mqtts);
  EXPECT_EQ(refused_with([](auto& tls) { tls.crl = "PEM"; }), error::tls_without_mqtts);
  EXPECT_EQ(refused_with([](auto& tls) { tls.key_file = "own.key"; }), error::tls_without_mqtts);
  EXPECT_EQ(refused_with([](auto& tls) { tls.key = "PEM"; }), error::tls_without_mqtts);
  EXPECT_EQ(refused_with([](auto& tls) { tls.pass_phrase = "open"; }), error::tls_without_mqtts);
  EXPECT_EQ(refused_with([](auto& tls) { tls.system_store = true; }), error::tls_without_mqtts);
  EXPECT_NE(refused_with([](auto&) {}), error::tls_without_mqtts);
}

TEST(client_misuse, verification_is_on_in_what_nobody_touched) {
  EXPECT_EQ(options{}.tls.check, tls::peer_check::chain_and_name);
  EXPECT_EQ(tls::client_options{}.check, tls::peer_check::chain_and_name);
}

TEST(client_misuse, no_broker_is_no_place_to_connect_to) {
  blocking_client client;
  EXPECT_EQ(error_of(client.connect(std::span<const std::string_view>{})), error::bad_url);
  const std::vector<std::string_view> many(33, "mqtt://127.0.0.1:1");
  EXPECT_EQ(error_of(client.connect(many)), error::too_many_brokers);
}

}  // namespace
}  // namespace recado::client
