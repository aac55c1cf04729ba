// TLS as the tools do it: every way in which a certificate or a server can be wrong, with its words, and every option.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <recado/drive/posix/clock.hpp>
#include <tests/support/scripted_broker.hpp>
#include <tests/support/small_proxy.hpp>

#include "tls_for_tests.hpp"

namespace recado::test {
namespace {

using testing::HasSubstr;

const words message = {"-t", "t", "-m", "m", "-q", "1"};

/// One line that says all of it, and the exit status of TLS.
void expect_refused(const program_run::result& done, const words& said, int status = 8) {
  EXPECT_EQ(done.status, status) << done.err;
  for (const std::string& each : said) EXPECT_THAT(done.err, HasSubstr(each));
  EXPECT_EQ(std::ranges::count(done.err, '\n'), 1) << done.err;
  EXPECT_THAT(done.err, HasSubstr("; ")) << "no remedy";
}

/// A server with a wrong certificate, and what is said of it.
struct wrong_server {
  const char* what;
  files::pair server;
  words server_options, options, said;
};
void expect_wrong(const std::vector<wrong_server>& rows) {
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const s_server server{row.server, row.server_options};
    expect_refused(run("pub", message + words{"--cafile", the_files().ca, "-p", server.port()} + row.options),
                   row.said);
  }
}
template <class Change>
wish changed(Change change) {
  wish result = files::server();
  change(result);
  return result;
}

TEST(tools_tls, certificates_of_others_and_of_other_times) {
  const files& with = the_files();
  const wish old = changed([](wish& w) { w.not_before = day(2020, 1, 1), w.not_after = day(2021, 3, 4); });
  const wish young = changed([](wish& w) { w.not_before = day(2039, 5, 6), w.not_after = day(2040, 1, 1); });
  const wish other = changed([](wish& w) { w.alternative_names = "DNS:b.example,DNS:c.example,IP:192.0.2.7"; });
  const identity old_middle =
      make({.name = "Old CA", .authority = true, .not_before = day(2020, 1, 1), .not_after = day(2021, 3, 4)}, ec_key(),
           &with.root);
  expect_wrong({
      {"unknown CA",
       files::issue("unknown", files::server(), &with.foreign),
       {},
       {},
       {"signed by an unknown authority: CN=Foreign CA", "--cafile"}},
      {"right CA, but the other is trusted",
       with.good,
       {},
       {"--cafile", with.foreign_ca},
       {"signed by an unknown authority", "--cafile"}},
      {"expired", files::issue("old", old, &with.middle), {}, {}, {"expired on 2021-03-04 (here it is 20", "renew"}},
      {"not yet valid",
       files::issue("young", young, &with.middle),
       {},
       {},
       {"not yet valid until 2039-05-06 (here it is 20"}},
      {"intermediate expired",
       files::issue("under_old", files::server(), &old_middle),
       {},
       {},
       {"CN=Old CA", "expired on 2021-03-04"}},
      {"wrong host",
       files::issue("other", other, &with.middle),
       {},
       {},
       {"issued for b.example, c.example, 192.0.2.7, not localhost", "-h"}},
      {"wrong address",
       files::issue("other", other, &with.middle),
       {},
       {"-h", "127.0.0.1"},
       {"issued for b.example, c.example, 192.0.2.7, not 127.0.0.1"}},
  });
}

TEST(tools_tls, certificates_that_are_revoked_weak_or_misused) {
  const files& with = the_files();
  const identity revoked = make(files::server(), ec_key(), &with.middle);
  const std::string root_list = crl(with.root, {});
  const std::string lists = keep("crl.pem", root_list + crl(with.middle, {revoked.certificate.get()}));
  const std::string stale =
      keep("stale.pem", root_list + crl(with.middle, {}, false, day(2026, 1, 1), day(2026, 2, 1)));
  const std::string others = keep("others.pem", crl(with.foreign, {}));
  const words weak = {"-cipher", "DEFAULT@SECLEVEL=0"};
  expect_wrong({
      {"self-signed",
       files::issue("self", files::server(), nullptr),
       {},
       {},
       {"self-signed and not trusted here: CN=broker"}},
      {"intermediate missing",
       files::issue("alone", files::server(), &with.middle, false),
       {},
       {},
       {"CN=Middle CA", "an intermediate certificate may be missing"}},
      {"revoked",
       files::store("revoked", revoked, &with.middle),
       {},
       {"--crlfile", lists},
       {"revoked by CN=Middle CA"}},
      {"CRL missing", with.good, {}, {"--crlfile", others}, {"CRL is missing", "--crlfile"}},
      {"CRL expired", with.good, {}, {"--crlfile", stale}, {"CRL has expired"}},
      {"weak key",
       files::issue("weak", files::server(), &with.middle, true, rsa_key(1024)),
       weak,
       {},
       {"weak key: RSA 1024 bits"}},
      {"SHA-1",
       files::issue("sha1", changed([](wish& w) { w.digest = EVP_sha1(); }), &with.middle),
       weak,
       {},
       {"weak signature: ecdsa-with-SHA1"}},
      {"not for servers",
       files::issue("client", changed([](wish& w) { w.extended_key_usage = "clientAuth"; }), &with.middle),
       {},
       {},
       {"not for servers"}},
      {"--insecure is about names only",
       files::issue("unknown", files::server(), &with.foreign),
       {},
       {"--insecure"},
       {"signed by an unknown authority"}},
  });
}

TEST(tools_tls, servers_that_are_wrong) {
  const files& with = the_files();
  const words old = {"-cipher", "DEFAULT@SECLEVEL=0"};
  const struct {
    const char* what;
    words server, options, said;
    int status = 8;
  } rows[] = {
      {"only 1.0", words{"-tls1"} + old, {}, {"no TLS version that is allowed here", "TLS 1.0 and 1.1 are broken"}},
      {"only 1.1", words{"-tls1_1"} + old, {}, {"no TLS version that is allowed here", "TLS 1.0 and 1.1 are broken"}},
      {"1.2, 1.3 wanted", {"-tls1_2"}, {"--tls-version", "tlsv1.3"}, {"no TLS version that is allowed here"}},
      {"1.3, 1.2 wanted", {"-tls1_3"}, {"--tls-version", "tlsv1.2"}, {"no TLS version that is allowed here"}},
      {"no certificate given",
       {"-Verify", "2", "-verify_return_error", "-CAfile", with.ca},
       {},
       {"requires a client certificate", "--cert"}},
      {"the same with 1.2", {"-tls1_2", "-Verify", "2", "-verify_return_error", "-CAfile", with.ca}, {}, {"--cert"}},
      {"no suite in common",
       {"-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"},
       {"--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"},
       {"no cipher suite"}},
      {"other protocols", {"-alpn", "http/1.1"}, {"--tls-alpn", "mqtt"}, {"none of the protocols offered by ALPN"}},
      {"certificate for a key",
       {},
       {"--psk", "00112233445566778899aabbccddeeff", "--psk-identity", "me", "--tls-version", "tlsv1.3"},
       {"pre-shared key"}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const s_server server{with.good, row.server};
    const bool psk = std::ranges::find(row.options, "--psk") != row.options.end();
    const words trust = psk ? words{} : words{"--cafile", with.ca};
    expect_refused(run("pub", message + trust + words{"-p", server.port()} + row.options), row.said, row.status);
  }
}

TEST(tools_tls, clients_that_are_refused) {
  const files& with = the_files();
  const auto stranger = files::issue("stranger", {.name = "x", .extended_key_usage = "clientAuth"}, &with.foreign);
  for (const char* version : {"tlsv1.2", "tlsv1.3"}) {
    SCOPED_TRACE(version);
    const s_server server{with.good, {"-Verify", "2", "-verify_return_error", "-CAfile", with.ca}};
    expect_refused(run("pub", message + words{"--cafile", with.ca, "-p", server.port(), "--tls-version", version,
                                              "--cert", stranger.cert, "--key", stranger.key}),
                   {"refused the client certificate", "signed by an authority that the server trusts"});
  }
}

TEST(tools_tls, what_answers_is_no_tls_or_nothing_but) {
  const files& with = the_files();
  const struct {
    const char* what;
    script plays;
    words said;
    int status;
  } rows[] = {
      {"garbage", {hears(), says("this is not what you expect"), closes()}, {"this port doesn't speak TLS"}, 8},
      {"plain MQTT",
       {hears(), says("\x20\x02\0\0"s), closes()},
       {"doesn't speak TLS: it answered with a plain MQTT packet", "leave the TLS options out"},
       8},
      {"HTTP",
       {hears(), says("HTTP/1.1 400 Bad Request\r\n\r\n"), closes()},
       {"doesn't speak TLS: it answered in HTTP"},
       8},
      {"closes",
       {hears(), closes()},
       {"closed the connection during the TLS handshake", "check that this port speaks TLS"},
       8},
      {"resets",
       {hears(), resets()},
       {"closed the connection during the TLS handshake", "check that this port speaks TLS"},
       8},
      {"half a record",
       {hears(), says("\x16\3\3\0\x40\2\0"s), closes()},
       {"closed the connection during the TLS handshake"},
       8},
      {"a broken record", {hears(), says("\x16\3\3\0\4\2\0\0\0"s), waits_for_end()}, {"TLS"}, 8},
      {"silence",
       {hears(), waits_for_end()},
       {"the TLS handshake with the broker did not end within", "speaks TLS"},
       27},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    scripted_broker broker{{row.plays}};
    expect_refused(run("pub", message + words{"--cafile", with.ca, "-p", std::to_string(broker.port()), "--timeout",
                                              row.status == 27 ? "0.4" : "10"}),
                   row.said, row.status);
  }
  const mosquitto plain{RECADO_SERVERS "/usr/sbin/mosquitto", path("plain")};
  expect_refused(
      run("pub", message + words{"--cafile", with.ca, "-p", std::to_string(plain.port())}),
      {"TLS handshake", "speaks MQTT without TLS; this port speaks plain MQTT", "leave the TLS options out"});
  const s_server secure{with.good};
  expect_refused(run("pub", message + words{"-p", secure.port()}),
                 {"speaks TLS, and TLS was not asked for; this port speaks TLS: add --cafile"}, 7);
  expect_refused(run("pub", message + words{"-p", secure.port(), "--ws"}), {"this port speaks TLS: add --cafile"}, 7);
}

// What says nothing is asked once in the other language; only then it is certain.
TEST(tools_tls, silence_is_asked_in_the_other_language) {
  const script silent{hears(), waits_for_end()}, alert{hears_anything(), says("\x15\3\1\0\2\2\x28"s), waits_for_end()};
  const script mqtt{hears(connect_type), says("\x20\2\0\5"s), waits_for_end()};
  const struct {
    std::vector<script> played;
    words options, said;
    int status;
  } rows[] = {
      {{silent, alert}, {}, {"no CONNACK within 0.3 s", "speaks TLS, and", "this port speaks TLS: add --cafile"}, 27},
      {{silent, silent}, {}, {"no CONNACK within 0.3 s", "(or TLS: --cafile)"}, 27},
      {{{closes()}, alert}, {}, {"without an answer to CONNECT", "this port speaks TLS: add --cafile"}, 7},
      {{{closes()}, {closes()}}, {}, {"if this port speaks TLS add --cafile"}, 7},
      {{silent, mqtt}, {"--cafile", the_files().ca}, {"handshake", "this port speaks plain MQTT, not TLS"}, 27},
      {{{closes()}, mqtt}, {"--cafile", the_files().ca}, {"handshake", "this port speaks plain MQTT, not TLS"}, 8},
      {{{closes()}, {closes()}}, {"--cafile", the_files().ca}, {"check that this port speaks TLS"}, 8},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.said.back());
    scripted_broker broker{row.played};
    expect_refused(run("pub", message + words{"-p", std::to_string(broker.port()), "--timeout", "0.3"} + row.options),
                   row.said, row.status);
    EXPECT_EQ(broker.connections(), 2U);
  }
}

/// Options, and what comes of them.
struct attempt {
  const char* what;
  words options;
  words environment{};
  int status = 0;
  words said{};
};
void expect(const std::vector<attempt>& rows) {
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const auto done = run("pub", row.options + message, row.environment);
    EXPECT_EQ(done.status, row.status) << done.err;
    for (const std::string& each : row.said) EXPECT_THAT(done.err, HasSubstr(each));
    EXPECT_LE(std::ranges::count(done.err, '\n'), 1) << done.err;
    if (row.status == 0 && row.said.empty()) {
      EXPECT_EQ(done.err, "");
    }
  }
}

