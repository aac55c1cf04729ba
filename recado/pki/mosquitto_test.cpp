// Everything that the PKI makes, in the hands of a real broker that requires client certificates and obeys a CRL.
#include <gmock/gmock.h>

#include <recado/pki/authority.hpp>
#include <recado/pki/shell_test.hpp>
#include <tests/support/child_process.hpp>
#include <tests/support/net_namespace.hpp>

namespace recado::pki {
namespace {

using testing::HasSubstr;

class broker_with_certificates : public in_folder {
 protected:
  void SetUp() override { test::leave_the_machines_network(); }

  authority open() const {
    return {
        path("pki"), {}, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()), existing::keep};
  }
  void make(profile what, const std::string& name, key_kind kind, validity_request valid = {}) const {
    open().issue_entity(
        {.what = what,
         .name = name,
         .subject = {},
         .names = {{}, what == profile::server ? std::vector<std::string>{"127.0.0.1"} : std::vector<std::string>{}},
         .key = kind,
         .passphrase = {},
         .valid = valid});
  }
  /// The broker's configuration; mosquitto asks for the CRL of the client's issuer only.
  void configure(const std::string& server) const {
    save("mosquitto.conf",
         "user root\nallow_anonymous false\nlog_dest stderr\nlog_type all\nlistener 8883 127.0.0.1\n"
         "require_certificate true\nuse_identity_as_username true\ncafile " +
             path("pki/ca.crt").string() + "\ncrlfile " + path("pki/ca.crl").string() + "\ncertfile " +
             path("pki/servers/" + server + "-chain.crt").string() + "\nkeyfile " +
             path("pki/servers/" + server + ".key").string() + "\n");
  }
  std::vector<std::string> mosquitto() const {
    return {RECADO_SERVERS "/usr/sbin/mosquitto", "-c", path("mosquitto.conf").string()};
  }
  shell_result publish(const std::string& certificate, const std::string& key) const {
    return shell("mosquitto_pub -h 127.0.0.1 -p 8883 -q 1 -t t -m hello --cafile " + word("pki/root-ca.crt") +
                 " --cert " + word(certificate) + " --key " + word(key));
  }
  shell_result publish(const std::string& client) const {
    return publish("pki/clients/" + client + "-chain.crt", "pki/clients/" + client + ".key");
  }
};

TEST_F(broker_with_certificates, accepts_every_kind_of_key) {
  for (const key_kind kind : {key_kind::ecdsa_p256, key_kind::rsa_2048, key_kind::ed25519}) {
    SCOPED_TRACE(name_of(kind));
    fs::remove_all(path("pki"));
    open().init({.organization = "", .key = kind, .valid = {}, .passphrase = {}});
    make(profile::server, "broker.lab", kind);
    make(profile::client, "board", kind);
    configure("broker.lab");
    test::child_process broker{mosquitto()};
    ASSERT_TRUE(broker.says("running")) << broker.said();
    const shell_result done = publish("board");
    EXPECT_EQ(done.status, 0) << done.output;
    EXPECT_TRUE(broker.says("u'board'")) << "the common name is the user's name\n" << broker.said();
  }
}

TEST_F(broker_with_certificates, refuses_what_is_revoked_expired_or_for_servers) {
  open().init({.organization = "", .key = key_kind::ecdsa_p256, .valid = {}, .passphrase = {}});
  make(profile::server, "broker.lab", key_kind::ecdsa_p256);
  make(profile::client, "good", key_kind::ecdsa_p256);
  make(profile::client, "bad", key_kind::ecdsa_p256);
  make(profile::client, "old", key_kind::ecdsa_p256, {parse_time("2020-01-01"), parse_time("2021-01-01"), {}});
  open().revoke("bad", revocation_reason::key_compromise);
  configure("broker.lab");
  test::child_process broker{mosquitto()};
  ASSERT_TRUE(broker.says("running")) << broker.said();
  EXPECT_EQ(publish("good").status, 0);
  EXPECT_NE(publish("bad").status, 0);
  EXPECT_TRUE(broker.says("certificate verify failed") || broker.says("revoked")) << broker.said();
  EXPECT_NE(publish("old").status, 0);
  EXPECT_NE(publish("pki/servers/broker.lab-chain.crt", "pki/servers/broker.lab.key").status, 0);
  EXPECT_EQ(publish("good").status, 0);
}

// The way that README.md tells, with authorities of the same names.
TEST_F(broker_with_certificates, goes_over_to_new_authorities_step_by_step) {
  const init_request request{.organization = "Home", .key = key_kind::ecdsa_p256, .valid = {}, .passphrase = {}};
  open().init(request);
  make(profile::server, "broker.lab", key_kind::ecdsa_p256);
  for (const char* name : {"board", "stolen"}) make(profile::client, name, key_kind::ecdsa_p256);
  open().revoke("stolen", revocation_reason::key_compromise);
  fs::rename(path("pki"), path("old"));
  open().init(request);
  for (const char* name : {"board", "stolen"}) make(profile::client, name, key_kind::ecdsa_p256);
  open().revoke("stolen", revocation_reason::key_compromise);
  for (const char* ends : {".crt", ".crl"})
    save(std::string{"both"} + ends, content(std::string{"old/ca"} + ends) + content(std::string{"pki/ca"} + ends));
  save("mosquitto.conf",
       "user root\nallow_anonymous false\nlog_dest stderr\nlistener 8883 127.0.0.1\n"
       "require_certificate true\nuse_identity_as_username true\ncafile " +
           path("both.crt").string() + "\ncrlfile " + path("both.crl").string() + "\ncertfile " +
           path("old/servers/broker.lab-chain.crt").string() + "\nkeyfile " +
           path("old/servers/broker.lab.key").string() + "\n");
  test::child_process broker{mosquitto()};
  ASSERT_TRUE(broker.says("running")) << broker.said();
  const auto publishes = [&](const std::string& folder, const std::string& name) {
    return shell("mosquitto_pub -h 127.0.0.1 -p 8883 -q 1 -t t -m hello --cafile " + word("both.crt") + " --cert " +
                 word(folder + "/clients/" + name + "-chain.crt") + " --key " +
                 word(folder + "/clients/" + name + ".key"))
               .status == 0;
  };
  EXPECT_TRUE(publishes("old", "board"));
  EXPECT_TRUE(publishes("pki", "board"));
  EXPECT_FALSE(publishes("old", "stolen"));
  EXPECT_FALSE(publishes("pki", "stolen"));
}

TEST_F(broker_with_certificates, accepts_a_signed_request) {
  open().init({.organization = "", .key = key_kind::ecdsa_p256, .valid = {}, .passphrase = {}});
  make(profile::server, "broker.lab", key_kind::ecdsa_p256);
  open().make_csr({.name = "board",
                   .subject = "C=ES,O=Casa,CN=board",
                   .names = {},
                   .key = key_kind::ecdsa_p256,
                   .passphrase = {},
                   .existing_key = {}});
  open().sign({.what = profile::client,
               .request = content("pki/requests/board.csr"),
               .origin = "it",
               .name = "board",
               .names = {},
               .valid = {}});
  configure("broker.lab");
  test::child_process broker{mosquitto()};
  ASSERT_TRUE(broker.says("running")) << broker.said();
  EXPECT_EQ(publish("pki/clients/board-chain.crt", "pki/requests/board.key").status, 0);
}

}  // namespace
}  // namespace recado::pki
