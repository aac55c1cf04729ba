#include <recado/pki/show.hpp>

#include <gmock/gmock.h>
#include <openssl/pem.h>

#include <recado/pki/authority.hpp>
#include <recado/pki/export.hpp>
#include <recado/pki/failure.hpp>
#include <recado/pki/parse.hpp>
#include <recado/pki/shell_test.hpp>

namespace recado::pki {
namespace {

using testing::HasSubstr;
using testing::Not;

const seconds_utc today = parse_time("2026-11-22");
const validity some_days{today, today + std::chrono::days{10}};

struct samples {
  key_ptr key = generate_key(key_kind::ecdsa_p256);
  certificate_ptr certificate;
  request_ptr request;
  crl_ptr crl;

  explicit samples(const char* subject = "O=Test,CN=it", alternative_names names = {{"it.lab"}, {"10.0.0.1"}}) {
    const name_ptr name = parse_subject(subject);
    certificate = issue(profile::server, {parse_subject(subject), key.get(), names}, {nullptr, key.get()}, some_days);
    request = make_request(name.get(), names, key.get());
    std::vector<revocation> revoked;
    revoked.push_back({random_serial(), today, 1});
    crl = make_crl(revoked, 7, {certificate.get(), key.get()}, some_days);
  }
};

std::string shown(std::string_view content, show_options options = {false, false, today, {}}) {
  return show(content, "it", options);
}

TEST(show, pem_and_der_read_the_same) {
  const samples made;
  EXPECT_EQ(shown(pem_of(made.certificate.get())), shown(der_of(made.certificate.get())));
  EXPECT_EQ(shown(pem_of(made.request.get())), shown(der_of(made.request.get())));
  EXPECT_EQ(shown(pem_of(made.crl.get())), shown(der_of(made.crl.get())));
  EXPECT_EQ(shown(private_key_pem(made.key.get(), secret{}).view()), shown(private_key_der(made.key.get()).view()));
}

TEST(show, every_field_of_a_certificate) {
  const samples made;
  const std::string text = shown(pem_of(made.certificate.get()));
  for (const char* field :
       {"version                   3", "serial                    ", "O = Test, CN = it", "2026-11-22 00:00:00 UTC",
        "2026-12-02 00:00:00 UTC", "valid for 10 days more", "ECDSA P-256, 256 bits (128 bits of strength)",
        "critical; CA:FALSE", "TLS Web Server Authentication", "DNS:it.lab, IP Address:10.0.0.1", "ecdsa-with-SHA256"})
    EXPECT_THAT(text, HasSubstr(field));
  const auto at = [&](seconds_utc now) { return shown(pem_of(made.certificate.get()), {false, false, now, {}}); };
  EXPECT_THAT(at(today + std::chrono::days{12}), HasSubstr("expired 2 days ago"));
  EXPECT_THAT(at(today - std::chrono::days{1}), HasSubstr("not yet valid, in 1 day"));
  EXPECT_GT(shown(pem_of(made.certificate.get()), {true, false, today, {}}).size(), text.size());
}

TEST(show, requests_and_revocation_lists) {
  const samples made;
  EXPECT_THAT(shown(pem_of(made.request.get())), HasSubstr("signed by its own key"));
  EXPECT_THAT(shown(pem_of(made.request.get())), HasSubstr("DNS:it.lab"));
  std::string forged = der_of(made.request.get());
  forged.replace(forged.find("Test"), 4, "Tost");
  EXPECT_THAT(shown(forged), HasSubstr("NOT signed by its own key"));
  const std::string crl = shown(pem_of(made.crl.get()));
  for (const char* field : {"CRL Number", "7", "Key Compromise", "next update", "2026-12-02 00:00:00 UTC"})
    EXPECT_THAT(crl, HasSubstr(field));
}

TEST(show, private_keys_stay_private_unless_asked_for) {
  const samples made;
  const secret pem = private_key_pem(made.key.get(), secret{});
  const std::string text = shown(pem.view());
  EXPECT_THAT(text, HasSubstr("bytes of PKCS #8, not shown"));
  EXPECT_THAT(text, Not(HasSubstr("priv:")));
  EXPECT_THAT(shown(pem.view(), {false, true, today, {}}), HasSubstr("priv:"));
}

TEST(show, encrypted_keys_open_with_their_pass_phrase_only) {
  const samples made;
  const secret pem = private_key_pem(made.key.get(), secret{std::string{"abc"}});
  EXPECT_THAT(shown(pem.view()), HasSubstr("not shown without its pass phrase"));
  const auto with = [&](const char* phrase) {
    return shown(pem.view(), {false, false, today, [phrase](std::string_view) { return secret{std::string{phrase}}; }});
  };
  EXPECT_THAT(with("abc"), HasSubstr("ECDSA P-256"));
  EXPECT_THROW(with("abd"), failure);
}

TEST_F(in_folder, shows_the_fingerprint_that_openssl_shows) {
  const samples made;
  save("it.crt", pem_of(made.certificate.get()));
  const std::string told = shell("openssl x509 -noout -fingerprint -sha256 -in " + word("it.crt")).output;
  const std::string digits = told.substr(told.find('=') + 1, 32 * 3 - 1), text = shown(content("it.crt"));
  EXPECT_THAT(text, HasSubstr(digits.substr(0, 20 * 3)));
  EXPECT_THAT(text, HasSubstr(digits.substr(31 * 3) + "\n")) << "at the end of the second line";
}

TEST_F(in_folder, shows_keys_in_every_form_that_openssl_writes) {
  const std::string to = " -out " + word("k");
  const std::string commands[] = {
      "openssl genrsa -traditional" + to + " 2048",
      "openssl ecparam -name prime256v1 -genkey" + to,
      "openssl genpkey -algorithm ed25519" + to,
      "openssl genpkey -algorithm ed25519 | openssl pkey -outform DER" + to,
      "openssl genpkey -algorithm ed25519 | openssl pkey -pubout" + to,
      "openssl genpkey -algorithm ed25519 | openssl pkey -pubout -outform DER" + to,
      "openssl genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -passout pass:abc -outform DER" + to,
      "openssl genrsa -traditional -aes128 -passout pass:abc" + to + " 2048",
  };
  for (const std::string& command : commands) {
    ASSERT_EQ(shell(command).status, 0) << command;
    EXPECT_THAT(shown(content("k"), {false, false, today, [](std::string_view) { return secret{std::string{"abc"}}; }}),
                HasSubstr("bits of strength"))
        << command;
  }
}

TEST(show, a_hostile_name_cannot_write_to_the_terminal) {
  const samples made("CN=a\x1b[31mb\xc2\x9b\x7f");
  const std::string text = shown(pem_of(made.certificate.get()));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
  EXPECT_THAT(text, HasSubstr("[31mb"));
}

TEST(show, something_else_is_refused_in_words) {
  for (const char* text : {"", "hello", "-----BEGIN NONSENSE-----\nAAAA\n-----END NONSENSE-----\n", "0\x80"})
    EXPECT_THROW(shown(text), failure) << text;
}

/// The walk over a damaged file either shows or refuses; sanitizers watch that it does nothing else.
void survives(const std::string& content) {
  for (std::size_t i = 0; i < content.size(); ++i) {
    std::string damaged = content;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << i % 8));
    for (const std::string& each : {damaged, content.substr(0, i)}) try {
        (void)shown(each);
      } catch (const failure&) {
      }
  }
}

