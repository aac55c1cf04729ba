#include <gtest/gtest.h>

#include <recado/transport/text.hpp>

namespace recado::transport {
namespace {

http_answer answer_of(std::string_view head) { return parse_http(head).value_or(http_answer{}); }

TEST(http_text, reads_the_status) {
  EXPECT_EQ(answer_of("HTTP/1.1 101 Switching Protocols\r\n\r\n").status, 101u);
  EXPECT_EQ(answer_of("HTTP/1.0 200\r\n\r\n").status, 200u);
  EXPECT_EQ(answer_of("HTTP/1.1 599 \r\na: b\r\n\r\n").status, 599u);
  EXPECT_EQ(answer_of("HTTP/1.1 100 \r\n\r\n").status, 100u);
}

TEST(http_text, refuses_what_is_no_answer) {
  for (const char* text : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.2 200 OK\r\n\r\n", "HTTP/2 200 OK\r\n\r\n",
                           "HTTP/1.1-200 OK\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000\r\n\r\n",
                           "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno field\r\n\r\n",
                           "HTTP/1.1 200 OK\r\n: nameless\r\n\r\n", "HTTP/1.1 200 OK\r\nspace in: name\r\n\r\n",
                           "HTTP/1.1 200 OK\r\na: \x1f\r\n\r\n", "HTTP/1.1 200 OK\r\na: \x7f\r\n\r\n"})
    EXPECT_FALSE(parse_http(text)) << text;
}

// RFC 9110 §5.1, §5.5: names in any case, blanks around a value aren't part of it.
TEST(http_text, finds_fields) {
  const http_answer in =
      answer_of("HTTP/1.1 200 OK\r\nFirst: \t one \t\r\nfirst:two\r\nOnly-Here: a b\tc\r\nempty:\r\n\r\n");
  EXPECT_EQ(count_fields(in, "FIRST"), 2u);
  EXPECT_EQ(count_fields(in, "irst"), 0u);
  EXPECT_EQ(count_fields(in, "firstt"), 0u);
  EXPECT_EQ(only_field(in, "first"), std::nullopt);
  EXPECT_EQ(only_field(in, "only-here"), "a b\tc");
  EXPECT_EQ(only_field(in, "empty"), "");
  EXPECT_EQ(only_field(in, "missing"), std::nullopt);
  EXPECT_EQ(only_field(answer_of("HTTP/1.1 200 OK\r\na: \t x \t\r\n\r\n"), "A"), "x");
}

// RFC 9110 §5.6.1: a list, in one field or in several.
TEST(http_text, finds_tokens_of_a_list) {
  const http_answer in = answer_of("HTTP/1.1 101 x\r\nConnection: keep-alive ,Upgrade\r\nconnection:, last\r\n\r\n");
  for (const char* there : {"upgrade", "Keep-Alive", "LAST"}) EXPECT_TRUE(has_token(in, "connection", there)) << there;
  for (const char* not_there : {"pgrade", "upgrad", "upgradee", "keep-alive ,Upgrade", "keep", "ast"})
    EXPECT_FALSE(has_token(in, "connection", not_there)) << not_there;
  EXPECT_FALSE(has_token(in, "upgrade", "upgrade"));
}

}  // namespace
}  // namespace recado::transport
