// Addresses of brokers and proxies, the order of SRV records, and their answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "../command.hpp"
#include "option.hpp"
#include "service.hpp"

namespace recado::app::tools {
namespace {

using namespace std::string_literals;

TEST(route_options, urls) {
  const struct {
    const char* text;
    const char* host;
    std::uint16_t port;
    bool secure, websocket;
    const char* topic;  // or WebSocket's path
  } rows[] = {
      {"mqtt://a.example/x/y", "a.example", 1883, false, false, "x/y"},
      {"mqtts://a.example:1/x", "a.example", 1, true, false, "x"},
      {"mqtt://a.example/x%20%23/y", "a.example", 1883, false, false, "x #/y"},
      {"mqtt://a.example/#", "a.example", 1883, false, false, "#"},
      {"ws://[::1]:8080/x", "::1", 8080, false, true, "/x"},
      {"wss://u:p@a.example/a%20b", "a.example", 443, true, true, "/a%20b"},
      {"WS://a.example", "a.example", 80, false, true, "/mqtt"},
      {"ws://a.example/", "a.example", 80, false, true, "/mqtt"},
  };
  for (const auto& row : rows) {
    settings to;
    read_url(to, row.text);
    EXPECT_EQ(to.host, row.host) << row.text;
    EXPECT_EQ(to.port, row.port) << row.text;
    EXPECT_EQ(to.secure, row.secure) << row.text;
    EXPECT_EQ(to.websocket, row.websocket) << row.text;
    if (row.websocket) {
      EXPECT_EQ(to.websocket_path, row.topic) << row.text;
    } else {
      EXPECT_EQ(to.topics, std::vector<std::string>{row.topic}) << row.text;
    }
  }
  for (const char* bad :
       {"", "a.example", "http://a.example/x", "ws:/a", "ws:///x", "wss://a:0/x", "mqtt://[::1/x", "mqtt://a/100%"}) {
    settings to;
    EXPECT_THROW(read_url(to, bad), failure) << bad;
  }
}

TEST(route_options, a_url_that_is_complained_of_shows_no_password) {
  const struct {
    const char* text;
    const char* says;
  } rows[] = {
      {"mqtt://u:sekret@a:99999/x", "'mqtt://u:(6 bytes)@a:99999/x' is not the address"},
      {"mqtt://u:sek/ret@[::1/x", "'mqtt://u:(7 bytes)@[::1/x' is not the address"},
      {"http://u:sekret@a/x@y", "@y' is not the address"},
      {"u:sekret@a", "'u:(6 bytes)@a' is not the address"},
      {"mqtt://u:sekret@a/100%", "'mqtt://u:(6 bytes)@a/100%' has a %"},
  };
  for (const auto& row : rows) try {
      settings to;
      read_url(to, row.text);
      ADD_FAILURE() << row.text;
    } catch (const failure& wrong) {
      EXPECT_THAT(wrong.what(), testing::HasSubstr(row.says));
      EXPECT_THAT(wrong.what(), testing::Not(testing::HasSubstr("ret")));
    }
}

TEST(route_options, proxies) {
  const struct {
    const char* text;
    bool socks;
    const char* host;
    std::uint16_t port;
    const char* user;
    const char* password;
  } rows[] = {
      {"socks5h://a.example", true, "a.example", 1080, "", ""},
      {"socks5h://u:p@a.example:1", true, "a.example", 1, "u", "p"},
      {"socks5h://u:a%40%3a%25@a.example", true, "a.example", 1080, "u", "a@:%"},
      {"socks5h://u@a.example", true, "a.example", 1080, "u", ""},
      {"http://a.example", false, "a.example", 80, "", ""},
      {"http://u:p@[::1]", false, "::1", 80, "u", "p"},
      {"http://u:p@[::1]:3128/", false, "::1", 3128, "u", "p"},
  };
  for (const auto& row : rows) {
    const proxy read = read_proxy(row.text);
    EXPECT_EQ(read.socks, row.socks) << row.text;
    EXPECT_EQ(read.host, row.host) << row.text;
    EXPECT_EQ(read.port, row.port) << row.text;
    EXPECT_EQ(read.user, row.user) << row.text;
    EXPECT_EQ(read.password, row.password) << row.text;
  }
  for (const char* bad : {"", "a.example", "socks5://a.example", "socks4://a", "https://a", "http://", "http://a:x",
                          "http://a:70000", "socks5h://u%4@a"})
    EXPECT_THROW(read_proxy(bad), failure) << bad;
}

/// Numbers as they are given, then zero.
class given_numbers final : public entropy {
 public:
  explicit given_numbers(std::uint64_t seed) : next_(seed) {}
  void fill(mutable_bytes out) override {
    for (std::byte& each : out) {
      next_ = next_ * 6364136223846793005u + 1442695040888963407u;
      each = static_cast<std::byte>(next_ >> 56);
    }
  }

 private:
  std::uint64_t next_;
};

TEST(service_records, follow_priority_and_weight) {  // RFC 2782
  std::map<std::string, int> first;
  given_numbers random{4};
  for (int i = 0; i < 2000; ++i) {
    std::vector<service_target> targets = {{20, 0, 1, "later"}, {10, 30, 1, "a"}, {10, 10, 1, "b"}, {10, 0, 1, "c"}};
    put_in_order(targets, random);
    ASSERT_EQ(targets.size(), 4u);
    EXPECT_EQ(targets[3].host, "later");
    ++first[targets[0].host];
  }
  EXPECT_NEAR(first["a"], 1463, 120);  // 30 of 41
  EXPECT_NEAR(first["b"], 488, 90);
  EXPECT_GT(first["c"], 10);  // a small chance, but one
  EXPECT_LT(first["c"], 120);
  std::vector<service_target> none;
  put_in_order(none, random);
  std::vector<service_target> zero = {{1, 0, 1, "x"}, {1, 0, 1, "y"}};
  put_in_order(zero, random);
  EXPECT_EQ(zero.size(), 2u);
}

TEST(service_records, are_read_and_malformed_ones_refused) {
  const std::string head = "\x12\x34\x81\x80\0\1\0\2\0\0\0\0"s;
  const std::string question = "\5_mqtt\4_tcp\1x\0\0\x21\0\1"s;
  const std::string good = head + question + "\xc0\x0c\0\x21\0\1\0\0\0\x3c\0\x0a"s + "\0\1\0\2\7\x5b\1b\xc0\x17"s +
                           "\xc0\x0c\0\x21\0\1\0\0\0\x3c\0\7"s + "\0\0\0\0\0\0\0"s;
  const auto read = read_service(as_bytes(good));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].priority, 1);
  EXPECT_EQ((*read)[0].weight, 2);
  EXPECT_EQ((*read)[0].port, 1883);
  EXPECT_EQ((*read)[0].host, "b.x");
  EXPECT_EQ((*read)[1].host, "");
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(read_service(as_bytes(std::string_view{good}.substr(0, size)))) << size;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {  // none of them reads beyond its end
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    (void)read_service(as_bytes(bad));
  }
}

}  // namespace
}  // namespace recado::app::tools
