// The handshake's good and bad ends, each with its words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <recado/tls/tests/server.hpp>

namespace recado::tls::tests {
namespace {

using testing::HasSubstr;

TEST(tls_handshake, shows_the_chain_and_is_secured) {
  auto options = usual();
  options.report_chain = true;
  client c{options};
  ASSERT_TRUE(c.loaded);
  server s{{.alpn = "mqtt"}};
  s.begin(), c.open(), c.talk(s);
  ASSERT_TRUE(c.seen.secured) << c.seen.line;
  EXPECT_TRUE(c.it.ready());
  EXPECT_EQ(c.seen.secured->negotiated, version::v1_3);
  EXPECT_EQ(c.seen.alpn, "mqtt");
  EXPECT_EQ(c.seen.suite, "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(c.seen.group, "x25519");
  EXPECT_TRUE(c.seen.secured->verified);
  EXPECT_FALSE(c.seen.secured->resumed);
  EXPECT_EQ(s.name, "broker.lab");
  ASSERT_EQ(c.seen.chain.size(), 3u);
  EXPECT_EQ(c.seen.chain[0].subject.view(), "CN=Root CA, O=recado tests");
  EXPECT_EQ(c.seen.chain[0].depth, 2u);
  EXPECT_TRUE(c.seen.chain[0].authority);
  const certificate& own = c.seen.chain[2];
  EXPECT_EQ(own.issuer.view(), "CN=MQTT CA, O=recado tests");
  EXPECT_EQ(own.names.view(), "DNS:broker.lab, DNS:a.example, IP:10.77.0.2");
  EXPECT_EQ(own.not_after, day(2030, 1, 1));
  EXPECT_EQ(own.key, key_kind::ecdsa);
  EXPECT_EQ(own.key_bits, 256u);
  EXPECT_TRUE(own.is_for(purpose::server));
  EXPECT_FALSE(own.is_for(purpose::client));
  EXPECT_TRUE(own.may(usage::digital_signature));
  const std::string& text = c.seen.printed[2];
  for (const char* part :
       {"depth 0", "version: 3", "issuer: CN=MQTT CA, O=recado tests", "subject: CN=broker, O=recado tests",
        "valid from: 2026-01-01 00:00:00 UTC", "valid until: 2030-01-01 00:00:00 UTC", "signed with: ecdsa-with-SHA256",
        "key: ECDSA P-256 256 bits", "basic constraints: no CA", "key usage: digital signature",
        "extended key usage: TLS server", "names: DNS:broker.lab", "verdict: valid"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(tls_handshake, trusts_what_the_user_names) {
  const world& w = the_world();
  const std::string authority = pem(w.authority), own = pem(w.broker);
  for (const auto& trusted : {authority, own, authority + pem(w.foreign)}) {
    auto options = usual();
    options.ca = memory(trusted);
    client c{options};
    ASSERT_TRUE(c.loaded);
    server s{{.chain = {}}};
    s.begin(), c.open("10.77.0.2"), c.talk(s);
    EXPECT_TRUE(c.seen.secured) << c.seen.line;
    EXPECT_EQ(s.name, "");  // RFC 6066 §3: no literal address as SNI
  }
}

TEST(tls_handshake, gives_up_verification_only_in_so_many_words) {
  client_options options;
  EXPECT_EQ(client{options}.loaded.error(), error::no_authority);
  options.check = peer_check::nothing_anyone_may_answer;
  client c{options};
  ASSERT_TRUE(c.loaded);
  server s{{.chain = {}}};
  s.begin(), c.open("whoever.example"), c.talk(s);
  ASSERT_TRUE(c.seen.secured);
  EXPECT_FALSE(c.seen.secured->verified);

  auto named = usual();
  named.check = peer_check::chain_but_not_its_name;
  client d{named};
  server t{{}};
  t.begin(), d.open("whoever.example"), d.talk(t);
  ASSERT_TRUE(d.seen.secured) << d.seen.line;
  EXPECT_FALSE(d.seen.secured->verified);
  server foreign{{.own = &the_world().stranger, .chain = {}}};
  foreign.begin(), d.it.lost({}, d.now), d.hear(), d.open("whoever.example"), d.talk(foreign);
  EXPECT_FALSE(d.seen.secured);
}

// original defect 27: a clock that was never set makes every certificate look wrong.
TEST(tls_handshake, names_the_clock_as_the_likely_cause) {
  auto options = usual();
  wall_clock clock;
  options.clock = &clock;
  client c{options};
  server s{{}};
  s.begin(), c.open(), c.talk(s);
  ASSERT_TRUE(c.seen.closed);
  EXPECT_TRUE(is(*c.seen.closed, error_of(verdict::not_yet_valid)));
  EXPECT_THAT(c.seen.line, HasSubstr("not yet valid until 2026-01-01"));
  EXPECT_THAT(c.seen.line, HasSubstr("clock was never set (it says 1970-01-01) and is the likely cause"));
  EXPECT_THAT(c.seen.line, HasSubstr("set this device's clock"));
  char memory[256];
  buffer_sink out{memory};
  print_cause(*c.seen.closed, out);
  EXPECT_THAT(std::string{out.view()}, HasSubstr("not yet valid until 2026-01-01; this device's clock"));

  clock.set(day(2026, 11, 22), c.now);  // and then it is set
  s.begin(), c.open(), c.talk(s);
  EXPECT_TRUE(c.seen.secured);

  clock.set(day(2031, 1, 1), c.now, false);  // a guess
  s.begin(), c.it.lost({}, c.now), c.hear(), c.open(), c.talk(s);
  EXPECT_THAT(c.seen.line, HasSubstr("expired on 2030-01-01"));
  EXPECT_THAT(c.seen.line, HasSubstr("likely cause"));
}

TEST(tls_handshake, looks_at_crls) {
  const world& w = the_world();
  const X509* broker = w.broker.certificate.get();
  struct {
    std::string crl;
    bool whole;
    verdict expected;
    const char* words;
  } const rows[] = {
      {crl(w.authority, {}), false, verdict::good, ""},
      {crl(w.authority, {}, true), false, verdict::good, ""},
      {crl(w.authority, {broker}), false, verdict::revoked, "revoked by CN=MQTT CA"},
      {crl(w.authority, {broker}, true), false, verdict::revoked, "revoked"},
      {crl(w.foreign, {}), false, verdict::crl_missing, "its authority's CRL is missing: CN=MQTT CA"},
      {crl(w.authority, {}), true, verdict::crl_missing, "CRL is missing"},
      {crl(w.authority, {}) + crl(w.root, {}), true, verdict::good, ""},
      {crl(w.authority, {}) + crl(w.root, {w.authority.certificate.get()}), false, verdict::revoked, "revoked"},
#if defined(RECADO_TESTS_MBEDTLS)  // DER, one behind the other, as an image has it
      {crl(w.authority, {}, true) + crl(w.root, {}, true), true, verdict::good, ""},
      {crl(w.foreign, {}, true) + crl(w.authority, {broker}, true), false, verdict::revoked, "revoked"},
#endif
      {crl(w.authority, {}, false, day(2026, 1, 1), day(2026, 2, 1)), false, verdict::crl_expired,
       "its authority's CRL has expired"},
      {crl(w.authority, {}, false, day(2027, 1, 1), day(2028, 2, 1)), false, verdict::crl_invalid, "isn't valid"},
  };
  for (const auto& row : rows) {
    auto options = usual();
    options.crl = memory(row.crl);
    options.crl_for_whole_chain = row.whole;
    client c{options};
    ASSERT_TRUE(c.loaded);
    server s{{}};
    s.begin(), c.open(), c.talk(s);
    if (row.expected == verdict::good) {
      EXPECT_TRUE(c.seen.secured) << c.seen.line;
      continue;
    }
    ASSERT_TRUE(c.seen.closed);
    EXPECT_TRUE(is(*c.seen.closed, error_of(row.expected))) << c.seen.line;
    EXPECT_THAT(c.seen.line, HasSubstr(row.words));
  }
}

TEST(tls_handshake, speaks_1_2_and_1_3_with_every_kind_of_key) {
  const world& w = the_world();
  identity rsa = make({.name = "r", .alternative_names = world::names}, rsa_key(2048), &w.authority);
  identity ed = make({.name = "e", .alternative_names = world::names}, ed25519_key(), &w.authority);
  identity p384 = make({.name = "p", .alternative_names = world::names}, ec_key("P-384"), &w.authority);
  std::vector<const identity*> identities{&rsa, &p384};
  if (has_ed25519) identities.push_back(&ed);
  for (const identity* own : identities) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      auto options = usual();
      const std::string certificate = pem(*own), key = key_pem(own->key.get());
      options.certificate = memory(certificate), options.key = memory(key);
      client c{options};
      ASSERT_TRUE(c.loaded) << words(c.loaded.error());
      server s{{.own = own, .lowest = version, .highest = version, .wants_client_certificate = true}};
      s.begin(), c.open(), c.talk(s);
      ASSERT_TRUE(c.seen.secured) << c.seen.line;
      EXPECT_EQ(static_cast<int>(c.seen.secured->negotiated), version);
      EXPECT_TRUE(s.done());
      EXPECT_EQ(c.it.write(as_bytes("ping"), c.now), 4u);
      s.write("pong"), c.talk(s);
      EXPECT_EQ(s.received, "ping");
      EXPECT_EQ(c.received, "pong");
    }
  }
}

TEST(tls_handshake, uses_certificates_where_they_are_if_they_stay_there) {
  const world& w = the_world();
  const std::string root = der(w.root.certificate.get()), key = key_der(w.device.key.get());
  const std::string own = takes_several_as_der
                              ? der(w.device.certificate.get()) + der(w.authority.certificate.get())
                              : pem(w.device) + pem(w.authority);
  auto options = usual();
  options.ca = source::constant(as_bytes(root)), options.certificate = source::constant(as_bytes(own));
  options.key = source::constant(as_bytes(key));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client c{options};
    ASSERT_TRUE(c.loaded);
    server s{{.highest = version, .wants_client_certificate = true}};
    s.begin(), c.open(), c.talk(s);
    EXPECT_TRUE(c.seen.secured) << c.seen.line;
    EXPECT_TRUE(s.done());
  }
}

TEST(tls_handshake, refuses_in_words_an_algorithm_that_it_lacks) {
  if (has_ed25519) return;
  const world& w = the_world();
  const identity ed = make({.name = "e", .alternative_names = world::names}, ed25519_key(), &w.authority);
  auto options = usual();
  const std::string certificate = pem(ed), key = key_pem(ed.key.get());
  options.certificate = memory(certificate), options.key = memory(key);
  EXPECT_EQ(client{options}.loaded.error(), error::algorithm_unsupported);
  EXPECT_THAT(std::string{words(error::algorithm_unsupported)}, HasSubstr("Ed25519"));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client c{usual()};
    server s{{.own = &ed, .lowest = version, .highest = version}};
    s.begin(), c.open(), c.talk(s);
    ASSERT_TRUE(c.seen.closed);
    EXPECT_TRUE(is(*c.seen.closed, error::nothing_in_common)) << c.seen.line;
    EXPECT_THAT(c.seen.line, HasSubstr("no cipher suite, group or signature in common"));
  }
  const identity authority = make({.name = "Ed CA", .authority = true}, ed25519_key());
  const identity own = make({.name = "b", .alternative_names = world::names}, ec_key(), &authority);
  client c{usual()};
  server s{{.own = &own, .chain = {authority.certificate.get()}}};
  s.begin(), c.open(), c.talk(s);
  ASSERT_TRUE(c.seen.closed);
  EXPECT_THAT(c.seen.line, testing::AnyOf(HasSubstr("Ed25519"), HasSubstr("in common"))) << c.seen.line;
}

// original defect 21: TLS 1.0 and 1.1 enabled.
TEST(tls_handshake, refuses_other_versions_in_words) {
  struct {
    int lowest, highest;
    version from, to;
    bool works;
  } const rows[] = {
      {TLS1_VERSION, TLS1_VERSION, version::v1_2, version::v1_3, false},
      {TLS1_1_VERSION, TLS1_1_VERSION, version::v1_2, version::v1_3, false},
      {TLS1_2_VERSION, TLS1_2_VERSION, version::v1_3, version::v1_3, false},
      {TLS1_3_VERSION, TLS1_3_VERSION, version::v1_2, version::v1_2, false},
      {TLS1_2_VERSION, TLS1_2_VERSION, version::v1_2, version::v1_3, true},
      {TLS1_3_VERSION, TLS1_3_VERSION, version::v1_2, version::v1_3, true},
  };
  for (const auto& row : rows) {
    auto options = usual();
    options.lowest = row.from, options.highest = row.to;
    client c{options};
    ASSERT_TRUE(c.loaded);
    server s{{.lowest = row.lowest, .highest = row.highest}};
    s.begin(), c.open(), c.talk(s);
    EXPECT_EQ(c.seen.secured.has_value(), row.works);
    if (row.works) continue;
    ASSERT_TRUE(c.seen.closed);
    EXPECT_TRUE(is(*c.seen.closed, error::version_unsupported)) << c.seen.line;
    EXPECT_THAT(c.seen.line, HasSubstr("the server speaks no TLS version that is allowed here"));
  }
}

TEST(tls_handshake, tells_an_old_server_hello_by_its_version) {
  client c{usual()};
  c.open();
  // A record of TLS 1.0 with a ServerHello that chooses TLS 1.1.
  std::string hello{"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x02", 11};
  hello += std::string(32, 'r') + std::string{"\x00\xc0\x13\x00", 4};
  c.inbox = hello;
  c.hear();
  ASSERT_TRUE(c.seen.closed);
  EXPECT_TRUE(is(*c.seen.closed, error::version_unsupported)) << c.seen.line;
  EXPECT_THAT(c.seen.line, HasSubstr("it chose TLS 1.1"));
}

TEST(tls_handshake, says_what_is_wrong_with_the_client_certificate) {
  const world& w = the_world();
  const std::string right = pem(w.device), right_key = key_pem(w.device.key.get());
  const std::string foreign = pem(w.stranger), foreign_key = key_pem(w.stranger.key.get());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    struct {
      const std::string *certificate, *key;
      std::optional<error> expected;
      const char* words;
    } const rows[] = {
        {nullptr, nullptr, error::client_certificate_required, "the server requires a client certificate"},
        {&foreign, &foreign_key, error::client_certificate_refused,
         "the server refused the client certificate: it doesn't know the authority that signed it (alert unknown_ca)"},
        {&right, &right_key, std::nullopt, ""},
    };
    for (const auto& row : rows) {
      auto options = usual();
      if (row.certificate) options.certificate = memory(*row.certificate), options.key = memory(*row.key);
      client c{options};
      ASSERT_TRUE(c.loaded);
      server s{{.highest = version, .wants_client_certificate = true}};
      s.begin(), c.open(), c.talk(s);
      EXPECT_EQ(s.done(), !row.expected);
      if (!row.expected) {
        EXPECT_FALSE(c.seen.closed);
        continue;
      }
      ASSERT_TRUE(c.seen.closed);
      EXPECT_TRUE(is(*c.seen.closed, *row.expected)) << c.seen.line;
      EXPECT_THAT(c.seen.line, HasSubstr(row.words));
      // With TLS 1.3 the client is done before the server has looked (RFC 8446 §4.4.2.4).
      EXPECT_EQ(c.seen.secured.has_value(), version == TLS1_3_VERSION);
    }
  }
}

TEST(tls_handshake, says_what_a_lost_alert_may_have_been) {
  client c{usual()};
  server s{{.wants_client_certificate = true}};
  s.begin(), c.open();
  for (int i = 0; i < 2; ++i) {
    const bytes out = c.it.pending(c.now);
    s.hear(out), c.it.sent(out.size());
    if (i == 0) c.inbox = s.says(), c.hear();
  }
  ASSERT_TRUE(c.seen.secured);
  c.lose(stream_error::reset);  // overtakes the alert
  ASSERT_TRUE(c.seen.closed);
  EXPECT_THAT(c.seen.line, HasSubstr("the peer reset the connection (the server asked for a client certificate"));
}

TEST(tls_handshake, tells_a_peer_that_does_not_speak_tls) {
  using namespace std::string_view_literals;
  struct {
    std::string_view said;
    const char* words;
  } const rows[] = {
      {"\x20\x02\x00\x05"sv, "plain MQTT"},
      {"HTTP/1.1 400 Bad Request\r\n"sv, "HTTP"},
      {"SSH-2.0-x\r\n"sv, "SSH"},
      {"220 mail ESMTP\r\n"sv, "this port doesn't speak TLS"},
      {"\x16\x20\x00\x00\x00\x00"sv, "this port doesn't speak TLS"},
      {"\0\0\0\0\0\0"sv, "this port doesn't speak TLS"},
  };
  for (const auto& row : rows) {
    for (const bool slowly : {false, true}) {
      client c{usual()};
      c.open();
      if (slowly) c.piece = 1;
      c.inbox = row.said;
      c.hear();
      ASSERT_TRUE(c.seen.closed);
      EXPECT_TRUE(is(*c.seen.closed, error::not_tls)) << c.seen.line;
      if (!slowly) {
        EXPECT_THAT(c.seen.line, HasSubstr(row.words));
      }
      EXPECT_THAT(c.seen.line, HasSubstr("8883"));
    }
  }
}

TEST(tls_handshake, gives_up_in_time) {
  auto options = usual();
  options.handshake_patience = std::chrono::seconds{5};
  client c{options};
  c.open();
  EXPECT_EQ(c.it.deadline(), c.now + std::chrono::seconds{5});
  c.now += std::chrono::seconds{4};
  c.hear();
  EXPECT_FALSE(c.seen.closed);
  c.now = c.it.deadline();
  c.hear();
  ASSERT_TRUE(c.seen.closed);
  EXPECT_TRUE(is(*c.seen.closed, error::handshake_timed_out));
  EXPECT_EQ(c.it.deadline(), never);
}

TEST(tls_handshake, alpn) {
  struct {
    const char *offered, *taken;
    std::optional<error> expected;
    const char* chosen;
  } const rows[] = {
      {"mqtt", "mqtt", {}, "mqtt"},
      {"mqtt", "", {}, ""},
      {"", "", {}, ""},
      {"x-amzn-mqtt-ca,mqtt", "mqtt", {}, "mqtt"},
      {"mqtt,x-amzn-mqtt-ca", "mqtt", {}, "mqtt"},
      {"mqtt", "h2", error::alpn_refused, ""},
  };
  for (const auto& row : rows) {
    auto options = usual();
    options.alpn = row.offered;
    client c{options};
    ASSERT_TRUE(c.loaded);
    server s{{.alpn = row.taken}};
    s.begin(), c.open(), c.talk(s);
    EXPECT_EQ(c.seen.secured.has_value(), !row.expected) << c.seen.line;
    EXPECT_EQ(c.seen.alpn, row.chosen);
    EXPECT_TRUE(!row.expected || (c.seen.closed && is(*c.seen.closed, *row.expected))) << c.seen.line;
  }
}

TEST(tls_handshake, pre_shared_keys) {
  const std::string key(16, 'k'), wrong(16, 'w');
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const auto& [name, psk, works] :
         {std::tuple{"device", key, true}, {"device", wrong, false}, {"nobody", key, false}}) {
      client_options options;
      options.psk = {name, as_bytes(psk)};
      client c{options};
      ASSERT_TRUE(c.loaded) << words(c.loaded.error());
      server s{{.own = version == TLS1_2_VERSION ? nullptr : &the_world().broker,
                .chain = {},
                .highest = version,
                .psk_identity = "device",
                .psk = key}};
      s.begin(), c.open(), c.talk(s);
      EXPECT_EQ(c.seen.secured.has_value(), works) << c.seen.line;
      if (works) {
        EXPECT_TRUE(c.seen.secured->by_psk);
        EXPECT_FALSE(c.seen.secured->resumed);
        continue;
      }
      ASSERT_TRUE(c.seen.closed);
      EXPECT_TRUE(is(*c.seen.closed, error::psk_refused)) << c.seen.line;
      EXPECT_THAT(c.seen.line, HasSubstr("the server refused the pre-shared key"));
    }
  }
}

