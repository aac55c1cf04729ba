// Enhanced authentication (5.0 §4.12): SCRAM-SHA-256 by one option, a method of one's own, and once more later.
#include <future>

#include <gmock/gmock.h>

#include <recado/client/broker_test.hpp>
#include <recado/core/base64.hpp>
#include <recado/tls/openssl/sha256.hpp>
#include <tests/support/scripted_broker.hpp>

namespace recado::client {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using mqtt::qos;
using testing::HasSubstr;
namespace t = recado::test;

std::string encoded(bytes data) {
  std::string text(base64_size(data.size()), '=');
  base64_encode(data, std::as_writable_bytes(std::span{text}));
  return text;
}

/// The server's side of SCRAM-SHA-256 (RFC 5802 §3), which knows one password.
class scram_server {
 public:
  explicit scram_server(std::string password) : password_(std::move(password)) {}

  /// client-first-message to server-first-message.
  std::string first(std::string_view said) {
    bare_ = said.substr(said.find("n=", 3));
    const std::string nonce{bare_.substr(bare_.find("r=") + 2)};
    EXPECT_EQ(bare_, "n=user,r=" + nonce);
    return first_ = "r=" + nonce + "theirs,s=" + encoded(as_bytes("salt")) + ",i=4096";
  }
  /// client-final-message to server-final-message; empty if the proof is wrong.
  std::string final(std::string_view said) {
    const std::string without_proof{said.substr(0, said.find(",p="))};
    sha256_digest salted{}, client_key{}, stored{}, server_key{}, signature{}, proof{};
    hashes_.pbkdf2(as_bytes(password_), as_bytes("salt"), 4096, salted);
    const std::string all = bare_ + "," + first_ + "," + without_proof;
    const bytes message[] = {as_bytes(all)}, c[] = {as_bytes("Client Key")}, s[] = {as_bytes("Server Key")};
    hashes_.hmac(salted, c, client_key), hashes_.hmac(salted, s, server_key);
    hashes_.hash(client_key, stored);
    hashes_.hmac(stored, message, signature);
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = client_key[i] ^ signature[i];
    if (said.substr(without_proof.size() + 3) != encoded(proof)) return {};
    hashes_.hmac(server_key, message, signature);
    return "v=" + encoded(signature);
  }

 private:
  std::string password_, bare_, first_;
  tls::openssl::sha256 hashes_;
};

/// Method and data as properties with their length.
std::string authentication(const std::string& data) {
  const std::string list = "\x15" + t::field("SCRAM-SHA-256") + "\x16" + t::field(data);
  return std::string{static_cast<char>((list.size() & 0x7f) | (list.size() > 127 ? 0x80U : 0U))} +
         (list.size() > 127 ? std::string{static_cast<char>(list.size() >> 7)} : ""s) + list;
}
/// The Authentication Data in a packet of the client.
std::string data_in(const std::string& packet) {
  const std::size_t at = packet.find("SCRAM-SHA-256") + 14;
  return packet.substr(at + 2, t::number_at(std::string_view{packet}.substr(at)));
}

t::script with(scram_server& server, bool again = false) {
  const auto auth = [](const std::string& data) { return t::packet(0xf0, "\x18" + authentication(data)); };
  t::script all{t::hears(t::connect_type),
                t::says([&, auth](const std::string& last) { return auth(server.first(data_in(last))); }),
                t::hears(t::auth_type), t::says([&](const std::string& last) {
                  const std::string proved = server.final(data_in(last));
                  return t::packet(0x20, proved.empty() ? "\0\x87\0"s : "\0\0"s + authentication(proved));
                })};
  if (again) {
    all.push_back(t::hears(t::auth_type));
    all.push_back(t::says([&, auth](const std::string& last) {
      EXPECT_EQ(t::packet_body(last)[0], 0x19) << "Re-authenticate";
      return auth(server.first(data_in(last)));
    }));
    all.push_back(t::hears(t::auth_type));
    all.push_back(t::says([&](const std::string& last) {
      const std::string proved = server.final(data_in(last));
      return proved.empty() ? t::packet(0xe0, "\x87\0"s) : t::packet(0xf0, "\0"s + authentication(proved));
    }));
  }
  all.push_back(t::serves());
  return all;
}

options scram() {
  options how;
  how.user_name = "user", how.password = "pencil";
  how.authentication = client::authentication::scram_sha_256;
  how.backoff = {.first = 5ms, .longest = 50ms};
  return how;
}

TEST(client_authentication, proves_the_password_without_sending_it_and_once_more_when_asked) {
  scram_server server{"pencil"};
  t::scripted_broker broker{{with(server, true)}};
  blocking_client client{scram()};
  ASSERT_OK(client.connect(url_of(broker)));
  ASSERT_OK(client.reauthenticate());
  ASSERT_OK(client.publish("a", "b", qos::exactly_once));
  broker.finish();
  EXPECT_EQ(broker.complaint(), "");
  EXPECT_THAT(broker.heard(), testing::Not(HasSubstr("pencil")));
}

TEST(client_authentication, once_more_waits_for_the_connection) {
  scram_server server{"pencil"};
  t::script all = with(server, true);
  std::promise<void> asked;
  all.insert(all.begin() + 1, t::says([&](const std::string& last) {
               asked.get_future().wait();
               (void)last;
               return ""s;
             }));
  t::scripted_broker broker{{all}};
  blocking_client client{scram()};
  ASSERT_OK(client.start(url_of(broker)));
  auto done = std::async(std::launch::async, [&] { return client.reauthenticate(); });
  asked.set_value();
  EXPECT_OK(done.get());
  broker.finish();
  EXPECT_EQ(broker.complaint(), "");
}

TEST(client_authentication, is_refused_with_another_password) {
  scram_server server{"pencils"};
  t::scripted_broker broker{{with(server)}};
  blocking_client client{scram()};
  const auto refused = client.connect(url_of(broker));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, mqtt::reason::not_authorized) << refused.error().line;
}

