// Every way in which a server's certificate can be wrong, each with the words for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <recado/tls/tests/server.hpp>

namespace recado::tls::tests {
namespace {

using testing::HasSubstr;

struct bad_server {
  const char* what;
  const char* host;
  server_wish wish;
  verdict expected;
  std::vector<std::string> words;
};

class bad_servers {
 public:
  bad_servers() {
    names_and_dates();
    authorities();
    strength_and_purpose();
  }
  std::vector<bad_server> rows;

 private:
  const identity* keep(identity made) { return kept_.emplace_back(std::make_unique<identity>(std::move(made))).get(); }
  const identity* signed_by(const identity& issuer, wish what, key_handle key = ec_key()) {
    if (what.alternative_names.empty()) what.alternative_names = world::names;
    return keep(make(what, std::move(key), &issuer));
  }
  // A server under `issuer`, which it sends.
  server_wish under(const identity* issuer) {
    return {.own = signed_by(*issuer, {.name = "broker"}), .chain = {issuer->certificate.get()}};
  }
  void add(const char* what, server_wish wish, verdict expected, std::vector<std::string> words,
           const char* host = "broker.lab") {
    rows.push_back({what, host, std::move(wish), expected, std::move(words)});
  }

  void names_and_dates() {
    const identity& ca = the_world().authority;
    const auto own = [&](wish what) { return server_wish{.own = signed_by(ca, std::move(what))}; };
    add("expired", own({.not_after = day(2026, 2, 3)}), verdict::expired,
        {"expired on 2026-02-03", "here it is 2026-11-22", "renew"});
    add("not yet valid", own({.not_before = day(2027, 4, 5)}), verdict::not_yet_valid,
        {"not yet valid until 2027-04-05", "clock"});
    add("wrong host", {}, verdict::wrong_name, {"issued for broker.lab, a.example, 10.77.0.2, not b.example"},
        "b.example");
    add("wrong address", {}, verdict::wrong_name, {"issued for", "not 10.77.0.3"}, "10.77.0.3");
    add("an address as a DNS name", own({.alternative_names = "DNS:10.77.0.9"}), verdict::wrong_name, {"not 10.77.0.9"},
        "10.77.0.9");
    add("partial wildcard", own({.alternative_names = "DNS:bro*.lab"}), verdict::wrong_name,
        {"issued for bro*.lab, not broker.lab"});
    add("wildcard over two labels", own({.alternative_names = "DNS:*.lab"}), verdict::wrong_name,
        {"issued for *.lab, not broker.site.lab"}, "broker.site.lab");
  }

  void authorities() {
    const world& w = the_world();
    const identity* leaf = signed_by(w.root, {.name = "No CA"});
    const identity* brief =
        signed_by(w.root, {.name = "Short CA", .authority = true, .basic_constraints = "critical,CA:TRUE,pathlen:0"});
    const identity* below = signed_by(*brief, {.name = "Below", .authority = true});
    const identity* imposter = keep(make({.name = "MQTT CA", .authority = true}, ec_key()));
    add("unknown, sent", under(&w.foreign), verdict::unknown_authority,
        {"signed by an unknown authority: CN=Foreign CA, O=recado tests"});
    add("unknown, not sent", {.own = signed_by(w.foreign, {.name = "broker"}), .chain = {}},
        verdict::intermediate_missing, {"signed by an unknown authority: CN=Foreign CA", "may be missing"});
    add("intermediate missing", {.chain = {}}, verdict::intermediate_missing,
        {"signed by an unknown authority: CN=MQTT CA", "intermediate certificate may be missing",
         "let the server send its intermediate"});
    add("self-signed", {.own = keep(make({.name = "alone", .alternative_names = world::names}, ec_key())), .chain = {}},
        verdict::self_signed, {"self-signed and not trusted here: CN=alone"});
    add("signed by a server", under(leaf), verdict::not_an_authority, {"No CA", "not an authority"});
    server_wish longer = under(below);
    longer.chain.push_back(brief->certificate.get());
    add("path too long", longer, verdict::path_too_long, {"chain too long"});
    add("imposter", under(imposter), verdict::unknown_authority, {"unknown authority: CN=MQTT CA"});
    add("expired authority",
        under(signed_by(w.root, {.name = "Old CA", .authority = true, .not_after = day(2026, 5, 6)})), verdict::expired,
        {"the server's chain: CN=Old CA, O=recado tests: expired on 2026-05-06"});
    add("damaged signature", {.own = damaged(signed_by(w.authority, {.name = "broker"}))}, verdict::bad_signature,
        {"wrong signature", "forged"});
  }

