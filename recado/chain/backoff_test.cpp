#include <recado/chain/backoff.hpp>

#include <gtest/gtest.h>

namespace recado::chain {
namespace {

using namespace std::chrono_literals;

class seeded final : public entropy {
 public:
  void fill(mutable_bytes out) override {
    for (auto& each : out) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      each = static_cast<std::byte>(state_ >> 56);
    }
  }

 private:
  std::uint64_t state_ = 7;
};

TEST(backoff, the_ceiling_doubles_up_to_the_longest_wait) {
  seeded random;
  backoff waits{{1s, 10s, 0s}};
  const duration ceilings[] = {1s, 2s, 4s, 8s, 10s, 10s};
  for (const duration ceiling : ceilings) {
    EXPECT_EQ(waits.ceiling(), ceiling);
    EXPECT_LE(waits.next(random), ceiling);
  }
  waits.reset();
  EXPECT_EQ(waits.ceiling(), duration{1s});
}

TEST(backoff, full_jitter_uses_all_of_the_time_below_the_ceiling) {
  seeded random;
  int low = 0, high = 0;
  for (int i = 0; i < 400; ++i) {
    backoff waits{{1s, 60s, 0s}};
    const duration wait = waits.next(random);
    ASSERT_GE(wait, duration{});
    ASSERT_LE(wait, duration{1s});
    low += wait<duration{250ms}, high += wait> duration{750ms};
  }
  EXPECT_NEAR(low, 100, 40);
  EXPECT_NEAR(high, 100, 40);
}

TEST(backoff, never_overflows_and_keeps_the_shortest_wait) {
  seeded random;
  backoff waits{{1ms, 1min, 20ms}};
  for (int i = 0; i < 1000; ++i) {
    const duration wait = waits.next(random);
    EXPECT_GE(wait, duration{20ms});
    EXPECT_LE(wait, duration{1min});
  }
}

TEST(backoff, senseless_limits_still_wait) {
  seeded random;
  backoff waits{{0s, 0s, 0s}};
  for (int i = 0; i < 10; ++i) EXPECT_LE(waits.next(random), duration{1ms});
}

}  // namespace
}  // namespace recado::chain