TEST(tools_tls, trust_versions_and_ciphers) {
  const secured_broker to;
  const broker_of_1_2 old;
  const files& with = to.with;
  const std::string folder = path("authorities"), tls = std::to_string(to.tls);
  std::filesystem::create_directories(folder);
  std::ofstream{folder + "/root.pem"} << pem(with.root);
  EXPECT_EQ((program_run{.command = {"/usr/bin/openssl", "rehash", folder}}().status), 0);
  const std::string lists = keep("good_crl.pem", crl(with.root, {}) + crl(with.middle, {}));
  const small_proxy http{{}};
  expect({
      {"plain TLS", to.at(to.tls)},
      {"by address", to.at(to.tls) + words{"-h", "127.0.0.1"}},
      {"DER authority", {"--cafile", keep("ca.der", der(with.root.certificate.get())), "-p", tls}},
      {"the intermediate alone", {"--cafile", keep("middle.pem", pem(with.middle)), "-p", tls}},
      {"two folders", {"--capath", "/usr:" + folder, "-p", tls}},
      {"one is none", {"--capath", folder + ":/nowhere", "-p", tls}, {}, 1, {"can't be read (/nowhere)"}},
      {"the system's", {"--tls-use-os-certs", "-p", tls}, {"SSL_CERT_FILE=" + with.ca}},
      {"the system's by URL", {"-L", "mqtts://localhost:" + tls + "/t"}, {"SSL_CERT_FILE=" + with.ca}},
      {"only 1.2", to.at(to.tls) + words{"--tls-version", "tlsv1.2"}},
      {"only 1.3", to.at(to.tls) + words{"--tls-version", "tlsv1.3"}},
      {"a server of 1.2", old.reached()},
      {"it has no 1.3",
       old.reached() + words{"--tls-version", "tlsv1.3"},
       {},
       8,
       {"no TLS version that is allowed here"}},
      {"cipher", old.reached() + words{"--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"}},
      {"ALPN that mosquitto doesn't know", to.at(to.tls) + words{"--tls-alpn", "mqtt"}},
      {"CRLs", to.at(to.tls) + words{"--crlfile", lists}},
      {"another name, insecure", to.at(to.tls) + words{"--proxy", http.url(), "-h", "broker.example", "--insecure"}},
      {"insecure", to.at(to.tls) + words{"--insecure"}},
      {"no such CA file", {"--cafile", "/nowhere", "-p", tls}, {}, 1, {"can't be read (/nowhere)"}},
      {"no CA file", {"--cafile", with.good.key, "-p", tls}, {}, 1, {"holds no certificate"}},
      {"no such CRL", to.at(to.tls) + words{"--crlfile", "/nowhere"}, {}, 1, {"(/nowhere)"}},
      {"nonsense ciphers",
       to.at(to.tls) + words{"--ciphers", "NONE-OF-THESE"},
       {},
       1,
       {"no cipher suite of those given"}},
  });
}

