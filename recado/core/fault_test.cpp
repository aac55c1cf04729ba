#include <recado/core/fault.hpp>

#include <set>

#include <gtest/gtest.h>

namespace recado {
namespace {

/// Every one has a cause of its own and a remedy.
template <class Error>
void expect_words(Error last, std::string_view unknown) {
  std::set<std::string_view> causes;
  const auto count = static_cast<std::uint16_t>(last);
  for (std::uint16_t value = 1; value <= count; ++value) {
    const auto code = static_cast<Error>(value);
    const std::string_view cause = words(code), advice = remedy(code);
    EXPECT_NE(cause, unknown) << value;
    EXPECT_TRUE(causes.insert(cause).second) << cause;
    EXPECT_FALSE(advice.empty()) << cause;
  }
  EXPECT_EQ(std::string_view{words(static_cast<Error>(count + 1))}, unknown);
}

TEST(fault, each_has_a_cause_and_a_remedy) {
  expect_words(stream_error::other, "unknown stream error");
  expect_words(link_error::other, "unknown link error");
}

TEST(fault, is_of_one_layer) {
  const fault why = make_fault(stream_error::reset, 104);
  EXPECT_TRUE(why);
  EXPECT_TRUE(is(why, stream_error::reset));
  EXPECT_FALSE(is(why, stream_error::refused));
  EXPECT_FALSE(is(why, static_cast<link_error>(stream_error::reset))) << "the same number in another layer";
  EXPECT_EQ(why.detail, 104u);
  EXPECT_FALSE(fault{});
}

}  // namespace
}  // namespace recado
