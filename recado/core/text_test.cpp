#include <gtest/gtest.h>

#include <recado/core/byte_order_mark.hpp>
#include <recado/core/text.hpp>
#include <recado/core/utf8.hpp>

namespace recado {
namespace {

template <class F>
std::string printed(F&& print) {
  char memory[256];
  buffer_sink out{memory};
  print(out);
  return std::string{out.view()};
}

TEST(text, numbers) {
  EXPECT_EQ(printed([](text_sink& out) {
              out.number(0) << '|';
              out.number(7, 3) << '|';
              out.number(42, 4, '0');
            }),
            "0|  7|0042");
  EXPECT_EQ(printed([](text_sink& out) { out.number(UINT64_MAX); }), "18446744073709551615");
  EXPECT_EQ(printed([](text_sink& out) { out.signed_number(INT64_MIN); }), "-9223372036854775808");
  EXPECT_EQ(printed([](text_sink& out) { out.hex(0xbeef, 6); }), "00beef");
}

TEST(text, quotes_what_a_terminal_must_not_see) {
  using namespace std::string_view_literals;
  const std::pair<std::string_view, const char*> rows[] = {
      {"plain"sv, "\"plain\""},
      {"a\"b\\c"sv, "\"a\\\"b\\\\c\""},
      {"\x1b[2J\0\x7f"sv, "\"\\x1b[2J\\x00\\x7f\""},
      {"TEMA_P\xc3\x9a\x42LICO"sv, "\"TEMA_P\xc3\x9a\x42LICO\""},
      {"\xc2\x9b"sv, "\"\\xc2\\x9b\""},  // C1 control: a terminal would act on it
      {"\xff\xed\xa0\x80"sv, "\"\\xff\\xed\\xa0\\x80\""},
  };
  for (const auto& [in, out] : rows) EXPECT_EQ(printed([&](text_sink& sink) { sink.quoted(as_bytes(in)); }), out);
}

TEST(text, says_when_it_was_cut) {
  char memory[4];
  buffer_sink out{memory};
  out << "abcd";
  EXPECT_FALSE(out.truncated());
  out << "e";
  EXPECT_TRUE(out.truncated());
  EXPECT_EQ(out.view(), "abcd");
}

TEST(utf8, a_byte_order_mark_is_no_part_of_the_text) {
  EXPECT_EQ(without_byte_order_mark("\xef\xbb\xbftext"), "text");
  for (const std::string_view other : {"", "text", "\xef\xbb", "t\xef\xbb\xbf"})
    EXPECT_EQ(without_byte_order_mark(other), other);
}

TEST(utf8, knows_the_well_formed_sequences_of_table_3_7) {
  using namespace std::string_view_literals;
  for (auto good : {""sv, "abc"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv, "\xee\x80\x80"sv,
                    "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv, "\0"sv})
    EXPECT_TRUE(is_utf8(as_bytes(good)));
  for (auto bad : {"\x80"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc2"sv, "\xe0\x9f\xbf"sv, "\xed\xa0\x80"sv, "\xe2\x82"sv,
                   "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xf0\x90\x80"sv, "a\xff"sv})
    EXPECT_FALSE(is_utf8(as_bytes(bad)));
}

TEST(utf8, measures_the_sequence_at_the_front) {
  using namespace std::string_view_literals;
  const std::pair<std::string_view, std::size_t> rows[] = {{""sv, 0},
                                                           {"a\x80"sv, 1},
                                                           {"\0"sv, 1},
                                                           {"\xc2\x80z"sv, 2},
                                                           {"\xdf\xbf"sv, 2},
                                                           {"\xe0\xa0\x80"sv, 3},
                                                           {"\xed\x9f\xbf"sv, 3},
                                                           {"\xef\xbf\xbf!"sv, 3},
                                                           {"\xf0\x90\x80\x80"sv, 4},
                                                           {"\xf4\x8f\xbf\xbf"sv, 4},
                                                           {"\x80"sv, 0},
                                                           {"\xc1\xbf"sv, 0},
                                                           {"\xc2"sv, 0},
                                                           {"\xc2\xc0"sv, 0},
                                                           {"\xc2\x7f"sv, 0},
                                                           {"\xe1\xc0\x80"sv, 0},
                                                           {"\xc2z"sv, 0},
                                                           {"\xe0\x9f\xbf"sv, 0},
                                                           {"\xe2\x82"sv, 0},
                                                           {"\xe2\x82z"sv, 0},
                                                           {"\xed\xa0\x80"sv, 0},
                                                           {"\xf0\x8f\xbf\xbf"sv, 0},
                                                           {"\xf0\x90\x80"sv, 0},
                                                           {"\xf0\x90z\x80"sv, 0},
                                                           {"\xf0\x90\x80\xc0"sv, 0},
                                                           {"\xf4\x90\x80\x80"sv, 0},
                                                           {"\xf5\x80\x80\x80"sv, 0}};
  for (const auto& [text, length] : rows) EXPECT_EQ(utf8_sequence_length(as_bytes(text)), length);
}

TEST(utf8, knows_c1_controls) {
  for (const char* control : {"\xc2\x80", "\xc2\x9f"}) EXPECT_TRUE(utf8_is_c1(as_bytes(control)));
  for (const char* other : {"\xc2\xa0", "\xc3\x80", "\xc2", "a\x80", ""}) EXPECT_FALSE(utf8_is_c1(as_bytes(other)));
}

TEST(utf8, of_pieces_says_when_no_more_can_mend_them) {
  utf8_check text;
  text.add(as_bytes("a\xe2\x82"));
  EXPECT_FALSE(text.well_formed() || text.is_broken()) << "a byte is missing";
  text.add(as_bytes("\xac"));
  EXPECT_TRUE(text.well_formed());
  text.add(as_bytes("\xed\xa0"));
  EXPECT_TRUE(text.is_broken());
  text.add(as_bytes("a"));
  EXPECT_TRUE(text.is_broken()) << "for good";
}

}  // namespace
}  // namespace recado
