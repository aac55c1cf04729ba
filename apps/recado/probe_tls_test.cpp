// `recado probe tls` against OpenSSL's own server, whose certificate is wrong in each way: the chain, the verdict and
// the last line say what it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <recado/pki/shell_test.hpp>
#include <recado/tls/certificate.hpp>
#include <recado/tls/openssl/tests/pki.hpp>
#include <tests/support/child_process.hpp>

namespace {

using namespace std::string_literals;
using namespace recado::tls::openssl::tests;
using recado::tls::verdict;
using recado::tls::openssl::key_handle;
using recado::tls::openssl::x509_handle;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct result {
  int status = -1;
  std::string output;
  std::string last_line() const {
    const auto end = output.find_last_not_of('\n');
    const auto begin = output.rfind('\n', end) + 1;
    return output.substr(begin, end + 1 - begin);
  }
};

class probe_tls : public recado::pki::in_folder {
 protected:
  std::string saved(const std::string& name, const std::string& content) const {
    std::ofstream{path(name), std::ios::binary} << content;
    return path(name).string();
  }
  /// Starts `openssl s_server` with this identity, its chain, and further options.
  void serve(const identity& own, const std::vector<const identity*>& chain, std::vector<std::string> more = {}) {
    std::string sent;
    for (const identity* each : chain) sent += pem(*each);
    // A verdict on a weak key needs a server that isn't ashamed of it; with -www it doesn't look at standard input.
    std::vector<std::string> command{"/usr/bin/openssl", "s_server",          "-accept", "127.0.0.1:0", "-www",
                                     "-cipher",          "DEFAULT@SECLEVEL=0"};
    command.insert(command.end(), {"-cert", saved("own.crt", pem(own))});
    command.insert(command.end(), {"-key", saved("own.key", key_pem(own.key.get()))});
    if (!sent.empty()) command.insert(command.end(), {"-cert_chain", saved("chain.crt", sent)});
    command.insert(command.end(), more.begin(), more.end());
    server_.emplace(command);
    ASSERT_TRUE(server_->says("ACCEPT 127.0.0.1:")) << server_->said();
    while (server_->said().back() != '\n') ASSERT_TRUE(server_->says("\n"));
    const auto at = server_->said().find("ACCEPT 127.0.0.1:") + 17;
    port_ = server_->said().substr(at, server_->said().find('\n', at) - at);
    server_->drain();
  }
  result probe(const std::string& more = "", const std::string& host = "127.0.0.1") const {
    const std::string ca = saved("ca.crt", pem(the_world().root));
    const auto done =
        recado::pki::shell(RECADO_PROGRAM " probe tls " + host + " -p " + port_ + " --cafile '" + ca + "' " + more);
    return {done.status, done.output};
  }