  void strength_and_purpose() {
    const world& w = the_world();
    add("weak key", {.own = signed_by(w.authority, {.name = "b"}, rsa_key(1024))}, verdict::weak_key,
        {"weak key: RSA 1024 bits is under 112 bits"});
    add("weak authority", under(signed_by(w.root, {.name = "Weak CA", .authority = true}, rsa_key(1024))),
        verdict::weak_key, {"chain", "Weak CA", "weak key: RSA 1024"});
    add("SHA-1", {.own = signed_by(w.authority, {.name = "b", .digest = EVP_sha1()})}, verdict::weak_signature,
        {"weak signature: ecdsa-with-SHA1", "SHA-256"});
    add("SHA-1 authority", under(signed_by(w.root, {.name = "SHA-1 CA", .authority = true, .digest = EVP_sha1()})),
        verdict::weak_signature, {"SHA-1 CA", "weak signature"});
    add("for clients", {.own = signed_by(w.authority, {.name = "b", .extended_key_usage = "clientAuth"})},
        verdict::wrong_purpose, {"not for servers"});
    add("unknown critical extension", {.own = strange()}, verdict::malformed, {"malformed"});
  }

  // The last byte of the signature is changed: OpenSSL re-encodes nothing of a parsed certificate.
  const identity* damaged(const identity* from) {
    std::string changed = der(from->certificate.get());
    changed.back() = static_cast<char>(changed.back() ^ 1);
    const auto* at = reinterpret_cast<const unsigned char*>(changed.data());
    EVP_PKEY_up_ref(from->key.get());
    return keep({x509_handle{d2i_X509(nullptr, &at, static_cast<long>(changed.size()))}, key_handle{from->key.get()}});
  }

  const identity* strange() {
    const identity& ca = the_world().authority;
    identity made = make({.name = "b", .alternative_names = world::names}, ec_key(), &ca);
    ASN1_OCTET_STRING* content = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(content, reinterpret_cast<const unsigned char*>("\x05\x00"), 2);
    ASN1_OBJECT* unknown = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
    X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, unknown, 1, content);
    X509_add_ext(made.certificate.get(), extension, -1);
    X509_EXTENSION_free(extension), ASN1_OBJECT_free(unknown), ASN1_OCTET_STRING_free(content);
    X509_sign(made.certificate.get(), ca.key.get(), EVP_sha256());
    return keep(std::move(made));
  }

