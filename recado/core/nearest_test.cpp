#include <recado/core/nearest.hpp>

#include <gtest/gtest.h>

#include <string>

namespace recado {
namespace {

TEST(nearest, counts_insertions_removals_replacements_and_swaps) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("server", "server"), 0u);
  EXPECT_EQ(edit_distance("Server", "sERVER"), 0u);
  EXPECT_EQ(edit_distance("AZ[@", "az[@"), 0u);
  EXPECT_EQ(edit_distance("[@", "{`"), 2u) << "they are no letters";
  EXPECT_EQ(edit_distance("servr", "server"), 1u);
  EXPECT_EQ(edit_distance("serverr", "server"), 1u);
  EXPECT_EQ(edit_distance("servar", "server"), 1u);
  EXPECT_EQ(edit_distance("esrver", "server"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(nearest, suggests_only_what_can_be_a_typing_error) {
  constexpr std::string_view known[] = {"run", "probe", "pki", "lab", "verify"};
  EXPECT_EQ(nearest("pkii", known), "pki");
  EXPECT_EQ(nearest("prboe", known), "probe");
  EXPECT_EQ(nearest("verfiy", known), "verify");
  EXPECT_EQ(nearest("ver", known), "verify") << "the only word that begins so";
  EXPECT_EQ(nearest("publish", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest("x", known), "");
  EXPECT_EQ(nearest("p", known), "") << "one letter says nothing";
}

TEST(nearest, a_word_too_long_finds_nothing) {
  const std::string endless(1000, 'a');
  const std::string_view known[] = {endless};
  EXPECT_EQ(nearest(endless + "b", known), "");
}

}  // namespace
}  // namespace recado
