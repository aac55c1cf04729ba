#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include <recado/tls/error.hpp>
#include <recado/tls/event.hpp>

namespace recado::tls {
namespace {

template <class F>
std::string printed(F&& print) {
  char memory[2048];
  buffer_sink out{memory};
  print(out);
  EXPECT_FALSE(out.truncated());
  return std::string{out.view()};
}

utc_time at(int year, int month, int date) {
  return utc_time{std::chrono::sys_days{std::chrono::year{year} / month / date}.time_since_epoch()};
}

certificate example() {
  certificate it;
  it.depth = 0, it.version = 3;
  for (const int octet : {0x03, 0xe9}) (void)it.serial.push_back(static_cast<std::byte>(octet));
  (void)it.issuer.assign("CN=MQTT CA"), (void)it.subject.assign("CN=broker");
  it.not_before = at(2023, 1, 2), it.not_after = at(2024, 1, 2) + std::chrono::seconds{3723};
  (void)it.signature_algorithm.assign("sha256WithRSAEncryption");
  it.key = key_kind::rsa, it.key_bits = 2048;
  it.has_basic_constraints = it.authority = true, it.path_length = 0;
  it.has_key_usage = true, it.key_usage = 1 << 5 | 1 << 6;
  it.has_extended_key_usage = true, it.extended_key_usage = 1 << 0 | 1 << 1;
  (void)it.names.assign("DNS:a.example, IP:192.0.2.1");
  return it;
}

TEST(tls_certificate, prints_every_field) {
  const std::string expected =
      "certificate at depth 0\n  version: 3\n  serial number: 03:e9\n  issuer: CN=MQTT CA\n  subject: CN=broker\n"
      "  valid from: 2023-01-02 00:00:00 UTC\n  valid until: 2024-01-02 01:02:03 UTC\n"
      "  signed with: sha256WithRSAEncryption\n  key: RSA 2048 bits\n  basic constraints: CA, path length 0\n"
      "  key usage: certificate signing, CRL signing\n  extended key usage: TLS server, TLS client\n"
      "  names: DNS:a.example, IP:192.0.2.1\n  SHA-256: ";
  EXPECT_TRUE(printed([](text_sink& out) { print(example(), out); }).starts_with(expected));
  certificate other = example();
  other.key = key_kind::ecdsa, (void)other.key_name.assign("P-256"), other.key_bits = 256, other.cut = true;
  const auto text = printed([&](text_sink& out) { print(other, {"a.example", at(2023, 6, 1)}, out); });
  EXPECT_THAT(text, testing::HasSubstr("key: ECDSA P-256 256 bits"));
  EXPECT_THAT(text, testing::HasSubstr("note: longer fields were cut"));
  EXPECT_THAT(text, testing::EndsWith("verdict: valid\n"));
}

TEST(tls_certificate, says_verdicts_with_their_particulars) {
  const circumstances today{"b.example", at(2026, 11, 22), true}, guess{"b.example", at(1970, 1, 1), false};
  struct {
    verdict judged;
    const circumstances& checked;
    const char* words;
  } const rows[] = {
      {verdict::good, today, "valid"},
      {verdict::expired, today, "expired on 2024-01-02 (here it is 2026-11-22)"},
      {verdict::not_yet_valid, guess,
       "not yet valid until 2023-01-02, but this device's clock was never set (it says 1970-01-01) and is the likely "
       "cause"},
      {verdict::wrong_name, today, "issued for a.example, 192.0.2.1, not b.example"},
      {verdict::unknown_authority, today, "signed by an unknown authority: CN=MQTT CA"},
      {verdict::self_signed, today, "self-signed and not trusted here: CN=broker"},
      {verdict::revoked, today, "revoked by CN=MQTT CA"},
      {verdict::crl_missing, today, "its authority's CRL is missing: CN=MQTT CA"},
      {verdict::weak_key, today, "weak key: RSA 2048 bits is under 112 bits of strength"},
      {verdict::weak_signature, today, "weak signature: sha256WithRSAEncryption is under 112 bits of strength"},
      {verdict::wrong_purpose, today, "not for servers"},
  };
  for (const auto& row : rows) {
    certificate it = example();
    it.judged = row.judged;
    EXPECT_EQ(printed([&](text_sink& out) { print_verdict(it, row.checked, out); }), row.words);
  }
}

TEST(tls_certificate, prints_dates_of_any_year) {
  const std::pair<utc_time, const char*> rows[] = {{at(1970, 1, 1), "1970-01-01"},   {at(2024, 2, 29), "2024-02-29"},
                                                   {at(9999, 12, 31), "9999-12-31"}, {at(1950, 1, 1), "1950-01-01"},
                                                   {at(12345, 6, 7), "12345-06-07"}, {at(-5, 6, 7), "-0005-06-07"}};
  for (const auto& [when, text] : rows) EXPECT_EQ(printed([&](text_sink& out) { print_date(when, out); }), text);
  EXPECT_EQ(printed([](text_sink& out) { print_time(at(1969, 12, 31) + std::chrono::seconds{86399}, out); }),
            "1969-12-31 23:59:59 UTC");
}

TEST(tls_error, every_one_has_a_cause_and_a_remedy_of_its_own) {
  std::set<std::string_view> causes;
  for (std::uint16_t value = 1; value < 200; ++value) {
    const auto code = static_cast<error>(value);
    const bool known = value <= static_cast<unsigned>(error::opaque_key_invalid) ||
                       (value >= 40 && value <= static_cast<unsigned>(error::backend_failed)) ||
                       verdict_of(code) != verdict::good;
    EXPECT_EQ(words(code) != "unknown TLS error", known) << value;
    if (!known) continue;
    EXPECT_FALSE(remedy(code).empty()) << value;
    EXPECT_TRUE(causes.insert(words(code)).second) << words(code);
  }
  for (int value = 1; value <= static_cast<int>(verdict::rejected); ++value) {
    const auto judged = static_cast<verdict>(value);
    EXPECT_EQ(verdict_of(error_of(judged)), judged);
    EXPECT_NE(words(judged), "unknown verdict");
  }
  EXPECT_EQ(make_fault(error::truncated).where, layer::tls);
}

TEST(tls_error, says_what_the_detail_knows) {
  const std::pair<fault, const char*> rows[] = {
      {make_fault(error_of(verdict::expired), pack_date(at(2024, 1, 2), true)),
       "the server's certificate expired on 2024-01-02"},
      {make_fault(error_of(verdict::not_yet_valid), pack_date(at(2026, 1, 1), false)),
       "the server's certificate is not yet valid until 2026-01-01; this device's clock was never set and is the "
       "likely cause"},
      {make_fault(error_of(verdict::expired)), "the server's certificate has expired"},
      {make_fault(error::not_tls, 0x20020005), "this port doesn't speak TLS: it answered with a plain MQTT packet"},
      {make_fault(error::version_unsupported, 0x0301),
       "the server speaks no TLS version that is allowed here: it chose TLS 1.0"},
      {make_fault(error::client_certificate_refused, 45),
       "the server refused the client certificate: the certificate has expired or is not yet valid (alert "
       "certificate_expired)"},
      {make_fault(error::client_certificate_required, 40), "the server requires a client certificate"},
      {make_fault(error::alert_received, 199), "the server ended the connection with a TLS alert: alert 199"},
      {make_fault(error::protocol_violation, 7), "the server broke the rules of TLS (reason 7)"},
  };
  for (const auto& [why, text] : rows) EXPECT_EQ(printed([&](text_sink& out) { print_cause(why, out); }), text);
  EXPECT_EQ(pack_date(at(1960, 1, 1), true), 1u);
}

// RFC 8446 §6, RFC 5246 §7.2.
TEST(tls_error, understands_alerts) {
  struct {
    int alert;
    bool asked, sent, psk, secured;
    error expected;
  } const rows[] = {
      {116, true, false, false, true, error::client_certificate_required},
      {42, true, true, false, true, error::client_certificate_refused},
      {48, true, true, false, false, error::client_certificate_refused},
      {42, true, false, false, false, error::client_certificate_required},
      {40, true, false, false, false, error::client_certificate_required},
      {40, true, true, false, false, error::nothing_in_common},
      {40, false, false, false, false, error::nothing_in_common},
      {40, false, false, false, true, error::alert_received},
      {48, false, false, false, false, error::alert_received},
      {20, false, false, true, false, error::psk_refused},
      {115, false, false, true, false, error::psk_refused},
      {20, false, false, true, true, error::alert_received},
      {70, false, false, false, false, error::version_unsupported},
      {120, false, false, false, false, error::alpn_refused},
      {112, false, false, false, false, error::name_refused},
      {80, false, false, false, false, error::alert_received},
  };
  for (const auto& row : rows) {
    const auto number = static_cast<std::uint8_t>(row.alert);
    EXPECT_TRUE(is(fault_of_alert(number, row.asked, row.sent, row.psk, row.secured), row.expected)) << row.alert;
    EXPECT_FALSE(alert_name(number).empty());
    EXPECT_FALSE(alert_words(number).empty());
  }
  EXPECT_EQ(alert_name(116), "certificate_required");
  EXPECT_EQ(alert_name(199), "");
}

TEST(tls_event, fits_one_line) {
  secured it{version::v1_3, "TLS_AES_256_GCM_SHA384", "x25519", "mqtt", true, false, true};
  EXPECT_EQ(printed([&](text_sink& out) { print(it, out); }),
            "TLS 1.3, TLS_AES_256_GCM_SHA384, x25519, ALPN \"mqtt\", resumed");
  it = {version::v1_2, "X", "", "", false, true, false};
  EXPECT_EQ(printed([&](text_sink& out) { print(it, out); }), "TLS 1.2, X, pre-shared key, NOT VERIFIED");
  EXPECT_EQ(printed([](text_sink& out) {
              print(closed{make_fault(error::truncated), "cut"}, out);
            }),
            "cut; see the server's log; connect again");
}

}  // namespace
}  // namespace recado::tls