TEST(show, no_damaged_file_does_harm) {
  const samples made;
  survives(der_of(made.certificate.get()));
  survives(der_of(made.request.get()));
  survives(der_of(made.crl.get()));
  survives(std::string{private_key_der(made.key.get()).view()});
  survives(pem_of(made.certificate.get()));
}

TEST(export_forms, a_header_holds_the_bytes_of_the_der) {
  const secret header = cpp_header("board::credentials", {{"one", "First", std::string_view{"\x00\xff\x10", 3}}});
  EXPECT_EQ(header.view(),
            "// Made by recado pki export.\n#pragma once\n\n#include <cstdint>\n\nnamespace board::credentials {\n"
            "\n/// First, in DER.\ninline constexpr std::uint8_t one[] = {\n    0x00, 0xff, 0x10,\n};\n"
            "\n}  // namespace board::credentials\n");
  for (const char* bad : {"", "1a", "a::", "::a", "a b", "a;b"}) EXPECT_FALSE(is_namespace_name(bad)) << bad;
}

TEST(export_forms, der_and_bundles) {
  const samples made;
  const std::string pem = pem_of(made.certificate.get());
  EXPECT_EQ(to_der(pem, "it"), der_of(made.certificate.get()));
  EXPECT_EQ(to_der(pem_of(made.crl.get()), "it"), der_of(made.crl.get()));
  EXPECT_EQ(to_der(der_of(made.request.get()), "it"), der_of(made.request.get()));
  EXPECT_THROW(to_der("nothing", "it"), failure);
  EXPECT_EQ(pem_bundle({"rubbish before\n" + pem, der_of(made.certificate.get())}, "it"), pem + pem);
}

