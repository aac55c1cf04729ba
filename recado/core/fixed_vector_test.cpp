#include <recado/core/fixed_vector.hpp>

#include <vector>

#include <gtest/gtest.h>

namespace recado {
namespace {

using three = fixed_vector<int, 3>;

std::vector<int> all_of(const three& some) {
  const std::span<const int> items = some;
  return {items.begin(), items.end()};
}

TEST(fixed_vector, holds_what_fits_and_no_more) {
  three some;
  EXPECT_TRUE(some.empty());
  EXPECT_FALSE(some.full());
  for (const int each : {1, 2, 3}) EXPECT_TRUE(some.push_back(each));
  EXPECT_TRUE(some.full());
  EXPECT_FALSE(some.empty());
  EXPECT_FALSE(some.push_back(4));
  EXPECT_EQ(all_of(some), (std::vector{1, 2, 3}));
  const three& same = some;
  EXPECT_EQ(same.size(), 3u);
  EXPECT_EQ(same.front(), 1);
  EXPECT_EQ(same.back(), 3);
  EXPECT_EQ(some.back(), 3);
  EXPECT_EQ(same[1], 2);
  EXPECT_EQ(std::vector<int>(same.begin(), same.end()), all_of(same));
  EXPECT_EQ(std::vector<int>(some.begin(), some.end()), all_of(same));
  some.back() = 9, some.front() = 7;
  EXPECT_EQ(all_of(some), (std::vector{7, 2, 9}));
}

TEST(fixed_vector, loses_what_is_taken_out_and_moves_the_rest_up) {
  three some;
  for (const int each : {1, 2, 3}) (void)some.push_back(each);
  some.erase(0);
  EXPECT_EQ(all_of(some), (std::vector{2, 3}));
  some.erase(1);
  EXPECT_EQ(all_of(some), (std::vector{2}));
  EXPECT_TRUE(some.push_back(4));
  some.pop_back();
  EXPECT_EQ(all_of(some), (std::vector{2}));
  some.clear();
  EXPECT_TRUE(some.empty());
}

TEST(fixed_vector, is_the_same_if_it_holds_the_same) {
  three one, other;
  EXPECT_EQ(one, other);
  (void)one.push_back(1);
  EXPECT_NE(one, other);
  (void)other.push_back(2);
  EXPECT_NE(one, other);
  other[0] = 1;
  EXPECT_EQ(one, other);
  (void)one.push_back(5), one.pop_back();
  EXPECT_EQ(one, other) << "what it held once doesn't count";
}

TEST(fixed_string, keeps_whole_texts) {
  fixed_string<4> text;
  EXPECT_TRUE(text.empty());
  EXPECT_TRUE(text.assign("ab"));
  EXPECT_FALSE(text.append("cde")) << "all of it or nothing";
  EXPECT_EQ(text.view(), "ab");
  EXPECT_TRUE(text.append("cd"));
  EXPECT_EQ(text.view(), "abcd");
  EXPECT_EQ(text.size(), 4u);
  EXPECT_FALSE(text.empty());
  EXPECT_FALSE(text.assign("abcde"));
  EXPECT_EQ(text.view(), "") << "nothing of what is too long";
  EXPECT_TRUE(text.assign("x"));
  text.clear();
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.capacity(), 4u);
}

}  // namespace
}  // namespace recado
