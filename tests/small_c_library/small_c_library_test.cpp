// boards/common/small_c_library.c against the C library.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

extern "C" {
std::size_t small_strlen(const char* text);
int small_strcmp(const char* left, const char* right);
char* small_strstr(const char* text, const char* wanted);
}

namespace recado {
namespace {

int sign(int value) { return (value > 0) - (value < 0); }

/// All texts of up to four bytes of an alphabet in which searches overlap, and a byte above 127.
void each_text(const std::string& begun, auto&& tell) {
  tell(begun.c_str());
  if (begun.size() == 4) return;
  for (const char next : {'a', 'b', '\xe9'}) each_text(begun + next, tell);
}

TEST(small_c_library, does_what_the_c_library_does) {
  unsigned pairs = 0;
  each_text("", [&](const char* left) {
    EXPECT_EQ(small_strlen(left), std::strlen(left));
    each_text("", [&](const char* right) {
      ++pairs;
      EXPECT_EQ(sign(small_strcmp(left, right)), sign(std::strcmp(left, right))) << left << ' ' << right;
      EXPECT_EQ(small_strstr(left, right), std::strstr(left, right)) << left << ' ' << right;
    });
  });
  EXPECT_EQ(pairs, 121u * 121u);
}

}  // namespace
}  // namespace recado