TEST(tools_tls, client_certificates_and_their_keys) {
  const secured_broker to;
  const files& with = to.with;
  const auto mine = files::issue("mine", {.name = "me", .extended_key_usage = "clientAuth"}, &with.middle);
  const auto stranger = files::issue("stranger2", {.name = "x", .extended_key_usage = "clientAuth"}, &with.foreign);
  const identity other = make({.name = "me", .extended_key_usage = "clientAuth"}, ec_key(), &with.middle);
  const identity own = make({.name = "me", .extended_key_usage = "clientAuth"}, rsa_key(2048), &with.root);
  const std::string der_cert = keep("own.der", der(own.certificate.get()));
  const std::string der_key = keep("own.key.der", key_der(own.key.get()));
  const std::string locked = keep("locked.key", key_pem(own.key.get(), "open sesame"));
  const std::string locked_old = keep("locked_old.key", key_traditional(own.key.get(), "open sesame"));
  const std::string phrase = keep("phrase", "open sesame\n"), wrong = keep("wrong", "open barley\n");
  const small_proxy http{{}};
  expect({
      {"client certificate", to.at(to.mutual) + words{"--cert", mine.cert, "--key", mine.key}},
      {"the key beside it", to.at(to.mutual) + words{"--cert", keep("both.pem", pem(own) + key_pem(own.key.get()))}},
      {"DER", to.at(to.mutual) + words{"--cert", der_cert, "--key", der_key, "--keyform", "pem"}},
      {"locked", to.at(to.mutual) + words{"--cert", der_cert, "--key", locked, "--passphrase-file", phrase}},
      {"locked long ago",
       to.at(to.mutual) + words{"--cert", der_cert, "--key", locked_old, "--passphrase-file", phrase}},
      {"wrong phrase",
       to.at(to.mutual) + words{"--cert", der_cert, "--key", locked, "--passphrase-file", wrong},
       {},
       1,
       {"the pass phrase doesn't open the private key"}},
      {"nobody to ask",
       to.at(to.mutual) + words{"--cert", der_cert, "--key", locked},
       {},
       1,
       {"no terminal to ask on", "--passphrase-file"}},
      {"no certificate", to.at(to.mutual), {}, 8, {"client certificate", "--cert"}},
      {"foreign certificate",
       to.at(to.mutual) + words{"--cert", stranger.cert, "--key", stranger.key},
       {},
       8,
       {"refused the client certificate"}},
      {"other key",
       to.at(to.mutual) + words{"--cert", mine.cert, "--key", keep("other.key", key_pem(other.key.get()))},
       {},
       1,
       {"doesn't belong to the client certificate"}},
      {"key without certificate", to.at(to.mutual) + words{"--key", mine.key}, {}, 1, {"--key needs --cert"}},
      {"certificate without key",
       to.at(to.mutual) + words{"--cert", mine.cert},
       {},
       1,
       {"without its private key", "--key"}},
      {"mutual in an HTTP proxy",
       to.at(to.mutual) + words{"--proxy", http.url(), "--cert", mine.cert, "--key", mine.key}},
  });
}

