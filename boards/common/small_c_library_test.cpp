// The small functions of the C library beside the host's own.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#define strlen small_strlen
#define strcmp small_strcmp
#define strchr small_strchr
#define strstr small_strstr
#define memmove small_memmove
#define __udivmoddi4 small_udivmoddi4
extern "C" {
#include "small_c_library.c"
}
#undef strlen
#undef strcmp
#undef strchr
#undef strstr
#undef memmove

namespace recado::firmware {
namespace {

const char* const texts[] = {"", "a", "b", "ab", "abc", "aab", "-----BEGIN X-----", "--BEGIN", "\xff", "BEGIN"};

TEST(small_c_library, sees_texts_as_the_host_does) {
  for (const char* one : texts) {
    EXPECT_EQ(small_strlen(one), std::strlen(one));
    for (const char wanted : {'a', 'B', '-', '\xff', '\0'})
      EXPECT_EQ(small_strchr(one, wanted), std::strchr(one, wanted));
    for (const char* other : texts) {
      EXPECT_EQ(small_strcmp(one, other) < 0, std::strcmp(one, other) < 0) << one << ' ' << other;
      EXPECT_EQ(small_strcmp(one, other) == 0, std::strcmp(one, other) == 0) << one << ' ' << other;
      EXPECT_EQ(small_strstr(one, other), std::strstr(one, other)) << one << ' ' << other;
    }
  }
}

TEST(small_c_library, moves_bytes_where_they_overlap) {
  for (std::size_t from = 0; from < 8; ++from)
    for (std::size_t to = 0; to < 8; ++to)
      for (std::size_t count = 0; count < 8; ++count) {
        std::string moved = "abcdefghijklmnop", expected = moved;
        EXPECT_EQ(small_memmove(moved.data() + to, moved.data() + from, count), moved.data() + to);
        std::memmove(expected.data() + to, expected.data() + from, count);
        EXPECT_EQ(moved, expected);
      }
}

TEST(small_c_library, divides_as_the_host_does) {
  const std::uint64_t numbers[] = {0,
                                   1,
                                   2,
                                   3,
                                   9,
                                   10,
                                   25,
                                   999,
                                   1000,
                                   65535,
                                   65536,
                                   65537,
                                   86400,
                                   1000000,
                                   0xffff'ffff,
                                   1ull << 32,
                                   1ull << 48,
                                   1ull << 63,
                                   86400ull * 1000000 * 365 * 40,
                                   ~0ull - 1,
                                   ~0ull};
  for (const std::uint64_t dividend : numbers)
    for (const std::uint64_t divisor : numbers) {
      if (divisor == 0) continue;  // GCC's callers see to that
      std::uint64_t remainder = 7;
      EXPECT_EQ(small_udivmoddi4(dividend, divisor, &remainder), dividend / divisor) << dividend << '/' << divisor;
      EXPECT_EQ(remainder, dividend % divisor) << dividend << '/' << divisor;
      EXPECT_EQ(small_udivmoddi4(dividend, divisor, nullptr), dividend / divisor);
    }
}

}  // namespace
}  // namespace recado::firmware
