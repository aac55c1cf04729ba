#include <recado/mqtt/topic.hpp>

#include <gtest/gtest.h>

#include <string>

namespace recado::mqtt {
namespace {
using namespace std::string_view_literals;

error of(std::expected<void, error> result) { return result ? error::none : result.error(); }

// original defect 18: what a topic may not be
TEST(topic, names) {
  for (auto good :
       {"a"sv, "/"sv, "a/b"sv, "/a/"sv, "a//b"sv, "$SYS/x"sv, " "sv, "\xef\xbb\xbf"sv, "[TEMA_P\xc3\x9a\x42LICO]"sv})
    EXPECT_EQ(of(check_topic_name(good)), error::none) << good;
  EXPECT_EQ(of(check_topic_name("")), error::bad_topic_name);  // [MQTT-4.7.3-1]
  for (auto bad : {"+"sv, "#"sv, "a/+/b"sv, "a#"sv, "a/b/c/d/e/f/g/h/i/j/+"sv, "\xc3\xa9/#"sv})
    EXPECT_EQ(of(check_topic_name(bad)), error::bad_topic_name) << bad;  // [MQTT-4.7.0-1]
  EXPECT_EQ(of(check_topic_name("a\0b"sv)), error::null_character);      // [MQTT-4.7.3-2]
  EXPECT_EQ(of(check_topic_name("a\xed\xa0\x80"sv)), error::bad_utf8);
  EXPECT_EQ(of(check_topic_name(std::string(65535, 'x'))), error::none);
  EXPECT_EQ(of(check_topic_name(std::string(65536, 'x'))), error::string_too_long);  // [MQTT-4.7.3-3]
}

TEST(topic, every_byte_at_every_place_of_every_length) {
  for (std::size_t length = 1; length < 70; ++length)
    for (std::size_t at = 0; at < length; ++at)
      for (unsigned value = 0; value < 256; ++value) {
        std::string text(length, 'a');
        text[at] = static_cast<char>(value);
        const bool wildcard = value == '+' || value == '#', plain = value != 0 && value < 0x80;
        ASSERT_EQ(plain_text(text, text_rule::well_formed), plain) << length << ' ' << at << ' ' << value;
        ASSERT_EQ(plain_text(text, text_rule::topic_name), plain && !wildcard) << length << ' ' << at << ' ' << value;
      }
}

TEST(topic, filters) {
  for (auto good : {"#"sv, "+"sv, "a/#"sv, "a/+/b"sv, "+/+"sv, "/+"sv, "+/"sv, "a"sv, "//"sv, "$share/g/#"sv,
                    "$share/g//"sv, "$share/g/a/+"sv, "$sharex/+"sv, "$share"sv})
    EXPECT_EQ(of(check_topic_filter(good)), error::none) << good;
  // [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.8.2-1] [MQTT-4.8.2-2]
  for (auto bad : {""sv, "a#"sv, "#/a"sv, "a/#/b"sv, "a+"sv, "+a"sv, "a/b+/c"sv, "##"sv, "++"sv, "$share/"sv,
                   "$share//a"sv, "$share/g"sv, "$share/g/"sv, "$share/+/a"sv, "$share/g#/a"sv, "$share/g/a#"sv})
    EXPECT_EQ(of(check_topic_filter(bad)), error::bad_topic_filter) << bad;
  EXPECT_EQ(of(check_topic_filter("$share/g", version::v3_1_1)), error::none);
  EXPECT_EQ(of(check_topic_filter("\xff")), error::bad_utf8);
  EXPECT_EQ(of(check_topic_filter("\0"sv)), error::null_character);
  EXPECT_EQ(of(check_topic_filter(std::string(65536, 'x'))), error::string_too_long);
  EXPECT_EQ(split_shared("$share/name/a/b")->share_name, "name");
  EXPECT_EQ(split_shared("$share/name/a/b")->filter, "a/b");
  EXPECT_FALSE(split_shared("a/b"));
}

// The examples of 4.7.1 to 4.7.3, and their borders.
TEST(topic, matching) {
  // [MQTT-4.7.2-1] [MQTT311-4.7.2-1] [MQTT311-4.7.3-4]
  const struct {
    std::string_view filter, topic;
    bool expected;
  } rows[] = {{"sport/tennis/player1/#", "sport/tennis/player1", true},
              {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
              {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
              {"sport/tennis/player1/#", "sport/tennis/player11", false},
              {"sport/#", "sport", true},
              {"#", "a/b", true},
              {"sport/tennis/+", "sport/tennis/player1", true},
              {"sport/tennis/+", "sport/tennis/player1/ranking", false},
              {"sport/+", "sport", false},
              {"sport/+", "sport/", true},
              {"+/+", "/finance", true},
              {"/+", "/finance", true},
              {"+", "/finance", false},
              {"+/tennis/#", "a/tennis", true},
              {"+/tennis/#", "a/b/tennis", false},
              {"#", "$SYS/x", false},
              {"+/monitor/Clients", "$SYS/monitor/Clients", false},
              {"$SYS/#", "$SYS/x", true},
              {"$SYS/#", "$SYS", true},
              {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
              {"ACCOUNTS", "Accounts", false},
              {"/finance", "finance", false},
              {"a/", "a", false},
              {"a", "a/", false},
              {"a//b", "a//b", true},
              {"a/+/b", "a//b", true},
              {"a/+/#", "a", false},
              {"a/+/#", "a/b", true},
              {"a/+/#", "a/b/c/d", true},
              {"+/#", "/", true},
              {"/#", "/", true},
              {"$share/g/a/+", "a/b", true},
              {"$share/g/#", "$SYS/x", false},
              {"$share/g/$SYS/#", "$SYS/x", true},
              {"$share/g/a", "g/a", false},
              {"\xc3\xa9", "e\xcc\x81", false}};  // nothing is normalised [MQTT-4.7.3-4]
  for (const auto& [filter, topic, expected] : rows)
    EXPECT_EQ(matches(filter, topic), expected) << filter << ' ' << topic;
}

}  // namespace
}  // namespace recado::mqtt