  std::vector<std::unique_ptr<identity>> kept_;
};

TEST(tls_server_certificate, is_refused_in_words_whatever_is_wrong) {
  const bad_servers bad;
  for (const auto& row : bad.rows) {
    for (const int highest : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      SCOPED_TRACE(std::string{row.what} + (highest == TLS1_2_VERSION ? " 1.2" : " 1.3"));
      server_wish wish = row.wish;
      wish.highest = highest;
      auto options = usual();
      options.report_chain = true;
      client c{options};
      server s{wish};
      s.begin(), c.open(row.host), c.talk(s);
      ASSERT_TRUE(c.seen.closed);
      EXPECT_FALSE(c.seen.secured);
      EXPECT_TRUE(is(*c.seen.closed, error_of(row.expected))) << c.seen.line;
      for (const auto& part : row.words) EXPECT_THAT(c.seen.line, HasSubstr(part));
      ASSERT_FALSE(c.seen.chain.empty());  // shown although refused
      EXPECT_EQ(c.seen.chain.back().depth, 0u);
      EXPECT_FALSE(s.done());  // the alert went out: the server knows
    }
  }
}

/// The server's own certificate as the client shows it, and its printed form.
std::pair<certificate, std::string> shown(const identity& own, const identity& issuer) {
  auto options = usual();
  const std::string trusted = pem(issuer);
  options.ca = memory(trusted), options.report_chain = true;
  client c{options};
  server s{{.own = &own, .chain = {}}};
  s.begin(), c.open(), c.talk(s);
  EXPECT_FALSE(c.seen.chain.empty()) << c.seen.line;
  if (c.seen.chain.empty()) return {};
  return {c.seen.chain.back(), c.seen.printed.back()};
}

TEST(tls_server_certificate, shows_for_what_its_key_is) {  // RFC 5280 §4.2.1.3 and §4.2.1.12
  const identity& ca = the_world().authority;
  const auto with = [&](const std::string& use, const std::string& purposes) {
    return make({.alternative_names = world::names, .extended_key_usage = purposes, .key_usage = use}, ec_key(), &ca);
  };
  const auto [all, text] = shown(with("digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,keyAgreement,"
                                      "keyCertSign,cRLSign,encipherOnly,decipherOnly",
                                      "serverAuth,clientAuth,codeSigning,emailProtection,timeStamping,OCSPSigning"),
                                 ca);
  for (const usage each : {usage::digital_signature, usage::non_repudiation, usage::key_encipherment,
                           usage::data_encipherment, usage::key_agreement, usage::certificate_signing,
                           usage::crl_signing, usage::encipher_only, usage::decipher_only})
    EXPECT_TRUE(all.may(each)) << static_cast<int>(each);
  for (const purpose each : {purpose::server, purpose::client, purpose::code_signing, purpose::email,
                             purpose::time_stamping, purpose::ocsp_signing})
    EXPECT_TRUE(all.is_for(each)) << static_cast<int>(each);
  EXPECT_FALSE(all.is_for(purpose::any));
  EXPECT_FALSE(all.is_for(purpose::other));
  EXPECT_THAT(text, HasSubstr("key usage: digital signature, non-repudiation, key encipherment, data encipherment, "
                              "key agreement, certificate signing, CRL signing, encipher only, decipher only\n"));
  EXPECT_THAT(text, HasSubstr("TLS server, TLS client, code signing, e-mail, time stamping, OCSP signing\n"));
  const std::pair<const char*, usage> others[] = {
      {"nonRepudiation", usage::non_repudiation},     {"keyEncipherment", usage::key_encipherment},
      {"dataEncipherment", usage::data_encipherment}, {"keyAgreement", usage::key_agreement},
      {"keyCertSign", usage::certificate_signing},    {"cRLSign", usage::crl_signing},
      {"encipherOnly", usage::encipher_only},         {"decipherOnly", usage::decipher_only}};
  for (const auto& [name, use] : others) {
    const certificate two = shown(with("digitalSignature," + std::string{name}, "serverAuth"), ca).first;
    for (const auto& [other, each] : others) EXPECT_EQ(two.may(each), each == use) << name << ' ' << other;
  }
  const certificate one = shown(with("digitalSignature", "serverAuth,1.2.3.4"), ca).first;
  EXPECT_TRUE(one.is_for(purpose::other));
  EXPECT_FALSE(one.is_for(purpose::client));
}

TEST(tls_server_certificate, may_be_without_extensions) {
  const identity& ca = the_world().authority;
  const identity own =
      make({.alternative_names = world::names, .basic_constraints = "none", .key_usage = "none"}, ec_key(), &ca);
  const auto [bare, text] = shown(own, ca);
  EXPECT_FALSE(bare.has_basic_constraints || bare.authority || bare.has_key_usage || bare.has_extended_key_usage);
  EXPECT_THAT(text, HasSubstr("basic constraints: none\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("key usage")));
}

TEST(tls_server_certificate, says_that_the_name_of_its_issuer_is_cut) {
  const identity issuer = make({.name = std::string(60, '\x01'), .authority = true}, ec_key());
  const identity own = make({.alternative_names = world::names}, ec_key(), &issuer);
  const certificate cut = shown(own, issuer).first;
  EXPECT_EQ(cut.issuer.size(), distinguished_name_bytes_max);
  EXPECT_TRUE(cut.cut);
  EXPECT_FALSE(shown(the_world().broker, the_world().authority).first.cut);
}

TEST(tls_server_certificate, of_one_connection_is_not_the_fault_of_the_next) {
  const identity old =
      make({.alternative_names = world::names, .not_after = day(2026, 2, 3)}, ec_key(), &the_world().authority);
  client c{usual()};
  server s{{.own = &old}};
  s.begin(), c.open(), c.talk(s);
  ASSERT_TRUE(c.seen.closed);
  EXPECT_TRUE(is(*c.seen.closed, error_of(verdict::expired))) << c.seen.line;
  c.open(), c.inbox = "HTTP/1.1 400 Bad Request\r\n", c.hear();
  ASSERT_TRUE(c.seen.closed);
  EXPECT_TRUE(is(*c.seen.closed, error::not_tls)) << c.seen.line;
  server refuses{{.lowest = TLS1_VERSION, .highest = TLS1_1_VERSION}};
  refuses.begin(), c.open(), c.talk(refuses);
  ASSERT_TRUE(c.seen.closed);
  EXPECT_TRUE(is(*c.seen.closed, error::version_unsupported)) << c.seen.line;
}

TEST(tls_server_certificate, may_be_disliked_by_who_is_shown_it) {
  auto options = usual();
  options.report_chain = true;
  client c{options};
  server s{{}};
  s.begin(), c.open();
  std::string inbox;
  int certificates = 0;
  bool is_closed = false;
  for (int turn = 0; turn < 20 && !is_closed; ++turn) {
    bytes in = as_bytes(inbox);
    const auto event = c.it.receive(in, c.now);
    inbox.erase(0, inbox.size() - in.size());
    if (event && std::holds_alternative<certificate_seen>(*event)) ++certificates, c.it.close(c.now);
    EXPECT_FALSE(event && std::holds_alternative<secured>(*event)) << "it was given up before";
    is_closed = event && std::holds_alternative<closed>(*event);
    for (bytes out; !(out = c.it.pending(c.now)).empty(); c.it.sent(out.size())) s.hear(out);
    inbox += s.says();
  }
  EXPECT_GT(certificates, 0);
  EXPECT_TRUE(is_closed);
}

TEST(tls_server_certificate, prints_hostile_texts_safely) {
  const world& w = the_world();
  const std::string long_name = "\x1b[2J\xc2\x9b, O=Bank\\" + std::string(40, 'x');
  std::string names = world::names;
  for (int i = 0; i < 60; ++i) names += ",DNS:name" + std::to_string(i) + ".example";
  const identity own = make({.name = long_name, .alternative_names = names}, ec_key(), &w.authority);
  auto options = usual();
  options.report_chain = true;
  client c{options};
  server s{{.own = &own}};
  s.begin(), c.open(), c.talk(s);
  ASSERT_TRUE(c.seen.secured) << c.seen.line;
  const certificate& shown = c.seen.chain.back();
  EXPECT_THAT(std::string{shown.subject.view()}, HasSubstr("CN=\\x1b[2J\\xc2\\x9b\\x2c O=Bank\\x5cxxx"));
  EXPECT_TRUE(shown.cut);
  EXPECT_EQ(shown.names.size(), names_bytes_max);
  for (const char one : c.seen.printed.back()) EXPECT_TRUE(one == '\n' || (one >= 0x20 && one < 0x7f));
}

}  // namespace
}  // namespace recado::tls::tests