TEST(index_file, is_read_as_it_was_written_and_damage_is_named) {
  const std::string text =
      "V\t270101000000Z\t\t0A\tclients/a.crt\t/CN=a\n"
      "R\t270101000000Z\t261122000000Z,keyCompromise\t0B\tclients/b.crt\t/CN=b\n"
      "R\t20570101000000Z\t261122000000Z\t0C\tclients/c.crt\t/CN=c\n";
  const std::vector<index_entry> index = parse_index(text, "x");
  ASSERT_EQ(index.size(), 3u);
  EXPECT_EQ(index[1].reason, revocation_reason::key_compromise);
  EXPECT_EQ(index[2].expires, parse_time("2057-01-01"));
  EXPECT_EQ(text_of(index), text);
  for (const char* bad : {"V\t270101000000Z\t\t0A\tf", "X\t270101000000Z\t\t0A\tf\ts", "V\tnever\t\t0A\tf\ts",
                          "V\t270101000000Z\t\t0G\tf\ts", "R\t270101000000Z\t261122000000Z,why\t0B\tf\ts"}) {
    try {
      (void)parse_index(std::string{"\n"} + bad, "x.index");
      ADD_FAILURE() << bad;
    } catch (const failure& error) {
      EXPECT_THAT(error.what(), HasSubstr("line 2 of 'x.index' is damaged")) << bad;
    }
  }
}

TEST(dates, are_read_and_written) {
  EXPECT_EQ(text_of(parse_time("2024-02-29")), "2024-02-29 00:00:00 UTC");
  EXPECT_EQ(text_of(parse_time("2026-11-22T17:50:09Z")), "2026-11-22 17:50:09 UTC");
  EXPECT_EQ(text_of(parse_time("2026-11-22 17:50")), "2026-11-22 17:50:00 UTC");
  for (const char* bad : {"", "2026", "2026-13-01", "2025-02-29", "2026-11-22T", "2026-11-22T24:00", "2026-11-22x",
                          "22-11-2026", "2026-11-22T10:00:00+01:00", "1949-12-31"})
    EXPECT_THROW(parse_time(bad), failure) << bad;
  for (const char* date : {"1950-01-01", "2049-12-31", "2050-01-01", "2106-02-08", "9999-12-31"})
    EXPECT_EQ(decode(encode(parse_time(date)).get()), parse_time(date)) << date;
  EXPECT_EQ(ASN1_STRING_type(encode(parse_time("2049-12-31")).get()), V_ASN1_UTCTIME);
  EXPECT_EQ(ASN1_STRING_type(encode(parse_time("2050-01-01")).get()), V_ASN1_GENERALIZEDTIME);
}

TEST(subjects, are_read_and_written) {
  EXPECT_EQ(text_of(parse_subject("C=ES, O=Casa\\, S.A. ,CN=a=b").get()), "C = ES, O = \"Casa, S.A.\", CN = a=b");
  EXPECT_EQ(common_name_of(parse_subject("just a name").get()), "just a name");
  for (const char* bad : {"", "C=ESP", "X=1", "CN=", "CN=a,,O=b", "CN=\xff"})
    EXPECT_THROW(parse_subject(bad), failure) << bad;
  EXPECT_THROW(parse_subject(std::string(65, 'a')), failure);
}

TEST(host_names, are_told_from_other_texts) {
  for (const char* good : {"a", "broker.lab", "*.lab.example", "xn--placa-4ya.es", "10-0-0-1.x", "1.x", "x1", "a_b"})
    EXPECT_TRUE(is_host_name(good)) << good;
  for (const char* bad :
       {"", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "*", "*.", "a.*.b", "a/b", "ñ", "1.2.3", "10.0.0.1.", "7"})
    EXPECT_FALSE(is_host_name(bad)) << bad;
  EXPECT_FALSE(is_host_name(std::string(64, 'a')));
}

}  // namespace
}  // namespace recado::pki