  std::optional<recado::test::child_process> server_;
  std::string port_;
};

struct wrong {
  verdict expected;
  const char* words;
  std::shared_ptr<identity> own;
  std::vector<std::shared_ptr<identity>> chain;
  std::string crl = {};
};

std::shared_ptr<identity> made(wish what, const identity& issuer, key_handle key = ec_key()) {
  if (what.alternative_names.empty()) what.alternative_names = "IP:127.0.0.1";
  return std::make_shared<identity>(make(what, std::move(key), &issuer));
}
std::shared_ptr<identity> authority(wish what, const identity& issuer, key_handle key = ec_key()) {
  what.authority = true;
  return std::make_shared<identity>(make(what, std::move(key), &issuer));
}
std::shared_ptr<identity> copy_of(const identity& other) {
  X509_up_ref(other.certificate.get());
  EVP_PKEY_up_ref(other.key.get());
  return std::make_shared<identity>(identity{x509_handle{other.certificate.get()}, key_handle{other.key.get()}});
}

/// The last byte of the signature is changed.
std::shared_ptr<identity> damaged(const std::shared_ptr<identity>& from) {
  std::string changed = der(from->certificate.get());
  changed.back() = static_cast<char>(changed.back() ^ 1);
  const auto* at = reinterpret_cast<const unsigned char*>(changed.data());
  EVP_PKEY_up_ref(from->key.get());
  return std::make_shared<identity>(
      identity{x509_handle{d2i_X509(nullptr, &at, static_cast<long>(changed.size()))}, key_handle{from->key.get()}});
}
/// With one more extension, in the configuration language of OpenSSL.
std::shared_ptr<identity> with(std::shared_ptr<identity> of, const identity& issuer, const char* name,
                               const char* value) {
  X509_EXTENSION* more = X509V3_EXT_conf(nullptr, nullptr, name, value);
  X509_add_ext(of->certificate.get(), more, -1);
  X509_EXTENSION_free(more);
  X509_sign(of->certificate.get(), issuer.key.get(), EVP_sha256());
  return of;
}

std::vector<wrong> wrong_certificates() {
  const world& w = the_world();
  const auto mqtt = copy_of(w.authority);
  const auto own = [&](wish what) { return made(std::move(what), w.authority); };
  const auto strange = with(own({}), w.authority, "1.3.6.1.4.1.99999.1", "critical,DER:0500");
  const auto alone = std::make_shared<identity>(make({.alternative_names = "IP:127.0.0.1"}, ec_key()));
  const auto weak = made({}, w.authority, rsa_key(1024));
  return {
      {verdict::expired, "expired on 2026-02-03", own({.not_after = day(2026, 2, 3)}), {mqtt}},
      {verdict::not_yet_valid, "not yet valid until 2029-04-05", own({.not_before = day(2029, 4, 5)}), {mqtt}},
      {verdict::wrong_name, "for a.example, not 127.0.0.1", own({.alternative_names = "DNS:a.example"}), {mqtt}},
      {verdict::self_signed, "self-signed", alone, {}},
      {verdict::weak_key, "weak key: RSA 1024", weak, {mqtt}},
      {verdict::weak_signature, "weak signature: ecdsa-with-SHA1", own({.digest = EVP_sha1()}), {mqtt}},
      {verdict::wrong_purpose, "not for servers", own({.extended_key_usage = "clientAuth"}), {mqtt}},
      {verdict::bad_signature, "wrong signature", damaged(own({})), {mqtt}},
      {verdict::malformed, "malformed", strange, {mqtt}},
  };
}

std::vector<wrong> wrong_chains() {
  const world& w = the_world();
  const auto mqtt = copy_of(w.authority), foreign = copy_of(w.foreign);
  const auto leaf = made({.name = "No CA"}, w.root);
  const auto brief = authority({.name = "Short CA", .basic_constraints = "critical,CA:TRUE,pathlen:0"}, w.root);
  const auto below = authority({.name = "Below"}, *brief);
  const auto narrow = with(authority({.name = "Narrow CA"}, w.root), w.root, "nameConstraints",
                           "critical,permitted;IP:10.77.0.0/255.255.255.0");
  const auto good = made({.name = "b"}, w.authority);
  const std::string revoked = crl(w.authority, {good->certificate.get()});
  const std::string old_crl = crl(w.authority, {}, false, day(2025, 1, 1), day(2026, 1, 1));
  const std::string early_crl = crl(w.authority, {}, false, day(2029, 1, 1), day(2030, 1, 1));
  const std::string of_root = crl(w.root, {});
  return {
      {verdict::unknown_authority, "unknown authority: CN=Foreign CA", made({}, w.foreign), {foreign}},
      {verdict::intermediate_missing, "intermediate certificate may be missing", good, {}},
      {verdict::revoked, "revoked", good, {mqtt}, revoked + of_root},
      {verdict::crl_missing, "its authority's CRL is missing", good, {mqtt}, crl(w.foreign, {})},
      {verdict::crl_expired, "CRL", good, {mqtt}, old_crl + of_root},
      {verdict::crl_invalid, "CRL", good, {mqtt}, early_crl + of_root},
      {verdict::not_an_authority, "not an authority", made({}, *leaf), {leaf}},
      {verdict::name_constraints, "outside its authority's name constraints", made({}, *narrow), {narrow}},
      {verdict::path_too_long, "chain too long", made({}, *below), {below, brief}},
  };
}

TEST_F(probe_tls, says_of_each_wrong_certificate_what_is_wrong) {
  auto rows = wrong_certificates();
  std::ranges::move(wrong_chains(), std::back_inserter(rows));
  for (auto each = verdict::unknown_authority; each < verdict::rejected; each = verdict(unsigned(each) + 1))
    EXPECT_EQ(std::ranges::count(rows, each, &wrong::expected), 1) << unsigned(each);
  for (const wrong& row : rows)
    for (const char* version : {"1.2", "1.3"}) {
      SCOPED_TRACE(std::string{row.words} + ' ' + version);
      std::vector<const identity*> chain;
      for (const auto& each : row.chain) chain.push_back(each.get());
      ASSERT_NO_FATAL_FAILURE(serve(*row.own, chain));
      std::string more = std::string{"--tls-version "} + version;
      if (!row.crl.empty()) more += " --crlfile '" + saved("crl.pem", row.crl) + "'";
      const result done = probe(more);
      EXPECT_EQ(done.status, 1) << done.output;
      EXPECT_THAT(done.output, AllOf(HasSubstr("certificate at depth 0"), Not(HasSubstr("secured"))));
      EXPECT_THAT(done.last_line(),
                  AllOf(testing::StartsWith("recado probe tls: "), HasSubstr(row.words), HasSubstr("; ")));
      EXPECT_THAT(done.output, HasSubstr("verdict: "));
    }
}

TEST_F(probe_tls, shows_a_good_chain_and_both_handshakes_in_the_open) {
  const auto good = made({.name = "b"}, the_world().authority);
  ASSERT_NO_FATAL_FAILURE(serve(*good, {&the_world().authority}));
  const result done = probe("--tls-version 1.3");
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_THAT(done.output, AllOf(HasSubstr("client_hello"), HasSubstr("server_hello"), HasSubstr("verdict: valid"),
                                 HasSubstr("certificate at depth 0"), HasSubstr("CN=MQTT CA"),
                                 HasSubstr("the chain and the name are right"), HasSubstr("TLS 1.3")));
  const result older = probe("--tls-version 1.2");
  EXPECT_EQ(older.status, 0) << older.output;
  EXPECT_THAT(older.output,
              AllOf(HasSubstr("server_hello_done"), HasSubstr("client_key_exchange"), HasSubstr("TLS 1.2")));
  const result insecure = probe("--insecure", "127.0.0.1");
  EXPECT_EQ(insecure.status, 0) << insecure.output;
  EXPECT_THAT(insecure.output, HasSubstr("the server was not verified"));
}

TEST_F(probe_tls, the_port_may_stand_behind_the_host) {
  const auto good = made({.name = "b"}, the_world().authority);
  ASSERT_NO_FATAL_FAILURE(serve(*good, {&the_world().authority}));
  const auto run = [&](const std::string& arguments) {
    const auto done = recado::pki::shell(RECADO_PROGRAM " probe " + arguments);
    return result{done.status, done.output};
  };
  const std::string trust = " --cafile '" + saved("ca.crt", pem(the_world().root)) + "'";
  for (const char* host : {"127.0.0.1", "[127.0.0.1]"}) {
    const result done = run("tls '" + std::string{host} + ":" + port_ + "'" + trust);
    EXPECT_EQ(done.status, 0) << done.output;
    EXPECT_THAT(done.output, HasSubstr("the chain and the name are right"));
  }
  for (const std::string& command : {"tls"s, "mqtt"s, "ntp"s}) {
    for (const char* host : {"host:0", "host:x", "[::1", ":1", "host:70000"}) {
      const result wrong = run(command + " '" + host + "'");
      EXPECT_EQ(wrong.status, 2) << wrong.output;
      EXPECT_THAT(wrong.last_line(), HasSubstr("'"s + host + "' is no host; give "));
    }
    const result url = run(command + " mqtt://u:sekret@h");
    EXPECT_THAT(url.last_line(), HasSubstr("'mqtt://u:(6 bytes)@h' is no host; give "));
    const result nowhere = run(command + " 127.0.0.1:1 --interface nosuch0");
    EXPECT_EQ(nowhere.status, 1) << nowhere.output;
    EXPECT_THAT(nowhere.last_line(), HasSubstr("there is no such network interface"));
    const result twice = run(command + " 127.0.0.1:1 --port 2");
    EXPECT_EQ(twice.status, 2) << twice.output;
    EXPECT_THAT(twice.last_line(), HasSubstr("the port is given twice; "));
  }
}

TEST_F(probe_tls, says_which_alert_ended_it) {
  const auto good = made({.name = "b"}, the_world().authority);
  ASSERT_NO_FATAL_FAILURE(serve(*good, {&the_world().authority}, {"-Verify", "2", "-tls1_2"}));
  const result none = probe();
  EXPECT_EQ(none.status, 1) << none.output;
  EXPECT_THAT(none.output, HasSubstr("alert"));
  EXPECT_THAT(none.last_line(), AllOf(HasSubstr("requires a client certificate"), HasSubstr("; ")));
  const result newer = probe("--tls-version 1.3");
  EXPECT_EQ(newer.status, 1) << newer.output;
  EXPECT_THAT(newer.last_line(), AllOf(HasSubstr("TLS"), HasSubstr("; ")));
  ASSERT_NO_FATAL_FAILURE(serve(*good, {&the_world().authority}, {"-Verify", "2", "-tls1_3"}));
  const result later = probe();
  EXPECT_EQ(later.status, 1) << "TLS 1.3 refuses after the handshake\n" << later.output;
  EXPECT_THAT(later.last_line(), AllOf(HasSubstr("client certificate"), HasSubstr("; ")));
}

TEST_F(probe_tls, writes_the_secrets_to_a_private_file) {
  const auto good = made({.name = "b"}, the_world().authority);
  ASSERT_NO_FATAL_FAILURE(serve(*good, {&the_world().authority}));
  const auto log = path("keys.log");
  EXPECT_EQ(probe("--keylog '" + log.string() + "'").status, 0);
  struct stat status {};
  ASSERT_EQ(::stat(log.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0600u);
  std::ifstream in{log};
  EXPECT_THAT((std::string{std::istreambuf_iterator<char>{in}, {}}), HasSubstr("CLIENT_TRAFFIC_SECRET_0 "));
}

TEST_F(probe_tls, a_key_log_that_has_no_room_is_no_success) {
  const auto good = made({.name = "b"}, the_world().authority);
  ASSERT_NO_FATAL_FAILURE(serve(*good, {&the_world().authority}));
  const result done = probe("--keylog /dev/full");
  EXPECT_EQ(done.status, 1) << done.output;
  EXPECT_THAT(done.last_line(), HasSubstr("the key log could not be written: No space left on device; make room"));
}

}  // namespace
