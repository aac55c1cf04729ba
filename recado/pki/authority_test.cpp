#include "authority_for_tests.hpp"

#include <openssl/bn.h>

#include <set>

#include <recado/pki/parse.hpp>
#include <recado/pki/verify.hpp>

namespace recado::pki {
namespace {

using testing::HasSubstr;

TEST_F(authority_in_folder, openssl_accepts_every_kind_of_key) {
  for (const key_kind kind : {key_kind::ecdsa_p256, key_kind::ecdsa_p384, key_kind::rsa_2048, key_kind::rsa_3072,
                              key_kind::rsa_4096, key_kind::ed25519}) {
    SCOPED_TRACE(name_of(kind));
    const bool slow = kind == key_kind::rsa_3072 || kind == key_kind::rsa_4096;
    open(existing::replace)
        .init({.organization = "", .key = slow ? key_kind::ecdsa_p256 : kind, .valid = {}, .passphrase = {}});
    fs::remove_all(path("pki/servers"));
    fs::remove_all(path("pki/clients"));
    make(profile::server, "broker.lab", {{"broker"}, {"10.77.0.2", "fd00::2"}}, {}, kind);
    make(profile::client, "board", {}, {}, kind);
    for (const char* name : {"-verify_hostname broker.lab", "-verify_hostname broker", "-verify_ip 10.77.0.2",
                             "-verify_ip fd00::2", "-auth_level 2"}) {
      const shell_result server = openssl_verify(std::string{"-purpose sslserver "} + name, "servers/broker.lab.crt");
      EXPECT_EQ(server.status, 0) << server.output;
    }
    const shell_result client = openssl_verify("-purpose sslclient", "clients/board.crt");
    EXPECT_EQ(client.status, 0) << client.output;
    EXPECT_NE(openssl_verify("-purpose sslserver", "clients/board.crt").status, 0);
    EXPECT_NE(openssl_verify("-purpose sslclient", "servers/broker.lab.crt").status, 0);
    EXPECT_NE(openssl_verify("-verify_hostname other.lab", "servers/broker.lab.crt").status, 0);
    EXPECT_EQ(shell("openssl pkey -noout -check -in " + word("pki/clients/board.key")).status, 0);
  }
}

TEST_F(authority_in_folder, extensions_are_those_of_each_profile) {
  init();
  make(profile::server, "broker.lab", {{}, {"10.77.0.2"}});
  make(profile::client, "board");
  struct row {
    const char* file;
    std::vector<const char*> says;
    std::vector<const char*> says_not;
  };
  const row table[] = {
      {"root-ca.crt",
       {"Version: 3", "Basic Constraints: critical\n                CA:TRUE, pathlen:1",
        "Key Usage: critical\n                Certificate Sign, CRL Sign", "Subject Key Identifier",
        "Authority Key Identifier"},
       {"Extended Key Usage", "Alternative Name"}},
      {"mqtt-ca.crt", {"CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign"}, {"Extended Key Usage", "Alternative Name"}},
      {"servers/broker.lab.crt",
       {"Basic Constraints: critical\n                CA:FALSE", "Digital Signature", "TLS Web Server Authentication",
        "DNS:broker.lab, IP Address:10.77.0.2", "ecdsa-with-SHA256"},
       {"Client Authentication", "Certificate Sign"}},
      {"clients/board.crt",
       {"CA:FALSE", "Digital Signature", "TLS Web Client Authentication"},
       {"Server Authentication", "Alternative Name", "Key Encipherment"}},
  };
  for (const row& each : table) {
    const shell_result text = shell("openssl x509 -noout -text -in " + word(std::string{"pki/"} + each.file));
    ASSERT_EQ(text.status, 0) << text.output;
    for (const char* said : each.says) EXPECT_THAT(text.output, HasSubstr(said)) << each.file;
    for (const char* not_said : each.says_not) EXPECT_THAT(text.output, testing::Not(HasSubstr(not_said))) << each.file;
  }
}

TEST(serial, is_positive_random_and_of_at_most_20_octets) {  // RFC 5280 §4.1.2.2
  std::set<std::string> seen;
  bool large = false;
  for (int i = 0; i < 200; ++i) {
    const integer_ptr serial = random_serial();
    const number_ptr number{ASN1_INTEGER_to_BN(serial.get(), nullptr)};
    EXPECT_FALSE(BN_is_negative(number.get()));
    EXPECT_LE(BN_num_bits(number.get()), 159);
    large = large || BN_num_bits(number.get()) == 159;
    EXPECT_TRUE(seen.insert(text_of(serial.get())).second);
  }
  EXPECT_TRUE(large);
}

TEST_F(authority_in_folder, private_keys_are_for_their_owner_only_whatever_the_umask) {
  const mode_t before = ::umask(0);
  init();
  make(profile::client, "board");
  open().make_csr(
      {.name = "board", .subject = {}, .names = {}, .key = key_kind::ecdsa_p256, .passphrase = {}, .existing_key = {}});
  ::umask(before);
  EXPECT_EQ(mode("pki/private"), 0700u);
  for (const char* key : {"private/root-ca.key", "private/mqtt-ca.key", "clients/board.key", "requests/board.key"})
    EXPECT_EQ(mode(std::string{"pki/"} + key), 0600u) << key;
  EXPECT_EQ(mode("pki/ca.crt"), 0644u);
  for (const auto& each : fs::recursive_directory_iterator(path("pki")))
    EXPECT_NE(each.path().extension(), ".new") << "left behind: " << each.path();
}

TEST_F(authority_in_folder, nothing_is_overwritten_without_force) {
  init();
  make(profile::client, "board");
  const std::string key = content("pki/clients/board.key");
  const std::string root = content("pki/private/root-ca.key");
  EXPECT_THAT(refusal([&] { make(profile::client, "board"); }), HasSubstr("exists already; use --force to replace it"));
  EXPECT_THAT(refusal([&] { init(); }), HasSubstr("exists already; use --force"));
  EXPECT_EQ(content("pki/clients/board.key"), key);
  EXPECT_EQ(content("pki/private/root-ca.key"), root);
  fs::remove(path("pki/clients/board.crt"));
  EXPECT_THAT(refusal([&] { make(profile::client, "board"); }), HasSubstr("board-chain.crt' exists already"));
  make_again(profile::client, "board");
  EXPECT_NE(content("pki/clients/board.key"), key);
  EXPECT_EQ(mode("pki/clients/board.key"), 0600u);
  EXPECT_EQ(open().list().size(), 3u) << "the MQTT CA, and both certificates of the board";
}

TEST_F(authority_in_folder, a_replaced_file_is_never_half_written) {
  save("old", "old");
  write_file(path("old"), "new", mode_public, existing::replace);
  EXPECT_EQ(content("old"), "new");
  fs::create_directory(path("folder"));
  EXPECT_THAT(refusal([&] { write_file(path("folder"), "x", mode_public, existing::replace); }),
              HasSubstr("cannot create"));
  EXPECT_THAT(refusal([&] { write_file(path("none/x"), "x", mode_public, existing::keep); }),
              HasSubstr("No such file or directory; check the path"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 2);
}

TEST_F(authority_in_folder, a_device_or_a_pipe_is_not_replaced_by_a_file) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  fs::create_symlink("/dev/null", path("null"));
  fs::create_symlink("/proc/self/fd/1", path("output"));
  for (const char* each : {"pipe", "null", "output"}) {
    EXPECT_THAT(refusal([&] { write_file(path(each), "x", mode_private, existing::replace); }),
                HasSubstr("is a device or a pipe, and a file would take its place; give the path of a file"));
    EXPECT_FALSE(fs::is_regular_file(fs::symlink_status(path(each))));
  }
}

TEST_F(authority_in_folder, revoked_certificates_are_refused) {
  init();
  const issued board = make(profile::client, "board");
  make(profile::client, "other");
  make(profile::server, "board");
  EXPECT_EQ(openssl_verify("", "clients/board.crt").status, 0);
  EXPECT_THAT(refusal([&] { open().revoke("board", revocation_reason::unspecified); }),
              HasSubstr("is a server and a client; write servers/board or clients/board"));
  EXPECT_EQ(open().revoke("clients/board", revocation_reason::key_compromise).size(), 1u);
  EXPECT_THAT(openssl_verify("", "clients/board.crt").output, HasSubstr("certificate revoked"));
  EXPECT_EQ(openssl_verify("", "clients/other.crt").status, 0);
  EXPECT_EQ(openssl_verify("", "servers/board.crt").status, 0);
  const shell_result text = shell("openssl crl -noout -text -in " + word("pki/mqtt-ca.crl"));
  EXPECT_THAT(text.output, HasSubstr("Serial Number: " + board.serial));
  EXPECT_THAT(text.output, HasSubstr("Key Compromise"));
  EXPECT_THAT(text.output, HasSubstr("X509v3 CRL Number: \n                2"));
  EXPECT_THAT(refusal([&] { open().revoke(board.serial, revocation_reason::unspecified); }),
              HasSubstr("is revoked already, on "));
  EXPECT_THAT(refusal([&] { open().revoke("othr", revocation_reason::unspecified); }),
              HasSubstr("did you mean 'other'?"));
  EXPECT_EQ(open().revoke(path("pki/clients/other.crt").string(), revocation_reason::superseded).size(), 1u);
  EXPECT_NE(openssl_verify("", "clients/other.crt").status, 0);
}

TEST_F(authority_in_folder, the_mqtt_ca_itself_can_be_revoked) {
  init();
  make(profile::server, "broker");
  open().revoke("mqtt-ca", revocation_reason::ca_compromise);
  EXPECT_THAT(openssl_verify("", "servers/broker.crt").output, HasSubstr("certificate revoked"));
}

TEST_F(authority_in_folder, crls_are_renewed_with_a_higher_number_and_keep_what_was_revoked) {
  init();
  make(profile::client, "board");
  open().revoke("board", revocation_reason::unspecified);
  open().renew_crls({parse_time("2020-01-01"), parse_time("2020-02-01"), {}});
  const shell_result text = shell("openssl crl -noout -text -in " + word("pki/mqtt-ca.crl"));
  EXPECT_THAT(text.output, HasSubstr("CRL Number: \n                3"));
  EXPECT_THAT(text.output, HasSubstr("Next Update: Feb  1 00:00:00 2020 GMT"));
  EXPECT_THAT(text.output, HasSubstr("Revoked Certificates:"));
  EXPECT_THAT(text.output, testing::Not(HasSubstr("Reason Code"))) << "unspecified is left out, RFC 5280 §5.3.1";
  EXPECT_THAT(openssl_verify("", "clients/board.crt").output, HasSubstr("CRL has expired"));
}

TEST_F(authority_in_folder, openssl_reads_the_index) {
  init();
  make(profile::client, "board");
  const issued other = make(profile::client, "other");
  open().revoke("board", revocation_reason::key_compromise);
  save("ca.cnf", "[ca]\ndefault_ca=c\n[c]\ndatabase=" + path("pki/mqtt-ca.index").string() +
                     "\ndefault_md=sha256\ndefault_crl_days=1\n");
  const shell_result crl = shell("openssl ca -config " + word("ca.cnf") + " -gencrl -cert " + word("pki/mqtt-ca.crt") +
                                 " -keyfile " + word("pki/private/mqtt-ca.key") + " | openssl crl -noout -text");
  EXPECT_THAT(crl.output, HasSubstr("Key Compromise"));
  EXPECT_THAT(crl.output, testing::Not(HasSubstr(other.serial)));
}

TEST_F(authority_in_folder, encrypted_authority_keys_need_their_pass_phrase) {
  open().init({.organization = "", .key = key_kind::ecdsa_p256, .valid = {}, .passphrase = phrase("correct horse")});
  EXPECT_THAT(content("pki/private/mqtt-ca.key"), testing::StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
  EXPECT_EQ(shell("openssl pkey -noout -passin pass:'correct horse' -in " + word("pki/private/root-ca.key")).status, 0);
  const auto issue_with = [&](passphrase_source ask) {
    return refusal([&] {
      open(existing::keep, ask)
          .issue_entity({.what = profile::client,
                         .name = "board",
                         .subject = {},
                         .names = {},
                         .key = key_kind::ecdsa_p256,
                         .passphrase = phrase("of the board"),
                         .valid = {}});
    });
  };
  EXPECT_THAT(issue_with([](std::string_view) { return phrase("wrong"); }),
              HasSubstr("does not open with that pass phrase; check the pass phrase"));
  EXPECT_THAT(
      issue_with([](std::string_view what) -> secret { throw failure(std::string{what} + " asked", "answer"); }),
      HasSubstr("private/mqtt-ca.key' asked; answer"));
  EXPECT_FALSE(fs::exists(path("pki/clients/board.key")));
  EXPECT_EQ(issue_with([](std::string_view) { return phrase("correct horse"); }), "");
  EXPECT_EQ(shell("openssl pkey -noout -passin pass:'of the board' -in " + word("pki/clients/board.key")).status, 0);
  EXPECT_NE(shell("openssl pkey -noout -passin pass:x -in " + word("pki/clients/board.key")).status, 0);
}

TEST_F(authority_in_folder, a_request_is_accepted_by_openssl_and_signed_here) {
  init();
  open().make_csr({.name = "board",
                   .subject = "C=ES, O=Ejemplo\\, S.A., CN=placa pública",
                   .names = {{"board.lab"}, {"10.0.0.9", "fd00::9"}},
                   .key = key_kind::ecdsa_p256,
                   .passphrase = {},
                   .existing_key = {}});
  const shell_result request =
      shell("openssl req -noout -verify -text -nameopt utf8 -in " + word("pki/requests/board.csr"));
  EXPECT_EQ(request.status, 0) << request.output;
  EXPECT_THAT(request.output, HasSubstr("C=ES, O=Ejemplo, S.A., CN=placa pública"));
  EXPECT_THAT(request.output, HasSubstr("DNS:board.lab, IP Address:10.0.0.9"));

  const std::string csr = content("pki/requests/board.csr");
  open().sign({.what = profile::client, .request = csr, .origin = "it", .name = "board", .names = {}, .valid = {}});
  EXPECT_EQ(openssl_verify("-purpose sslclient", "clients/board.crt").status, 0);
  open().sign({.what = profile::server,
               .request = csr,
               .origin = "it",
               .name = "board",
               .names = {{"b.lab"}, {}},
               .valid = {}});
  EXPECT_EQ(openssl_verify("-purpose sslserver -verify_hostname board.lab", "servers/board.crt").status, 0);
  EXPECT_EQ(openssl_verify("-purpose sslserver -verify_hostname b.lab", "servers/board.crt").status, 0);
  EXPECT_EQ(openssl_verify("-purpose sslserver -verify_ip 10.0.0.9", "servers/board.crt").status, 0);
  EXPECT_EQ(openssl_verify("-purpose sslserver -verify_ip fd00::9", "servers/board.crt").status, 0);
  EXPECT_NE(openssl_verify("-purpose sslserver -verify_ip 10.0.0.8", "servers/board.crt").status, 0);
}

TEST_F(authority_in_folder, requests_of_openssl_are_signed_and_bad_ones_are_not) {
  init();
  const std::string make_request = "openssl req -new -nodes -keyout " + word("k.pem") + " -subj /CN=foreign ";
  ASSERT_EQ(shell(make_request + "-newkey rsa:2048 -outform DER -out " + word("good.csr")).status, 0);
  ASSERT_EQ(shell(make_request + "-newkey rsa:1024 -out " + word("weak.csr")).status, 0);
  ASSERT_EQ(shell(make_request + "-newkey rsa:2048 -sha1 -out " + word("sha1.csr")).status, 0);
  const auto sign = [&](const std::string& csr) {
    return refusal([&] {
      open().sign({.what = profile::client, .request = csr, .origin = "'x.csr'", .name = {}, .names = {}, .valid = {}});
    });
  };
  EXPECT_THAT(sign(content("weak.csr")), HasSubstr("the key of 'x.csr' has only 80 bits of strength"));
  EXPECT_THAT(sign(content("sha1.csr")), HasSubstr("'x.csr' is signed with SHA1"));
  EXPECT_THAT(sign(""), HasSubstr("'x.csr' holds no certificate request"));
  std::string changed = content("good.csr");
  changed.replace(changed.find("foreign"), 7, "forgery");
  EXPECT_THAT(sign(changed), HasSubstr("is not signed by its own key"));
  EXPECT_EQ(sign(content("good.csr")), "");
  EXPECT_EQ(openssl_verify("", "clients/foreign.crt").status, 0);
}

TEST_F(authority_in_folder, validity_is_what_was_asked_for) {
  init();
  struct row {
    const char* name;
    validity_request asked;
    const char* refused;
  };
  const row table[] = {
      {"past", {parse_time("2020-01-01"), parse_time("2021-01-01"), {}}, ""},
      {"days", {{}, {}, 10}, ""},
      {"from-days", {parse_time("2020-01-01"), {}, 10}, ""},
      {"both", {{}, parse_time("2030-01-01"), 10}, "both an end and a number of days"},
      {"none", {{}, {}, 0}, "0 days are no sensible validity"},
      {"beyond", {{}, {}, 36000}, "after its issuer's certificate"},
      {"too-late", {parse_time("9999-12-30"), {}, 2}, "2 days from 9999-12-30 00:00:00 UTC end after the year 9999"},
      {"too-late-by-default", {parse_time("9999-12-01"), {}, {}}, "after the year 9999, the last that a certificate"},
      {"backwards", {parse_time("2025-01-02"), parse_time("2025-01-01"), {}}, "before it begins"},
  };
  for (const row& each : table) {
    const std::string said = refusal([&] { make(profile::client, each.name, {}, each.asked); });
    if (*each.refused == '\0') EXPECT_EQ(said, "") << each.name;
    else EXPECT_THAT(said, HasSubstr(each.refused)) << each.name;
  }
  EXPECT_THAT(openssl_verify("", "clients/past.crt").output, HasSubstr("certificate has expired"));
  const shell_result dates = shell("openssl x509 -noout -dates -in " + word("pki/clients/from-days.crt"));
  EXPECT_EQ(dates.output, "notBefore=Jan  1 00:00:00 2020 GMT\nnotAfter=Jan 11 00:00:00 2020 GMT\n");
}

TEST_F(authority_in_folder, leaves_nothing_behind_where_it_would_end_too_late) {
  const validity_request asked{parse_time("9999-12-30"), {}, {}};
  EXPECT_THAT(refusal([&] {
                open().init({.organization = "", .key = key_kind::ecdsa_p256, .valid = asked, .passphrase = {}});
              }),
              HasSubstr("end after the year 9999"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "pki" / "private"));
  const validity_request last{{}, parse_time("9999-12-31T23:59:59"), {}};
  open().init({.organization = "", .key = key_kind::ecdsa_p256, .valid = last, .passphrase = {}});
}

TEST_F(authority_in_folder, both_authorities_end_when_it_was_asked_for) {
  const validity_request table[] = {{parse_time("2020-01-01"), {}, 18'263}, {{}, parse_time("2070-01-01"), {}}};
  for (const validity_request& asked : table) {
    open(existing::replace).init({.organization = "", .key = key_kind::ecdsa_p256, .valid = asked, .passphrase = {}});
    for (const char* name : {"root-ca", "mqtt-ca"}) {
      const shell_result date = shell("openssl x509 -noout -enddate -in " + word("pki/" + std::string{name} + ".crt"));
      EXPECT_EQ(date.output, "notAfter=Jan  1 00:00:00 2070 GMT\n") << name;
    }
  }
}

TEST_F(authority_in_folder, without_a_pki_it_says_how_to_make_one) {
  EXPECT_THAT(refusal([&] { make(profile::client, "board"); }), HasSubstr("make one with 'recado pki init'"));
  EXPECT_THAT(refusal([&] { (void)open().list(); }), HasSubstr("make one with 'recado pki init'"));
}

TEST_F(authority_in_folder, names_that_would_leave_the_folder_are_refused) {
  init();
  for (const char* name : {"", "../x", "a/b", ".hidden", "-x", "a\nb", "\xff"})
    EXPECT_THAT(refusal([&] { make(profile::client, name); }), HasSubstr("cannot be the name")) << name;
  EXPECT_THAT(refusal([&] { make(profile::server, "the broker"); }),
              HasSubstr("is no host name; say how it is reached"));
  EXPECT_THAT(refusal([&] { make(profile::server, "bróker.lab"); }), HasSubstr("write it in ASCII"));
  EXPECT_THAT(refusal([&] {
                make(profile::server, "broker.lab", {{"bróker.lab"}, {}});
              }),
              HasSubstr("write it in ASCII"));
  make(profile::server, "*.boards.lab");
  EXPECT_EQ(openssl_verify("-verify_hostname x.boards.lab", "servers/_.boards.lab.crt").status, 0);
  make(profile::server, "10.0.0.1");
  EXPECT_EQ(openssl_verify("-verify_ip 10.0.0.1", "servers/10.0.0.1.crt").status, 0);
}

TEST_F(authority_in_folder, a_key_that_belongs_to_another_certificate_is_noticed) {
  init();
  fs::copy_file(path("pki/private/root-ca.key"), path("pki/private/mqtt-ca.key"), fs::copy_options::overwrite_existing);
  EXPECT_THAT(refusal([&] { make(profile::client, "board"); }), HasSubstr("does not belong to"));
}

TEST_F(authority_in_folder, verify_says_what_is_wrong) {
  init();
  make(profile::server, "broker.lab", {{}, {"10.77.0.2"}});
  make(profile::server, "past", {}, {parse_time("2020-01-01"), parse_time("2021-01-01"), {}});
  make(profile::client, "board");
  make(profile::client, "bad");
  open().revoke("bad", revocation_reason::unspecified);
  const std::string ca = content("pki/ca.crt"), crl = content("pki/ca.crl");
  const seconds_utc now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto said = [&](const std::string& file, const verify_options& options) {
    const verification result = verify(content("pki/" + file), file, options);
    return result.accepted ? std::string{"accepted"} : result.about + " " + result.cause;
  };
  const auto with = [&](purpose what, std::string host, seconds_utc at) {
    return verify_options{ca, crl, true, what, std::move(host), at};
  };
  EXPECT_EQ(said("servers/broker.lab.crt", with(purpose::server, "broker.lab", now)), "accepted");
  EXPECT_EQ(said("servers/broker.lab.crt", with(purpose::server, "10.77.0.2", now)), "accepted");
  EXPECT_EQ(said("servers/broker.lab.crt", with(purpose::server, "10.77.0.3", now)),
            "CN = broker.lab was issued for other addresses");
  EXPECT_EQ(said("servers/broker.lab.crt", with(purpose::server, "x.lab", now)),
            "CN = broker.lab was issued for other names");
  EXPECT_EQ(said("clients/board.crt", with(purpose::any, "board", now)), "accepted");  // by its common name
  EXPECT_EQ(said("servers/broker.lab.crt", with(purpose::server, "broker.lab.", now)), "accepted");
  EXPECT_THAT(refusal([&] { said("servers/broker.lab.crt", with(purpose::server, ".lab", now)); }),
              HasSubstr("'.lab' is no host name; give one name"));
  EXPECT_EQ(said("servers/broker.lab.crt", with(purpose::client, "", now)), "CN = broker.lab is not meant for that");
  EXPECT_THAT(said("servers/broker.lab.crt", with(purpose::any, "", parse_time("2020-01-01"))),
              HasSubstr("is not valid yet"));
  EXPECT_EQ(said("servers/past.crt", with(purpose::any, "", now)), "CN = past has expired on 2021-01-01 00:00:00 UTC");
  EXPECT_EQ(said("clients/bad.crt", with(purpose::any, "", now)), "CN = bad is revoked");
  EXPECT_THAT(said("clients/board.crt", with(purpose::any, "", now + std::chrono::days{60})),
              HasSubstr("revocation list that expired on "));
  const std::string root_only = content("pki/root-ca.crt");
  EXPECT_EQ(said("clients/board.crt", {root_only, std::nullopt, true, purpose::any, "", now}),
            "CN = board was signed by an authority that is not known here");
  EXPECT_EQ(said("clients/board-chain.crt", {root_only, std::nullopt, true, purpose::any, "", now}), "accepted");
  EXPECT_THAT(said("clients/board.crt", {ca, content("pki/root-ca.crl"), false, purpose::any, "", now}),
              HasSubstr("has an issuer whose revocation list is missing"));
  EXPECT_THAT(refusal([&] {
                said("clients/bad.crt", {ca, "", true, purpose::any, "", now});
              }),
              HasSubstr("holds no revocation list"))
      << "an empty file of lists doesn't revoke anything";
  open().revoke("mqtt-ca", revocation_reason::unspecified);
  EXPECT_THAT(said("clients/board.crt", {ca, content("pki/ca.crl"), false, purpose::any, "", now}),
              HasSubstr("MQTT CA is revoked"));
}

}  // namespace
}  // namespace recado::pki
