#include <recado/tls/openssl/sha256.hpp>

#include <cstdio>
#include <string>

#include <gtest/gtest.h>

namespace recado::tls::openssl {
namespace {

std::string hex(const sha256_digest& digest) {
  std::string out;
  char two[3];
  for (const std::byte b : digest) std::snprintf(two, sizeof two, "%02x", std::to_integer<unsigned>(b)), out += two;
  return out;
}

TEST(sha256, hashes_as_fips_180_4_does) {
  sha256 library;
  sha256_digest out{};
  ASSERT_TRUE(library.hash(as_bytes("abc"), out));
  EXPECT_EQ(hex(out), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  ASSERT_TRUE(library.hash({}, out));
  EXPECT_EQ(hex(out), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(sha256, keyed_hashes_as_rfc_4231_has_them) {  // test case 2
  sha256 library;
  sha256_digest out{};
  const bytes parts[] = {as_bytes("what do ya "), {}, as_bytes("want for nothing?")};
  ASSERT_TRUE(library.hmac(as_bytes("Jefe"), parts, out));
  EXPECT_EQ(hex(out), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  ASSERT_TRUE(library.hmac({}, {}, out));
  EXPECT_EQ(hex(out), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad") << "empty key, empty text";
}

TEST(sha256, passwords_as_rfc_7914_has_them) {  // §11, the first 32 bytes
  sha256 library;
  sha256_digest out{};
  ASSERT_TRUE(library.pbkdf2(as_bytes("passwd"), as_bytes("salt"), 1, out));
  EXPECT_EQ(hex(out), "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
  ASSERT_TRUE(library.pbkdf2(as_bytes("Password"), as_bytes("NaCl"), 80000, out));
  EXPECT_EQ(hex(out), "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
  EXPECT_FALSE(library.pbkdf2(as_bytes("p"), as_bytes("s"), 0, out));
}

}  // namespace
}  // namespace recado::tls::openssl
