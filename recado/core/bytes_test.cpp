#include <recado/core/bytes.hpp>

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace recado {
namespace {

TEST(bytes, are_copied_compared_and_wiped) {
  std::array<std::byte, 4> room{};
  copy(as_bytes("abc"), room);
  EXPECT_EQ(as_text(bytes{room}.first(3)), "abc");
  EXPECT_EQ(room[3], std::byte{0}) << "nothing behind them";
  copy({}, {});
  EXPECT_EQ(as_text(bytes{room}.first(3)), "abc");
  EXPECT_TRUE(equal(as_bytes("abc"), bytes{room}.first(3)));
  EXPECT_FALSE(equal(as_bytes("abd"), bytes{room}.first(3)));
  EXPECT_FALSE(equal(as_bytes("ab"), bytes{room}.first(3)));
  EXPECT_TRUE(equal({}, as_bytes("")));
  wipe(mutable_bytes{room}.first(2));
  EXPECT_EQ(as_text(room), std::string("\0\0c\0", 4));
  wipe({});
}

}  // namespace
}  // namespace recado
