// mqtts:// with certificates of recado's own PKI, and what must not be accepted.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include <recado/client/broker_test.hpp>
#include <recado/pki/authority.hpp>

namespace recado::client {
namespace {

using namespace std::chrono_literals;
using mqtt::qos;
using testing::HasSubstr;

class client_with_tls : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder);
    authority().init({.organization = "", .key = {}, .valid = {}, .passphrase = {}});
    make(pki::profile::server, "broker.lab", {"127.0.0.1"});
    make(pki::profile::client, "board", {});
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  pki::authority authority(const std::string& name = "pki") const {
    return {folder / name,
            {},
            std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()),
            pki::existing::keep};
  }
  void make(pki::profile what, const std::string& name, std::vector<std::string> addresses) const {
    authority().issue_entity({.what = what,
                              .name = name,
                              .subject = {},
                              .names = {{}, std::move(addresses)},
                              .key = {},
                              .passphrase = {},
                              .valid = {}});
  }
  std::string file(const std::string& name) const { return (folder / "pki" / name).string(); }
  std::string settings(bool client_certificates) const {
    return std::string{"allow_anonymous true\nrequire_certificate "} + (client_certificates ? "true" : "false") +
           "\ncafile " + file("ca.crt") + "\ncertfile " + file("servers/broker.lab-chain.crt") + "\nkeyfile " +
           file("servers/broker.lab.key") + "\n";
  }
  options trusting() const {
    options how;
    how.tls.ca_file = file("ca.crt");
    return how;
  }

  std::filesystem::path folder = own_folder() / "certificates";
};

TEST_F(client_with_tls, connects_with_a_client_certificate_and_comes_back) {
  test::mosquitto broker{mosquitto_program, own_folder() / "broker", settings(true)};
  options how = trusting();
  how.tls.certificate_file = file("clients/board-chain.crt");
  how.tls.key_file = file("clients/board.key");
  how.backoff = {.first = 10ms, .longest = 100ms};
  blocking_client client{how};
  ASSERT_OK(client.connect(broker.url("mqtts")));
  ASSERT_OK(client.subscribe("t"));
  for (int i = 0; i < 2; ++i) {
    const std::string text(100'000, static_cast<char>('a' + i));
    ASSERT_OK(client.publish("t", text, qos::exactly_once));
    const auto got = client.receive();
    ASSERT_TRUE(got && *got) << line_of(got);
    EXPECT_TRUE((*got)->text() == text);
    if (i == 0) broker.stop(), broker.start();
  }
  ASSERT_OK(client.disconnect());
  ASSERT_OK(client.connect(broker.url("mqtts")));
}

TEST_F(client_with_tls, takes_authority_certificate_and_key_from_memory) {
  test::mosquitto broker{mosquitto_program, own_folder() / "broker", settings(true)};
  const auto content_of = [&](const std::string& name) {
    std::ostringstream text;
    text << std::ifstream{file(name), std::ios::binary}.rdbuf();
    return text.str();
  };
  options how;
  how.tls.ca = content_of("ca.crt");
  how.tls.certificate = content_of("clients/board-chain.crt");
  how.tls.key = content_of("clients/board.key");
  std::filesystem::remove_all(folder / "pki/clients");  // nothing is read from there
  blocking_client client{how};
  ASSERT_OK(client.connect(broker.url("mqtts")));
  ASSERT_OK(client.publish("t", "x", qos::exactly_once));
  authority("other").init({.organization = "", .key = {}, .valid = {}, .passphrase = {}});
  how.tls.ca = content_of("../other/ca.crt");
  blocking_client other{how};
  const auto untrusted = other.connect(broker.url("mqtts"));
  ASSERT_FALSE(untrusted);
  EXPECT_EQ(untrusted.error().why.where, layer::tls) << untrusted.error().line;
}

// Certificates that are refused are not tried again and again.
TEST_F(client_with_tls, does_not_come_back_to_a_server_that_it_does_not_trust) {
  test::mosquitto broker{mosquitto_program, own_folder() / "broker", settings(false)};
  options how;
  how.retry_first = true;
  blocking_client careless{how};
  const auto unknown = careless.connect(broker.url("mqtts"));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().why.where, layer::tls) << unknown.error().line;
  EXPECT_EQ(careless.status().state, chain::reconnect_state::idle);
}

TEST_F(client_with_tls, is_refused_without_one) {
  test::mosquitto broker{mosquitto_program, own_folder() / "broker", settings(true)};
  blocking_client client{trusting()};
  const auto refused = client.connect(broker.url("mqtts"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why.where, layer::tls) << refused.error().line;
}

TEST_F(client_with_tls, verifies_by_default) {
  test::mosquitto broker{mosquitto_program, own_folder() / "broker", settings(false)};
  blocking_client careless;  // trusts the system's authorities, of which ours is none
  const auto unknown = careless.connect(broker.url("mqtts"));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().why.where, layer::tls) << unknown.error().line;
  authority("other").init({.organization = "", .key = {}, .valid = {}, .passphrase = {}});
  options how;
  how.tls.ca_file = (folder / "other/ca.crt").string();
  blocking_client misled{how};
  const auto wrong = misled.connect(broker.url("mqtts"));
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().line, HasSubstr("unknown authority"));
  blocking_client by_name{trusting()};
  const auto name = by_name.connect("mqtts://localhost:" + std::to_string(broker.port()));
  ASSERT_FALSE(name);
  EXPECT_THAT(name.error().line, HasSubstr("localhost"));
  how.tls.check = tls::peer_check::nothing_anyone_may_answer;
  blocking_client anyone{how};
  ASSERT_OK(anyone.connect(broker.url("mqtts")));
}

TEST_F(client_with_tls, says_which_file_is_wrong_before_it_connects) {
  options how;
  how.tls.ca_file = file("no-such-file");
  blocking_client client{how};
  const auto result = client.connect("mqtts://127.0.0.1:1");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().why.where, layer::tls) << result.error().line;
}

TEST_F(client_with_tls, knows_pre_shared_keys) {
  std::ofstream{folder / "keys"} << "board:000102030405060708090a0b0c0d0e0f\n";
  test::mosquitto broker{mosquitto_program, own_folder() / "broker",
                         "allow_anonymous true\npsk_hint lab\nuse_identity_as_username true\npsk_file " +
                             (folder / "keys").string() + "\n"};
  options how;
  how.tls.psk_identity = "board";
  for (int i = 0; i < 16; ++i) how.tls.psk_key.push_back(static_cast<std::byte>(i));
  blocking_client client{how};
  ASSERT_OK(client.connect(broker.url("mqtts")));
  ASSERT_OK(client.publish("t", "x", qos::at_least_once));
  how.tls.psk_key[0] = std::byte{9};
  blocking_client other{how};
  EXPECT_FALSE(other.connect(broker.url("mqtts")));
}

}  // namespace
}  // namespace recado::client
