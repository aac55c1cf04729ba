// Keys: their kinds by name, and how they lie encrypted in a file.
#include <recado/pki/key.hpp>

#include <gmock/gmock.h>

#include <recado/pki/failure.hpp>
#include <recado/pki/issue.hpp>
#include <recado/pki/parse.hpp>
#include <recado/pki/shell_test.hpp>
#include <recado/pki/show.hpp>

namespace recado::pki {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kinds[] = {"ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519"};

TEST(key_kinds, have_names_that_are_read_as_they_are_written) {
  const std::string all = key_kind_names();
  for (const char* name : kinds) {
    EXPECT_EQ(name_of(parse_key_kind(name)), name);
    EXPECT_THAT(all, HasSubstr(name));
  }
}

TEST(key_kinds, that_are_none_are_refused_with_those_that_are) {
  try {
    (void)parse_key_kind("ecdsap256");
    FAIL();
  } catch (const failure& why) {
    EXPECT_THAT(why.what(), HasSubstr("'ecdsap256' is no kind of key"));
    EXPECT_THAT(std::string{why.remedy()}, HasSubstr("did you mean 'ecdsa-p256'? "));
    for (const char* name : kinds) EXPECT_THAT(std::string{why.remedy()}, HasSubstr(name));
  }
  try {
    (void)parse_key_kind("nonsense");
    FAIL();
  } catch (const failure& why) {
    EXPECT_THAT(std::string{why.remedy()}, testing::StartsWith("there are ecdsa-p256, "));
  }
}

TEST(key_kinds, are_what_they_are_called) {
  const std::pair<key_kind, int> rows[] = {{key_kind::ecdsa_p256, 256},
                                           {key_kind::ecdsa_p384, 384},
                                           {key_kind::rsa_2048, 2048},
                                           {key_kind::rsa_3072, 3072},
                                           {key_kind::ed25519, 256}};  // as the curve's number has them
  for (const auto& [kind, bits] : rows) {
    const key_ptr key = generate_key(kind);
    EXPECT_NEAR(EVP_PKEY_get_bits(key.get()), bits, 3) << name_of(kind);
    EXPECT_NO_THROW(refuse_weak(key.get(), "it"));
  }
}

TEST_F(in_folder, an_encrypted_key_has_the_salt_and_iterations_of_pbes2) {  // RFC 8018 §4, NIST SP 800-132 §5
  const key_ptr key = generate_key(key_kind::ed25519);
  const secret phrase{std::string{"a long pass phrase"}};
  const auto parsed = [&] {
    save("key", std::string{private_key_pem(key.get(), phrase).view()});
    return shell("openssl asn1parse -in " + word("key")).output;
  };
  const auto salt_in = [](const std::string& text) {
    const std::string mark = "[HEX DUMP]:";
    const std::size_t at = text.find(mark) + mark.size();
    return text.substr(at, text.find('\n', at) - at);
  };
  const std::string one = parsed(), other = parsed();
  EXPECT_THAT(one, AllOf(HasSubstr(":PBES2"), HasSubstr(":PBKDF2"), HasSubstr(":aes-256-cbc"),
                         HasSubstr("hmacWithSHA256"), HasSubstr(":0186A0")));  // 100,000
  EXPECT_GE(salt_in(one).size(), 16u) << "at least eight octets";
  EXPECT_NE(salt_in(one), salt_in(other));
}

TEST(pem, of_several_kinds_in_one_file_gives_each_what_it_looks_for) {
  const key_ptr key = generate_key(key_kind::ecdsa_p256);
  const name_ptr name = parse_subject("CN=it");
  const auto today = parse_time("2026-11-22");
  const certificate_ptr certificate = issue(profile::server, {parse_subject("CN=it"), key.get(), {{"it.lab"}, {}}},
                                            {nullptr, key.get()}, {today, today + std::chrono::days{1}});
  const request_ptr request = make_request(name.get(), {{"it.lab"}, {}}, key.get());
  const std::string all = std::string{private_key_pem(key.get(), {}).view()} + "text between\n" +
                          pem_of(request.get()) + pem_of(certificate.get()) + pem_of(certificate.get());
  EXPECT_EQ(pem_blocks(all).size(), 4u);
  for (const pem_block& each : pem_blocks(all)) {
    EXPECT_TRUE(each.text.starts_with("-----BEGIN " + std::string{each.label} + "-----"));
    EXPECT_TRUE(each.text.ends_with("-----END " + std::string{each.label} + "-----")) << "and no more";
  }
  EXPECT_EQ(parse_certificates(all, "it").size(), 2u);
  EXPECT_TRUE(parse_request(all, "it"));
  EXPECT_TRUE(parse_private_key(all, "it", {}));
  EXPECT_THROW((void)parse_crls(all, "it"), failure);
}

}  // namespace
}  // namespace recado::pki
