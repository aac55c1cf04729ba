// A key that signs and isn't read: what a handshake does with it, and what nobody gets from it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <psa/crypto.h>

#include <recado/tls/mbedtls/opaque_key.hpp>
#include <recado/tls/tests/server.hpp>

namespace recado::tls::tests {
namespace {

/// A key of a world's identity in PSA, ended with the test.
class opaque_key {
 public:
  explicit opaque_key(EVP_PKEY* from) {
    const std::string der = key_der(from);
    const auto imported = mbedtls::import_opaque_key(memory(der));
    if (imported) identifier = *imported;
  }
  ~opaque_key() { mbedtls::destroy_opaque_key(identifier); }
  opaque_key(const opaque_key&) = delete;
  opaque_key& operator=(const opaque_key&) = delete;

  std::uint32_t identifier = 0;
};

/// An ECDSA key that PSA made itself, for this use.
std::uint32_t made_by_psa(psa_key_usage_t usage, psa_algorithm_t algorithm) {
  psa_key_attributes_t wanted = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&wanted, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
  psa_set_key_bits(&wanted, 256), psa_set_key_usage_flags(&wanted, usage), psa_set_key_algorithm(&wanted, algorithm);
  psa_key_id_t identifier = PSA_KEY_ID_NULL;
  EXPECT_EQ(psa_generate_key(&wanted, &identifier), PSA_SUCCESS);
  return identifier;
}

const std::string& certificate_of_device() {
  static const std::string text = pem(the_world().device);
  return text;
}

client_options signing_by(std::uint32_t identifier) {
  auto options = usual();
  options.certificate = memory(certificate_of_device()), options.opaque_key = identifier;
  return options;
}

error refusal_of(const client_options& options) {
  context it;
  const auto loaded = it.load(options);
  return loaded ? error{} : loaded.error();
}

TEST(tls_opaque_key, signs_the_handshake_of_either_version) {
  const opaque_key own{the_world().device.key.get()};
  ASSERT_NE(own.identifier, 0u);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client c{signing_by(own.identifier)};
    ASSERT_TRUE(c.loaded);
    server s{{.lowest = version, .highest = version, .wants_client_certificate = true}};
    s.begin(), c.open(), c.talk(s);
    EXPECT_TRUE(s.done());
    EXPECT_TRUE(c.seen.secured) << c.seen.line;
    EXPECT_FALSE(c.seen.closed) << c.seen.line;
  }
}

TEST(tls_opaque_key, of_another_curve_signs_too) {
  const identity device = make({.name = "device"}, ec_key("P-384"), &the_world().authority);
  const opaque_key own{device.key.get()};
  const std::string certificate = pem(device);
  auto options = signing_by(own.identifier);
  options.certificate = memory(certificate);
  client c{options};
  ASSERT_TRUE(c.loaded);
  server s{{.wants_client_certificate = true}};
  s.begin(), c.open(), c.talk(s);
  EXPECT_TRUE(s.done()) << c.seen.line;
}

TEST(tls_opaque_key, gives_nobody_its_private_part) {
  const opaque_key own{the_world().device.key.get()};
  std::array<std::uint8_t, 128> room{};
  std::size_t size = 0;
  EXPECT_EQ(psa_export_key(own.identifier, room.data(), room.size(), &size), PSA_ERROR_NOT_PERMITTED);
  EXPECT_EQ(size, 0u);
  psa_key_attributes_t wanted = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_usage_flags(&wanted, PSA_KEY_USAGE_EXPORT | PSA_KEY_USAGE_SIGN_HASH);
  psa_key_id_t copied = PSA_KEY_ID_NULL;
  EXPECT_EQ(psa_copy_key(own.identifier, &wanted, &copied), PSA_ERROR_NOT_PERMITTED);
  EXPECT_EQ(
      psa_raw_key_agreement(PSA_ALG_ECDH, own.identifier, room.data(), room.size(), room.data(), room.size(), &size),
      PSA_ERROR_NOT_PERMITTED);
  psa_key_attributes_t found = PSA_KEY_ATTRIBUTES_INIT;
  ASSERT_EQ(psa_get_key_attributes(own.identifier, &found), PSA_SUCCESS);
  EXPECT_EQ(psa_get_key_usage_flags(&found) & ~PSA_KEY_USAGE_SIGN_MESSAGE, PSA_KEY_USAGE_SIGN_HASH)
      << "who may sign a digest may sign a message";
}

TEST(tls_opaque_key, outlives_the_context_and_ends_when_it_is_destroyed) {
  const opaque_key own{the_world().device.key.get()};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(refusal_of(signing_by(own.identifier)), error{});
  mbedtls::destroy_opaque_key(own.identifier);
  EXPECT_EQ(refusal_of(signing_by(own.identifier)), error::opaque_key_invalid);
}

TEST(tls_opaque_key, that_may_not_sign_or_is_another_one_is_refused_in_words) {
  EXPECT_EQ(refusal_of(signing_by(0x3fff'ffff)), error::opaque_key_invalid);
  const std::uint32_t agrees = made_by_psa(PSA_KEY_USAGE_DERIVE, PSA_ALG_ECDH),
                      signs = made_by_psa(PSA_KEY_USAGE_SIGN_HASH, PSA_ALG_ECDSA(PSA_ALG_ANY_HASH));
  EXPECT_EQ(refusal_of(signing_by(agrees)), error::opaque_key_invalid);
  EXPECT_EQ(refusal_of(signing_by(signs)), error::key_mismatch) << "it isn't the certificate's";
  const opaque_key own{the_world().device.key.get()};
  const std::string readable = key_der(the_world().device.key.get());
  auto both = signing_by(own.identifier);
  both.key = memory(readable);
  EXPECT_EQ(refusal_of(both), error::opaque_key_invalid);
  auto alone = signing_by(own.identifier);
  alone.certificate = {};
  EXPECT_EQ(refusal_of(alone), error::certificate_missing);
  mbedtls::destroy_opaque_key(agrees), mbedtls::destroy_opaque_key(signs);
}

TEST(tls_opaque_key, of_rsa_or_of_no_key_is_not_imported) {
  const std::string rsa = key_der(rsa_key(2048).get()), locked = key_der(the_world().device.key.get(), "phrase");
  EXPECT_EQ(mbedtls::import_opaque_key(memory(rsa)).error(), error::algorithm_unsupported);
  EXPECT_EQ(mbedtls::import_opaque_key(memory(locked)).error(), error::key_encrypted);
  EXPECT_EQ(mbedtls::import_opaque_key(memory("no key")).error(), error::key_invalid);
}

}  // namespace
}  // namespace recado::tls::tests