TEST(client_authentication, leaves_a_server_that_does_not_know_the_password) {
  t::scripted_broker broker{
      {{t::hears(t::connect_type), t::says([](const std::string& last) {
          const std::string said = data_in(last);
          const std::string nonce = said.substr(said.find("r=") + 2);
          return t::packet(0xf0, "\x18" + authentication("r=" + nonce + "x,s=c2FsdA==,i=4096"));
        }),
        t::hears(t::auth_type), t::says(t::packet(0x20, "\0\0"s + authentication("v=" + std::string(43, 'A') + "="))),
        t::waits_for_end()}}};
  options how = scram();
  how.retry_first = true;  // and it is final
  blocking_client client{how};
  const auto wrong = client.connect(url_of(broker));
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(is(wrong.error().why, mqtt::error::wrong_server_signature)) << wrong.error().line;
  EXPECT_EQ(broker.connections(), 1u);
}

TEST(client_authentication, authenticates_again_on_each_connection) {
  scram_server server{"pencil"};
  t::script first = with(server);
  first.back() = t::closes();
  t::scripted_broker broker{{first, with(server)}};
  blocking_client client{scram()};
  ASSERT_OK(client.start(url_of(broker)));
  ASSERT_OK(client.publish("a", "b", qos::exactly_once));
  broker.finish();
  EXPECT_EQ(broker.complaint(), "");
}

// [MQTT-4.12.1-2]
TEST(client_authentication, ends_the_connection_when_the_server_refuses_the_second_time) {
  scram_server server{"pencil"};
  t::script all = with(server, true);
  all[all.size() - 2] = t::says(t::packet(0xe0, "\x87\0"s));
  all.back() = t::waits_for_end();
  t::scripted_broker broker{{all}};
  blocking_client client{scram()};
  ASSERT_OK(client.connect(url_of(broker)));
  const auto refused = client.reauthenticate();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, mqtt::reason::not_authorized) << refused.error().line;
  EXPECT_FALSE(client.receive(no_timeout)) << "that is final";
}

// [MQTT-4.12.0-1]
TEST(client_authentication, needs_a_method_and_version_5) {
  test::mosquitto broker{mosquitto_program, own_folder()};
  blocking_client plain;
  ASSERT_OK(plain.connect(broker.url()));
  EXPECT_TRUE(is(plain.reauthenticate().error().why, mqtt::error::authentication_not_expected));
  options old = scram();
  old.version = mqtt::version::v3_1_1;
  blocking_client client{old};
  EXPECT_TRUE(is(client.connect(broker.url()).error().why, mqtt::error::needs_version_5));
  blocking_client unknown{scram()};
  const auto refused = unknown.connect(broker.url());  // mosquitto has no such method without a plugin
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, mqtt::reason::bad_authentication_method) << refused.error().line;
}

/// Says its name, and answers each challenge with its length.
struct own_method final : mqtt::authenticator {
  std::string_view method() const override { return "SCRAM-SHA-256"; }  // the script's
  std::expected<bytes, mqtt::error> begin() override { return as_bytes("hello"); }
  std::expected<bytes, mqtt::error> answer(bytes challenge) override {
    said = std::to_string(challenge.size());
    return as_bytes(said);
  }
  mqtt::error finish(bytes) override { return mqtt::error::none; }
  std::string said;
};

TEST(client_authentication, takes_a_method_of_ones_own) {
  t::scripted_broker broker{
      {{t::hears(t::connect_type), t::says(t::packet(0xf0, "\x18" + authentication("12345"))), t::hears(t::auth_type),
        t::says(t::packet(0x20, "\0\0"s + authentication(""))), t::serves()}}};
  own_method method;
  options how;
  how.authenticator = &method;
  blocking_client client{how};
  ASSERT_OK(client.connect(url_of(broker)));
  ASSERT_OK(client.publish("a", "b", qos::at_least_once));
  broker.finish();
  EXPECT_EQ(data_in(broker.packets()[1]), "5");
}

}  // namespace
}  // namespace recado::client