TEST(tools_tls, pre_shared_keys_and_other_transports) {
  const secured_broker to;
  const files& with = to.with;
  const small_proxy socks{{.socks = true}}, http{{}};
  const std::string tls = std::to_string(to.tls), web = std::to_string(to.web), psk = std::to_string(to.psk);
  const words key = {"--psk", "00112233445566778899aabbccddeeff", "--psk-identity", "me", "-p", psk};
  expect({
      {"pre-shared key", key},
      {"pre-shared key in 1.2", key + words{"--tls-version", "tlsv1.2"}},
      {"weak pre-shared key",
       {"--psk", "abcdef01", "--psk-identity", "short", "-p", psk},
       {},
       1,
       {"a pre-shared key of 32 bits can be guessed, and is not used", "112 bits"}},
      {"a little weak",
       {"--psk", "00112233445566778899aabbcc", "--psk-identity", "short", "-p", psk},
       {},
       1,
       {"104 bits"}},
      {"just long enough", {"--psk", "00112233445566778899aabbccdd", "--psk-identity", "enough", "-p", psk}},
      {"wrong pre-shared key",
       {"--psk", "ff112233445566778899aabbccddeeff", "--psk-identity", "me", "-p", psk},
       {},
       8,
       {"pre-shared key", "check identity and key"}},
      {"wrong identity",
       {"--psk", "00112233445566778899aabbccddeeff", "--psk-identity", "you", "-p", psk},
       {},
       8,
       {"pre-shared key"}},
      {"no key at all", {"--psk", "xyz", "--psk-identity", "you", "-p", psk}, {}, 1, {"not hexadecimal"}},
      {"Unix socket", {"--unix", to.socket, "--cafile", with.ca}},
      {"Unix socket, wrong name",
       {"--unix", to.socket, "--cafile", with.ca, "-h", "other.lab"},
       {},
       8,
       {"not other.lab"}},
      {"WebSocket", to.at(to.web) + words{"--ws"}},
      {"wss", {"-L", "wss://localhost:" + web + "/t", "--cafile", with.ca}},
      {"wss, foreign CA",
       {"-L", "wss://localhost:" + web + "/t", "--cafile", with.foreign_ca},
       {},
       8,
       {"unknown authority"}},
      {"SOCKS5", to.at(to.tls) + words{"--proxy", socks.url()}},
      {"HTTP proxy", to.at(to.tls) + words{"--proxy", http.url()}},
      {"wss in SOCKS5", to.at(to.web) + words{"--ws", "--proxy", socks.url()}},
      {"wss in an HTTP proxy", to.at(to.web) + words{"--ws", "--proxy", http.url()}},
      {"the name is verified behind a proxy",
       to.at(to.tls) + words{"--proxy", http.url(), "-h", "broker.example"},
       {},
       8,
       {"not broker.example"}},
      {"plain through a proxy to TLS",
       {"--proxy", http.url(), "-p", tls},
       {},
       7,
       {"if this port speaks TLS add --cafile"}},
  });
}

