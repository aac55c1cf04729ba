// What an authority refuses, and what it survives.
#include "authority_for_tests.hpp"

#include <recado/pki/parse.hpp>

namespace recado::pki {
namespace {

using testing::HasSubstr;

TEST_F(authority_in_folder, no_name_takes_the_place_of_another) {
  init();
  for (const char* name : {"ca", "root-ca", "mqtt-ca"})
    EXPECT_THAT(refusal([&] { make(profile::client, name); }), HasSubstr("is the authority's own name")) << name;
  EXPECT_THAT(refusal([&] { make(profile::server, "broker-chain"); }), HasSubstr("would be taken for"));
  EXPECT_THAT(refusal([&] {
                make(profile::client,
                     "a\xc2\x85"
                     "b");
              }),
              HasSubstr("cannot be the name"));
}

TEST_F(authority_in_folder, init_takes_no_file_that_is_there) {
  for (const char* name : {"ca.crt", "ca.crl", "mqtt-ca.index", "root-ca.index", "mqtt-ca.crl", "root-ca.crl"}) {
    fs::remove_all(path("pki"));
    fs::create_directory(path("pki"));
    save(std::string{"pki/"} + name, "mine");
    EXPECT_THAT(refusal([&] { init(); }), HasSubstr("exists already; use --force")) << name;
    EXPECT_EQ(content(std::string{"pki/"} + name), "mine");
  }
}

TEST_F(authority_in_folder, a_key_stays_until_its_new_certificate_is_certain) {
  init();
  make(profile::client, "board");
  const std::string key = content("pki/clients/board.key");
  const auto again = [&] { return refusal([&] { make_again(profile::client, "board"); }); };
  const std::string index = content("pki/mqtt-ca.index");
  save("pki/mqtt-ca.index", index + "garbage\n");
  EXPECT_THAT(again(), HasSubstr("is damaged"));
  EXPECT_EQ(content("pki/clients/board.key"), key);
  fs::remove(path("pki/mqtt-ca.index"));
  EXPECT_THAT(again(), HasSubstr("is missing, which says what was issued; restore it from a backup"));
  EXPECT_EQ(content("pki/clients/board.key"), key);
}

TEST_F(authority_in_folder, the_mqtt_ca_is_found_by_number_and_file_and_issues_nothing_once_revoked) {
  init();
  const std::string serial = open().list().front().serial;
  EXPECT_EQ(open().revoke(serial, revocation_reason::unspecified).front().file, "mqtt-ca.crt");
  EXPECT_THAT(refusal([&] { make(profile::client, "late"); }), HasSubstr("the MQTT CA itself was revoked on "));
  fs::remove_all(path("pki"));
  init();
  EXPECT_EQ(open().revoke(path("pki/mqtt-ca.crt").string(), revocation_reason::unspecified).size(), 1u);
}

TEST_F(authority_in_folder, a_wildcard_is_revoked_by_its_name) {
  init();
  make(profile::server, "*.lab");
  EXPECT_EQ(open().revoke("*.lab", revocation_reason::unspecified).size(), 1u);
}

TEST_F(authority_in_folder, a_lost_or_damaged_list_loses_no_number_and_no_revocation) {
  init();
  make(profile::client, "board");
  make(profile::client, "other");
  open().revoke("board", revocation_reason::unspecified);
  fs::remove(path("pki/mqtt-ca.crl"));
  open().revoke("other", revocation_reason::unspecified);
  EXPECT_THAT(shell("openssl crl -noout -text -in " + word("pki/mqtt-ca.crl")).output,
              HasSubstr("CRL Number: \n                3"));
  make(profile::client, "third");
  save("pki/mqtt-ca.crl", "garbage");
  save("pki/ca.crl", "garbage");
  const std::string index = content("pki/mqtt-ca.index");
  EXPECT_THAT(refusal([&] { open().revoke("third", revocation_reason::unspecified); }),
              HasSubstr("the number of the last revocation list is lost"));
  EXPECT_EQ(content("pki/mqtt-ca.index"), index);
  fs::remove(path("pki/mqtt-ca.crl")), fs::remove(path("pki/ca.crl")), fs::remove(path("pki/root-ca.crl"));
  EXPECT_THAT(refusal([&] { open().revoke("third", revocation_reason::unspecified); }),
              HasSubstr("so ca.crl is still the old one; run 'recado pki crl'"));
  open().renew_crls({});
  EXPECT_THAT(openssl_verify("", "clients/third.crt").output, HasSubstr("certificate revoked"));
}

TEST_F(authority_in_folder, requests_with_a_weak_digest_or_without_a_name_are_refused) {
  init();
  const auto asked = [&](const std::string& options) {
    const shell_result made =
        shell("cd " + word(".") + " && openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -out r.csr " + options);
    EXPECT_EQ(made.status, 0) << made.output;
    return refusal([&] { sign("r"); });
  };
  EXPECT_EQ(asked("-subj /CN=r -sha256"), "");
  EXPECT_EQ(asked("-subj /CN=r -sha384 -sigopt rsa_padding_mode:pss"), "");
  EXPECT_THAT(asked("-subj /CN=r -sha1"), HasSubstr("is signed with SHA1; make it anew with SHA-256"));
  EXPECT_THAT(asked("-subj /CN=r -sha1 -sigopt rsa_padding_mode:pss"), HasSubstr("is signed with SHA1"));
  EXPECT_THAT(asked("-subj / -sha256"), HasSubstr("has an empty subject"));
}

TEST_F(authority_in_folder, a_certificate_lies_beside_no_other_key) {
  init();
  make(profile::client, "board");
  shell("cd " + word(".") + " && openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -out r.csr -subj /CN=board");
  EXPECT_THAT(refusal([&] { sign(""); }),
              HasSubstr("is another certificate's key; give another --name, or take the key away"));
}

TEST_F(authority_in_folder, an_expired_issuer_is_named) {
  open().init({.organization = "",
               .key = key_kind::ecdsa_p256,
               .valid = {parse_time("2001-01-01"), parse_time("2002-01-01"), {}},
               .passphrase = {}});
  EXPECT_THAT(refusal([&] { make(profile::client, "board"); }), HasSubstr("its issuer's certificate has expired"));
}

TEST_F(authority_in_folder, a_file_that_is_cut_off_is_no_certificate) {
  init();
  const std::string both = content("pki/ca.crt");
  EXPECT_THAT(refusal([&] { parse_certificates(both.substr(0, both.size() - 30), "it"); }),
              HasSubstr("a CERTIFICATE begins and never ends; the file is cut off"));
}

}  // namespace
}  // namespace recado::pki
