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
  EXPECT_TRUE(parse_url("MQTTS://h").value_or(url{}).secure) << "RFC 3986 §3.1";
  EXPECT_EQ(parse_url("mqtt://[fe80::1%25eth0]:1884")->host, "fe80::1%eth0");
}

TEST(url, refuses_everything_else) {
  for (const char* text : {"",
                           "broker",
                           "http://broker",
                           "mqtt://",
                           "mqtt://:1883",
                           "mqtt://h:0",
                           "mqtt://h:65536",
                           "mqtt://h:",
                           "mqtt://h:1x",
                           "mqtt://[::1",
                           "mqtt://[::1]1",
                           "mqtt://h/topic",
                           "mqtt://h?x",
                           "mqtt://%zz@h",
                           "mqtt://%4@h",
                           "mqtt://a b",
                           "mqtt://a\n",
                           "mqtt",
                           "mqttss://h",
                           "xmqtt://h"}) {
    const auto result = parse_url(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().why, make_fault(error::bad_url)) << text;
    EXPECT_NE(result.error().line.find("mqtt://"), std::string::npos);
  }
}

// MQTT 5.0 §4.11, with its examples
TEST(url, reads_server_references) {
  const url from = parse_url("mqtts://user:secret@first:1234").value_or(url{});
  const auto all = parse_reference(
      "myserver.xyz.org myserver.xyz.org:8884 10.10.151.22:8883 [fe80::9610:3eff:fe1c]:1 "
      "[::1] a@b mqtt://c d: ",
      from);
  ASSERT_EQ(all.size(), 5u) << "what is none is left out";
  const char* const hosts[] = {"myserver.xyz.org", "myserver.xyz.org", "10.10.151.22", "fe80::9610:3eff:fe1c", "::1"};
  const std::uint16_t ports[] = {8883, 8884, 8883, 1, 8883};
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].host, hosts[i]);
    EXPECT_EQ(all[i].port, ports[i]);
    EXPECT_TRUE(all[i].secure);
    EXPECT_EQ(all[i].password, "secret");
  }
  EXPECT_TRUE(parse_reference("", from).empty());
}

}  // namespace
}  // namespace recado::client
