// Once secured, neither the heap nor the pool is asked for memory, to write or to read; the latter but for PSA, which
// sets up each record's key anew and gives it back.
#include <gtest/gtest.h>

#include <recado/tls/mbedtls/opaque_key.hpp>
#include <recado/tls/tests/server.hpp>
#include <tests/support/count_calls.hpp>

namespace recado::tls::tests {
namespace {

TEST(tls_allocation, none_in_steady_state) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const char* suite : {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
      auto options = usual();
      options.suites = suite;
      if (std::string_view{suite}.contains("CHACHA")) options.ciphers = "ECDHE+CHACHA20";
      client c{options};
      server s{{.highest = version}};
      s.begin(), c.open(), c.talk(s);
      ASSERT_TRUE(c.seen.secured) << c.seen.line;
      EXPECT_EQ(c.seen.suite.contains("CHACHA20"), std::string_view{suite}.contains("CHACHA"));
      std::string down;
      for (int i = 0; i < 110; ++i) s.write(std::string(1000, 'd')), down += s.says();
      bytes in = as_bytes(down);
      const std::string up(1000, 'u');
      const auto pool_before = mbedtls::memory_usage();
      const auto heap_before = test::counts().news;
      std::size_t read = 0, written = 0;
      for (int i = 0; i < 100; ++i) {
        written += c.it.write(as_bytes(up), c.now);
        while (!c.it.pending(c.now).empty()) c.it.sent(c.it.pending(c.now).size());
        bytes piece = in.first(std::min<std::size_t>(in.size(), 1100));
        const std::size_t had = piece.size();
        (void)c.it.receive(piece, c.now);
        in = in.subspan(had - piece.size());
        read += c.it.plaintext().size();
        c.it.consumed(c.it.plaintext().size());
      }
      EXPECT_EQ(test::counts().news, heap_before);
      EXPECT_EQ(mbedtls::memory_usage().used, pool_before.used);
      if (!mbedtls::has_opaque_keys()) {
        EXPECT_EQ(mbedtls::memory_usage().taken_count, pool_before.taken_count);
      }
      EXPECT_EQ(written, 100'000u);
      EXPECT_GE(read, 99'000u);
    }
  }
}

TEST(tls_allocation, a_connection_gives_everything_back) {
  const auto before = mbedtls::memory_usage().used;
  {
    auto options = usual();
    const std::string own = pem(the_world().device), key = key_pem(the_world().device.key.get());
    options.certificate = memory(own), options.key = memory(key);
    options.report_chain = true;
    client c{options};
    const auto loaded = mbedtls::memory_usage().used;
    for (int round = 0; round < 3; ++round) {
      server s{{.wants_client_certificate = true}};
      s.begin(), c.open(round == 1 ? "b.example" : "broker.lab"), c.talk(s);
      EXPECT_EQ(c.seen.secured.has_value(), round != 1);
      c.lose();
      EXPECT_TRUE(c.seen.closed);
      // What is kept to be told is given back with the next connection.
      EXPECT_LE(mbedtls::memory_usage().used, loaded + 8 * 1024);
    }
  }
  EXPECT_EQ(mbedtls::memory_usage().used, before);
}

TEST(tls_allocation, too_small_a_pool_is_told_in_words) {
  client c{usual()};
  std::vector<void*> all;
  while (void* taken = recado_tls_allocate(1, 1000)) all.push_back(taken);
  server s{{}};
  s.begin(), c.open(), c.talk(s);
  ASSERT_TRUE(c.seen.closed);
  EXPECT_TRUE(is(*c.seen.closed, error::out_of_memory)) << c.seen.line;
  client refused{usual()};
  EXPECT_EQ(refused.loaded.error(), error::out_of_memory);
  for (std::size_t i = 0; i < all.size(); i += 2) recado_tls_release(all[i]);  // pieces that are too small for a record
  s.begin(), c.open(), c.talk(s);
  EXPECT_TRUE(c.seen.closed && is(*c.seen.closed, error::out_of_memory)) << c.seen.line;
  for (std::size_t i = 1; i < all.size(); i += 2) recado_tls_release(all[i]);
  s.begin(), c.open(), c.talk(s);
  EXPECT_TRUE(c.seen.secured) << c.seen.line;
}

/// What is missing is memory, whatever Mbed TLS makes of it: no certificate, or a wrong signature.
TEST(tls_allocation, no_amount_that_is_too_small_is_told_as_a_bad_certificate) {
  std::string authorities;
  for (int i = 0; i < 3; ++i) authorities += pem(the_world().root);
  const auto outcome = [&] {
    auto options = usual();
    options.ca = memory(authorities);
    client c{options};
    if (!c.loaded) return c.loaded.error();
    server s{{}};
    s.begin(), c.open(), c.talk(s);
    if (c.seen.secured) return error{};
    return c.seen.closed && c.seen.closed->where == layer::tls ? static_cast<error>(c.seen.closed->code) : error{};
  };
  std::vector<void*> all;
  const auto take_all = [&] {
    while (void* taken = recado_tls_allocate(1, 1000)) all.push_back(taken);
  };
  std::size_t lacked = 0;
  bool enough = false;
  for (take_all(); !enough && lacked < 200; take_all()) {
    for (std::size_t i = 0; i <= lacked; ++i) recado_tls_release(all.back()), all.pop_back();
    const error found = outcome();
    enough = found == error{};
    if (enough) break;
    EXPECT_EQ(found, error::out_of_memory) << words(found) << " with " << lacked + 1 << " pieces";
    ++lacked;
  }
  for (void* each : all) recado_tls_release(each);
  EXPECT_TRUE(enough);
  EXPECT_GT(lacked, 10u);
}

}  // namespace
}  // namespace recado::tls::tests
