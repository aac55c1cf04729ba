#include <recado/core/instant.hpp>

#include <gtest/gtest.h>

namespace recado {
namespace {

template <class T>
void expect_order(T less, T more) {
  EXPECT_TRUE(less < more && less <= more && more > less && more >= less);
  EXPECT_FALSE(more < less || more <= less || less > more || less >= more);
  EXPECT_TRUE(less <= less && less >= less);
  EXPECT_FALSE(less < less || less > less);
}

TEST(instant, is_ordered_as_time_is) {
  expect_order(duration{-1}, duration{1});
  expect_order(instant{duration{1}}, instant{duration{2}});
  expect_order(instant{duration{1}}, never);
  expect_order(utc_time{duration{-5}}, utc_time{});
  EXPECT_EQ(shorter(duration{1}, duration{2}), duration{1});
  EXPECT_EQ(shorter(duration{2}, duration{1}), duration{1});
  EXPECT_EQ(longer(duration{1}, duration{2}), duration{2});
  EXPECT_EQ(longer(duration{2}, duration{1}), duration{2});
}

TEST(instant, later_is_never_beyond_never) {
  const instant some{duration{1000}}, early{duration{-1000}};
  EXPECT_EQ(after(some, duration{5}), instant{duration{1005}});
  EXPECT_EQ(after(some, duration{}), some);
  EXPECT_EQ(after(early, duration{5}), instant{duration{-995}});
  EXPECT_EQ(after(instant{}, duration::max()), never);
  EXPECT_EQ(after(early, duration::max()), never) << "for ever, whatever the time";
  EXPECT_EQ(after(some, duration::max() - duration{1000}), never);
  EXPECT_EQ(after(some, duration::max() - duration{1001}), never - duration{1});
  EXPECT_EQ(after(never, duration{1}), never);
}

TEST(wall_clock, knows_the_time_once_it_is_set) {
  wall_clock clock;
  EXPECT_EQ(clock.at(instant{duration{77}}), utc_time{});
  EXPECT_FALSE(clock.trusted());
  clock.set(utc_time{duration{5000}}, instant{duration{1000}}, false);
  EXPECT_EQ(clock.at(instant{duration{1001}}), utc_time{duration{5001}});
  EXPECT_EQ(clock.at(instant{duration{900}}), utc_time{duration{4900}});
  EXPECT_FALSE(clock.trusted()) << "a guess";
  clock.set(utc_time{duration{100}}, instant{duration{1000}});
  EXPECT_EQ(clock.at(instant{duration{1001}}), utc_time{duration{101}});
  EXPECT_TRUE(clock.trusted());
}

}  // namespace
}  // namespace recado
