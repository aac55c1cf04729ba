// Once secured, recado takes no memory from the heap to write and to read. OpenSSL 3.0 takes a few dozen bytes for
// each record (the WPACKET around it) and gives them back at once; nothing here can keep it from that.
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdlib>

#include <recado/tls/tests/server.hpp>
#include <tests/support/count_calls.hpp>

namespace {

std::size_t of_openssl = 0, largest = 0;
std::ptrdiff_t held = 0;

void* count_malloc(std::size_t size, const char*, int) {
  ++of_openssl, ++held;
  largest = std::max(largest, size);
  return std::malloc(size);
}
void* count_realloc(void* old, std::size_t size, const char*, int) {
  ++of_openssl;
  largest = std::max(largest, size);
  if (!old) ++held;
  return std::realloc(old, size);
}
void plain_free(void* old, const char*, int) {
  if (old) --held;
  std::free(old);
}
// OpenSSL takes these only before its first allocation.
const bool counting = CRYPTO_set_mem_functions(count_malloc, count_realloc, plain_free) == 1;

}  // namespace

namespace recado::tls::tests {
namespace {

TEST(tls_allocation, none_in_steady_state) {
  ASSERT_TRUE(counting);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const char* suite : {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
      auto options = usual();
      options.suites = suite;
      if (std::string_view{suite}.contains("CHACHA")) options.ciphers = "ECDHE+CHACHA20";
      client c{options};
      server s{{.highest = version}};
      s.begin(), c.open(), c.talk(s);
      ASSERT_TRUE(c.seen.secured) << c.seen.line;
      std::string down;
      for (int i = 0; i < 110; ++i) s.write(std::string(1000, 'd')), down += s.says();
      bytes in = as_bytes(down);
      const std::string up(1000, 'u');
      std::size_t read = 0, written = 0, before_recado = 0, before_openssl = 0;
      std::ptrdiff_t before_held = 0;
      for (int i = 0; i < 100; ++i) {
        if (i == 2) {  // the first ones make the buffers
          before_recado = test::counts().news, before_openssl = of_openssl, before_held = held;
          largest = 0;
        }
        written += c.it.write(as_bytes(up), c.now);
        while (!c.it.pending(c.now).empty()) c.it.sent(c.it.pending(c.now).size());
        bytes piece = in.first(std::min<std::size_t>(in.size(), 1100));
        const std::size_t had = piece.size();
        (void)c.it.receive(piece, c.now);
        in = in.subspan(had - piece.size());
        read += c.it.plaintext().size();
        c.it.consumed(c.it.plaintext().size());
      }
      EXPECT_EQ(test::counts().news - before_recado, 0u);
      EXPECT_LE(of_openssl - before_openssl, 98u * (version == TLS1_3_VERSION ? 4 : 2) + 8) << c.seen.suite;
      EXPECT_EQ(held, before_held);
      EXPECT_LE(largest, 64u);
      EXPECT_EQ(written, 100'000u);
      EXPECT_GE(read, 99'000u);
    }
  }
}

}  // namespace
}  // namespace recado::tls::tests