// original defect 21: CBC, static RSA and key exchange signed with SHA-1
TEST(tls_handshake, refuses_weak_suites) {
  for (const char* ciphers : {"AES128-SHA:@SECLEVEL=0", "ADH-AES128-SHA256:@SECLEVEL=0",
                              "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", "DHE-RSA-AES128-SHA256:@SECLEVEL=0"}) {
    client c{usual()};
    server s{{.highest = TLS1_2_VERSION, .ciphers = ciphers}};
    s.begin(), c.open(), c.talk(s);
    ASSERT_TRUE(c.seen.closed);
    EXPECT_TRUE(is(*c.seen.closed, error::nothing_in_common)) << c.seen.line;
  }
}

TEST(tls_handshake, refuses_a_weak_key_exchange) {
  const identity rsa = make({.name = "r", .alternative_names = world::names}, rsa_key(2048), &the_world().authority);
  client c{usual()};
  server s{{.own = &rsa, .highest = TLS1_2_VERSION, .ciphers = "DHE+AESGCM:@SECLEVEL=0"}};
  s.begin();
  EVP_PKEY_CTX* maker = EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr);
  EVP_PKEY* group = nullptr;
  EVP_PKEY_paramgen_init(maker);
  EVP_PKEY_CTX_set_group_name(maker, "modp_1536");
  EVP_PKEY_paramgen(maker, &group);
  EVP_PKEY_CTX_free(maker);
  ASSERT_EQ(SSL_set0_tmp_dh_pkey(s.ssl(), group), 1);
  c.open(), c.talk(s);
  ASSERT_TRUE(c.seen.closed);
  EXPECT_TRUE(is(*c.seen.closed, error::weak_parameters)) << c.seen.line;
  EXPECT_THAT(c.seen.line, HasSubstr("under 112 bits"));
}

