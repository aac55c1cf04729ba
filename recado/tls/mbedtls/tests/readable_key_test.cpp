// Where PSA keeps no keys, one of its is refused in words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <recado/tls/mbedtls/opaque_key.hpp>
#include <recado/tls/tests/server.hpp>

namespace recado::tls::tests {
namespace {

TEST(tls_readable_key, is_the_only_kind_where_psa_keeps_none) {
  ASSERT_FALSE(mbedtls::has_opaque_keys());
  const std::string key = key_der(the_world().device.key.get()), certificate = pem(the_world().device);
  EXPECT_EQ(mbedtls::import_opaque_key(memory(key)).error(), error::opaque_key_unsupported);
  auto options = usual();
  options.certificate = memory(certificate), options.opaque_key = 1;
  context it;
  const auto loaded = it.load(options);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error(), error::opaque_key_unsupported);
  EXPECT_THAT(words(error::opaque_key_unsupported), testing::HasSubstr("PSA"));
}

}  // namespace
}  // namespace recado::tls::tests
