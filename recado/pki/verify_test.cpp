// What is wrong with a certificate, where no authority of ours would issue it, and by when lists must be renewed.
#include <recado/pki/verify.hpp>

#include <gmock/gmock.h>

#include <recado/pki/authority_for_tests.hpp>
#include <recado/pki/issue.hpp>
#include <recado/pki/parse.hpp>

namespace recado::pki {
namespace {

using testing::HasSubstr;

const validity some_days{today, today + std::chrono::days{10}};

/// A certificate and its key.
struct pair {
  key_ptr key = generate_key(key_kind::ecdsa_p256);
  certificate_ptr certificate;

  pair(profile what, const char* name, const pair* by = nullptr)
      : certificate(issue(what, {parse_subject(name), key.get(), {{"it.lab"}, {}}},
                          {by != nullptr ? by->certificate.get() : nullptr, by != nullptr ? by->key.get() : key.get()},
                          some_days)) {}
  std::string pem() const { return pem_of(certificate.get()); }
};

std::string said(const std::string& content, const std::string& trusted) {
  const verification result = verify(content, "it",
                                     {.trusted = trusted,
                                      .revocations = std::nullopt,
                                      .crl_for_whole_chain = false,
                                      .what_for = purpose::any,
                                      .host = "",
                                      .at = today + std::chrono::days{1}});
  EXPECT_EQ(result.accepted, result.remedy.empty());
  return result.accepted ? "accepted" : result.about + " " + result.cause;
}

TEST(verifying, says_what_no_authority_of_ours_would_have_issued) {
  const pair root{profile::root_ca, "CN=Root"}, ca{profile::mqtt_ca, "CN=CA", &root},
      good{profile::server, "CN=good", &ca};
  EXPECT_EQ(said(good.pem() + ca.pem(), root.pem()), "accepted");
  const pair alone{profile::server, "CN=alone"};
  EXPECT_EQ(said(alone.pem(), root.pem()), "CN = alone signed itself and is not trusted here");
  const pair other{profile::root_ca, "CN=Other"};
  EXPECT_EQ(said(good.pem() + ca.pem() + root.pem(), other.pem()), "CN = Root signed itself and is not trusted here");
  const pair below{profile::server, "CN=below", &good};
  EXPECT_EQ(said(below.pem() + good.pem() + ca.pem(), root.pem()), "CN = good may not sign others");
  const pair deep{profile::mqtt_ca, "CN=Deep", &ca}, deeper{profile::server, "CN=deeper", &deep};
  EXPECT_EQ(said(deeper.pem() + deep.pem() + ca.pem(), root.pem()), "CN = CA allows fewer authorities below it");
  std::string changed = der_of(good.certificate.get());
  changed.back() = static_cast<char>(changed.back() ^ 1);
  EXPECT_EQ(said(changed, root.pem() + ca.pem()), "CN = good has a wrong signature");
}

TEST_F(authority_in_folder, lists_must_be_renewed_when_the_first_of_them_expires) {
  init();
  const auto until = [&](const char* date) { open().renew_crls({parse_time("2026-01-01"), parse_time(date), {}}); };
  until("2026-03-01");
  EXPECT_EQ(open().crls_expire(), parse_time("2026-03-01"));
  const std::string root_early = content("pki/root-ca.crl"), mqtt_early = content("pki/mqtt-ca.crl");
  until("2026-05-01");
  EXPECT_EQ(open().crls_expire(), parse_time("2026-05-01"));
  const std::string root_late = content("pki/root-ca.crl"), mqtt_late = content("pki/mqtt-ca.crl");
  for (const std::string& both : {root_early + mqtt_late, root_late + mqtt_early}) {
    save("pki/ca.crl", both);
    EXPECT_EQ(open().crls_expire(), parse_time("2026-03-01"));
  }
}

TEST_F(authority_in_folder, what_others_issued_is_not_revoked_here) {
  init();
  save("foreign.crt", pair{profile::server, "CN=foreign"}.pem());
  EXPECT_THAT(refusal([&] { open().revoke(path("foreign.crt").string(), revocation_reason::unspecified); }),
              HasSubstr("was not issued here; revoke it where it was issued"));
  make(profile::client, "board");
  open().revoke(path("pki/clients/board.crt").string(), revocation_reason::unspecified);
  EXPECT_THAT(refusal([&] { open().revoke("board", revocation_reason::unspecified); }),
              HasSubstr("is revoked already"));
}

}  // namespace
}  // namespace recado::pki
