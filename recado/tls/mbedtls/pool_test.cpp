#include <gtest/gtest.h>

#include <random>
#include <vector>

#include <recado/tls/mbedtls/generator.hpp>
#include <recado/tls/mbedtls/hooks.hpp>
#include <recado/tls/tests/backend.hpp>

namespace recado::tls::mbedtls {
namespace {

struct held {
  unsigned char* at;
  std::size_t size;
  unsigned char mark;
};

TEST(tls_pool, gives_every_block_to_one_alone_and_joins_what_comes_back) {
  std::vector<std::byte> memory(100'001);
  pool it;
  it.give(std::span{memory}.subspan(1));  // not aligned
  const std::size_t all = it.usage().size;
  EXPECT_GT(all, 99'900u);
  std::mt19937 dice{7};
  std::vector<held> blocks;
  std::size_t refused = 0;
  for (int i = 0; i < 200'000; ++i) {
    if (dice() % 100 < 52 || blocks.empty()) {
      const std::size_t size = dice() % 8 == 0 ? dice() % 9000 : dice() % 200;
      auto* at = static_cast<unsigned char*>(it.take(size));
      if (!at) {
        ++refused;
        continue;
      }
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(at) % (2 * sizeof(void*)), 0u);
      blocks.push_back({at, size, static_cast<unsigned char>(i)});
      std::fill_n(at, size, blocks.back().mark);
    } else {
      const std::size_t index = dice() % blocks.size();
      const held one = blocks[index];
      for (std::size_t k = 0; k < one.size; ++k) ASSERT_EQ(one.at[k], one.mark);
      it.release(one.at);
      blocks[index] = blocks.back();
      blocks.pop_back();
    }
  }
  EXPECT_GT(refused, 0u);
  EXPECT_EQ(it.usage().refused_count, refused);
  EXPECT_LE(it.usage().high_water, all);
  for (const held& one : blocks) it.release(one.at);
  EXPECT_EQ(it.usage().used, 0u);
  EXPECT_NE(it.take(all - 64), nullptr);  // it is one piece again
}

TEST(tls_pool, refuses_what_it_cannot_hold) {
  pool none;
  EXPECT_EQ(none.take(1), nullptr);
  std::byte little[8];
  none.give(little);
  EXPECT_EQ(none.take(1), nullptr);
  none.release(nullptr);
  EXPECT_EQ(recado_tls_allocate(SIZE_MAX / 2, 3), nullptr);
}

class counter final : public entropy {
 public:
  void fill(mutable_bytes out) override {
    ++asked;
    for (std::byte& one : out) one = static_cast<std::byte>(next++);
  }
  int asked = 0;
  unsigned next = 0;
};

TEST(tls_generator, is_seeded_once_and_again_after_many_requests) {
  ASSERT_TRUE(tests::is_set_up);
  counter seed;
  generator it{seed};
  EXPECT_EQ(seed.asked, 0);
  std::array<std::byte, 5000> a{}, b{};
  it.fill(a);
  const int after_first = seed.asked;
  EXPECT_GE(after_first, 1);
  it.fill(b);
  EXPECT_NE(a, b);
  EXPECT_EQ(seed.asked, after_first);
  for (int i = 0; i < 1000; ++i) (void)it.u32();
  EXPECT_GT(seed.asked, after_first);
}

}  // namespace
}  // namespace recado::tls::mbedtls
