#include <recado/device/statistics.hpp>

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace recado::device {
namespace {

TEST(statistics, no_samples_are_all_zero) { EXPECT_EQ(summarise({}).count, 0u); }

TEST(statistics, one_sample_is_everything) {
  std::uint32_t one[] = {7};
  const summary s = summarise(one);
  EXPECT_EQ(s.least, 7u);
  EXPECT_EQ(s.median, 7u);
  EXPECT_EQ(s.p99, 7u);
  EXPECT_EQ(s.most, 7u);
  EXPECT_EQ(s.mean(), 7u);
}

TEST(statistics, a_hundred_samples_in_any_order) {
  std::vector<std::uint32_t> samples(100);
  std::iota(samples.rbegin(), samples.rend(), 1u);
  const summary s = summarise(samples);
  EXPECT_EQ(s.least, 1u);
  EXPECT_EQ(s.median, 50u);
  EXPECT_EQ(s.quarter, 25u);
  EXPECT_EQ(s.three_quarters, 75u);
  EXPECT_EQ(s.p99, 99u);
  EXPECT_EQ(s.most, 100u);
  EXPECT_EQ(s.total, 5050u);
  EXPECT_EQ(s.mean(), 50u);
  EXPECT_EQ(s.count, 100u);
}

TEST(statistics, large_values_do_not_overflow) {
  std::uint32_t huge[] = {0xffff'ffff, 0xffff'fffd};
  EXPECT_EQ(summarise(huge).median, 0xffff'fffeu);
  EXPECT_EQ(summarise(huge).mean(), 4294967294u);
  EXPECT_EQ(summary{}.mean(), 0u);
}

}  // namespace
}  // namespace recado::device
