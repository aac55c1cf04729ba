// What the system trusts, where OpenSSL looks for it.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <recado/tls/tests/server.hpp>

#include <unistd.h>

namespace recado::tls::tests {
namespace {

TEST(tls_system_store, is_trusted_where_it_is_asked_for) {
  const auto file = std::filesystem::temp_directory_path() / ("recado-tls-" + std::to_string(::getpid()) + ".pem");
  std::ofstream{file} << pem(the_world().root);
  ::setenv("SSL_CERT_FILE", file.c_str(), 1);
  auto options = usual();
  options.ca = {}, options.system_store = true;
  client c{options};
  ::unsetenv("SSL_CERT_FILE");
  ASSERT_TRUE(c.loaded) << words(c.loaded.error());
  server s{{}};
  s.begin(), c.open(), c.talk(s);
  EXPECT_TRUE(c.seen.secured) << c.seen.line;
  options.system_store = false;
  EXPECT_EQ(client{options}.loaded.error(), error::no_authority);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace recado::tls::tests