TEST(tls_handshake, retries_with_another_group) {
  for (const char* group : {"secp384r1", "secp256r1"}) {
    client c{usual()};
    server s{{}};
    s.begin();
    SSL_set1_groups_list(s.ssl(), group);
    c.open(), c.talk(s);
    ASSERT_TRUE(c.seen.secured) << c.seen.line;
    EXPECT_EQ(c.seen.group, group);
  }
}

TEST(tls_handshake, takes_a_wildcard_for_one_label) {
  const identity own = make({.alternative_names = "DNS:*.site.lab"}, ec_key(), &the_world().authority);
  const std::pair<const char*, bool> rows[] = {
      {"broker.site.lab", true}, {"site.lab", false}, {"a.broker.site.lab", false}, {"BROKER.Site.LAB", true}};
  for (const auto& [host, works] : rows) {
    client c{usual()};
    server s{{.own = &own}};
    s.begin(), c.open(host), c.talk(s);
    EXPECT_EQ(c.seen.secured.has_value(), works) << host << c.seen.line;
  }
}

// A certificate without alternative names is an old habit that mosquitto's users still have.
TEST(tls_handshake, takes_the_common_name_only_if_there_are_no_names) {
  const identity old = make({.name = "broker.lab"}, ec_key(), &the_world().authority);
  const identity recent =
      make({.name = "broker.lab", .alternative_names = "DNS:other.lab"}, ec_key(), &the_world().authority);
  for (const auto& [own, works] : {std::pair{&old, true}, {&recent, false}}) {
    client c{usual()};
    server s{{.own = own}};
    s.begin(), c.open(), c.talk(s);
    EXPECT_EQ(c.seen.secured.has_value(), works) << c.seen.line;
  }
}

}  // namespace
}  // namespace recado::tls::tests
