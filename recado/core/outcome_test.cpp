#include <recado/core/outcome.hpp>

#include <gtest/gtest.h>

namespace recado {
namespace {

enum class trouble : unsigned char { lack = 1, excess };

TEST(outcome, is_done_or_says_why_not) {
  EXPECT_TRUE(outcome<trouble>{});
  const outcome<trouble> refused = std::unexpected{trouble::excess};
  EXPECT_FALSE(refused);
  EXPECT_EQ(refused.error(), trouble::excess);
}

TEST(outcome, is_told_in_the_usual_way) {
  const std::expected<void, trouble> done = outcome<trouble>{};
  EXPECT_TRUE(done);
  const std::expected<void, trouble> refused = outcome<trouble>{std::unexpected{trouble::lack}};
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), trouble::lack);
}

}  // namespace
}  // namespace recado
