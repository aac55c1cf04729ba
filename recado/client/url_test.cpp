#include <gtest/gtest.h>

#include <recado/client/url.hpp>

namespace recado::client {
namespace {

TEST(url, takes_an_address_apart) {
  const auto plain = parse_url("mqtt://broker.example");
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->secure);
  EXPECT_EQ(plain->host, "broker.example");
  EXPECT_EQ(plain->port, 1883);
  EXPECT_FALSE(plain->user_name);
  const auto all = parse_url("mqtts://us%40er:p%3Aa:ss@[2001:db8::1]:8884/");
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->secure);
  EXPECT_EQ(all->host, "2001:db8::1");
  EXPECT_EQ(all->port, 8884);
  EXPECT_EQ(all->user_name, "us@er");
  EXPECT_EQ(all->password, "p:a:ss");
  EXPECT_EQ(parse_url("mqtts://h")->port, 8883);
  EXPECT_FALSE(parse_url("mqtt://u@h")->password);
}

TEST(url, refuses_everything_else) {
  for (const char* text : {"", "broker", "http://broker", "mqtt://", "mqtt://:1883", "mqtt://h:0", "mqtt://h:65536",
                           "mqtt://h:", "mqtt://h:1x", "mqtt://[::1", "mqtt://[::1]1", "mqtt://h/topic", "mqtt://h?x",
                           "mqtt://%zz@h", "mqtt://%4@h", "mqtt://a b"}) {
    const auto result = parse_url(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().why, make_fault(error::bad_url)) << text;
    EXPECT_NE(result.error().line.find("mqtt://"), std::string::npos);
  }
}

}  // namespace
}  // namespace recado::client
