// The firmware's generator beside Mbed TLS's HMAC_DRBG, which is made for the same standard, and the seed that it
// refuses.
#include "random.hpp"

#include <gtest/gtest.h>
#include <mbedtls/hmac_drbg.h>

#include <array>
#include <string>
#include <vector>

#include <recado/tls/mbedtls/hooks.hpp>

namespace recado::firmware {
namespace {

std::string drawn(const std::string& seed, const std::string& nonce, const std::vector<std::size_t>& sizes) {
  random_generator generator;
  EXPECT_TRUE(generator.start(as_bytes(seed), as_bytes(nonce)));
  std::string all;
  for (const std::size_t size : sizes) {
    std::string part(size, 0);
    generator.fill(std::as_writable_bytes(std::span{part}));
    all += part;
  }
  return all;
}

class no_entropy final : public entropy {
 public:
  void fill(mutable_bytes out) override { copy(bytes{}, out); }
};
/// Mbed TLS's generator takes its memory from the pool.
const bool has_memory = [] {
  static no_entropy none;
  static std::array<std::byte, 16 * 1024> pool;
  return tls::mbedtls::global_setup(none, pool).has_value();
}();

std::string drawn_by_mbedtls(const std::string& seed, const std::string& nonce, const std::vector<std::size_t>& sizes) {
  EXPECT_TRUE(has_memory);
  const std::string material = seed + nonce;
  mbedtls_hmac_drbg_context context;
  mbedtls_hmac_drbg_init(&context);
  EXPECT_EQ(mbedtls_hmac_drbg_seed_buf(&context, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
                                       reinterpret_cast<const unsigned char*>(material.data()), material.size()),
            0);
  std::string all;
  for (const std::size_t size : sizes) {
    std::string part(size, 0);
    EXPECT_EQ(mbedtls_hmac_drbg_random(&context, reinterpret_cast<unsigned char*>(part.data()), size), 0);
    all += part;
  }
  mbedtls_hmac_drbg_free(&context);
  return all;
}

TEST(firmware_random, is_hmac_drbg_for_every_length_of_a_request) {
  std::string seed;
  for (char each = 0; each < 64; ++each) seed += each;
  for (const char* nonce : {"", "n", "of the last run"})
    for (const auto& sizes : {std::vector<std::size_t>{1}, {31, 32, 33}, {64, 0, 1}, {1000, 7, 100}})
      EXPECT_EQ(drawn(seed, nonce, sizes), drawn_by_mbedtls(seed, nonce, sizes));
}

TEST(firmware_random, differs_from_start_to_start_by_its_nonce_alone) {
  const std::string seed(64, 's');
  EXPECT_NE(drawn(seed, "first", {32}), drawn(seed, "second", {32}));
}

TEST(firmware_random, does_not_start_from_less_than_256_bits) {
  random_generator generator;
  for (const std::size_t size : {0u, 1u, 31u})
    EXPECT_FALSE(generator.start(as_bytes(std::string(size, 's')), as_bytes(std::string(64, 'n')))) << size;
  EXPECT_TRUE(generator.start(as_bytes(std::string(32, 's')), {}));
}

}  // namespace
}  // namespace recado::firmware