TEST(tools_tls, large_messages_go_both_ways) {
  const secured_broker to;
  const small_proxy http{{}};
  std::string large(200'000, 'y');
  const words ways[] = {to.at(to.tls), to.at(to.tls) + words{"--proxy", http.url()}};
  for (const words& way : ways) {
    words give = words{RECADO_PROGRAM, "pub"} + way + words{"-t", "l", "-s", "-q", "2", "-r"};
    EXPECT_EQ((program_run{.command = give, .input = large}().status), 0);
    const auto got = run("sub", way + words{"-t", "l", "-C", "1", "-N", "-W", "10"});
    EXPECT_EQ(got.status, 0) << got.err;
    EXPECT_TRUE(got.out == large);
  }
}

TEST(tools_tls, the_chain_is_shown_the_keys_are_logged_and_the_end_is_warned_of) {
  const secured_broker to;
  const std::string log = path("keys.log");
  std::filesystem::remove(log);
  const auto done = run("pub", to.at(to.tls) + message + words{"--chain", "--tls-keylog", log});
  EXPECT_EQ(done.status, 0);
  EXPECT_THAT(done.err, testing::AllOf(HasSubstr("certificate at depth 0"), HasSubstr("subject: CN=broker"),
                                       HasSubstr("certificate at depth 2"), HasSubstr("DNS:localhost, IP:127.0.0.1")));
  std::ifstream kept{log};
  const std::string lines{std::istreambuf_iterator<char>{kept}, {}};
  EXPECT_THAT(lines, HasSubstr("CLIENT_TRAFFIC_SECRET_0 "));
  struct stat about {};
  ASSERT_EQ(::stat(log.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  wish ending = files::server();
  ending.not_after = posix::realtime() + std::chrono::hours{24 * 5 + 1};
  const s_server server{files::issue("ending", ending, &to.with.middle)};
  const auto warned = run("pub", message + words{"--cafile", to.with.ca, "-p", server.port(), "--timeout", "0.5"});
  EXPECT_THAT(warned.err, HasSubstr("ends in 5 days"));
}

TEST(tools_tls, the_end_of_the_own_certificate_is_warned_of) {
  const secured_broker to;
  const auto ends_in = [&](int hours) {
    wish own{.name = "me", .extended_key_usage = "clientAuth"};
    own.not_before = posix::realtime() - std::chrono::hours{24 * 30};
    own.not_after = posix::realtime() + std::chrono::hours{hours};
    const auto mine = files::issue("own" + std::to_string(hours), own, &to.with.middle);
    return run("pub", to.at(to.mutual) + message + words{"--cert", mine.cert, "--key", mine.key});
  };
  EXPECT_EQ(ends_in(24 * 15).err, "");
  const auto warned = ends_in(24 * 13 + 1);
  EXPECT_EQ(warned.status, 0) << warned.err;
  EXPECT_THAT(warned.err, testing::AllOf(HasSubstr("warning: the client certificate in "),
                                         HasSubstr("ends in 13 days; have it renewed\n")));
  const auto ended = ends_in(-1);
  EXPECT_EQ(ended.status, 8);
  EXPECT_THAT(ended.err, HasSubstr(" has ended; have it renewed\n"));
}

}  // namespace
}  // namespace recado::test
