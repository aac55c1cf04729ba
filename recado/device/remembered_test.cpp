#include <recado/device/remembered.hpp>

#include <recado/device/presence.hpp>
#include <recado/device/server.hpp>
#include <recado/device/simulated_board_test.hpp>

namespace recado::device {
namespace {

using namespace std::chrono_literals;

dhcp::lease lease_of(std::uint8_t last) {
  return *dhcp::static_lease(ip_address::v4(192, 0, 2, last), 24, ip_address::v4(192, 0, 2, 1));
}

TEST(remembered, nothing_at_first) {
  memory_storage store;
  remembered memory{store};
  EXPECT_TRUE(memory.works());
  EXPECT_FALSE(memory.address());
  EXPECT_FALSE(memory.last_time());
}

TEST(remembered, lease_and_time_over_a_reset) {
  memory_storage store;
  const utc_time time{1'800'000'000s};
  for (std::uint8_t last = 10; last < 20; ++last) {
    {
      remembered memory{store};
      memory.keep(lease_of(last));
      memory.keep(time + std::chrono::seconds{last});
    }
    remembered again{store};
    EXPECT_EQ(again.address(), ip_address::v4(192, 0, 2, last));
    EXPECT_EQ(again.last_time(), time + std::chrono::seconds{last});
  }
}

TEST(remembered, power_lost_at_any_byte_leaves_the_older_record) {
  for (std::size_t cut = 0; cut < 512; ++cut) {
    memory_storage store;
    { remembered{store}.keep(lease_of(10)); }
    store.power_lost_after = cut;
    { remembered{store}.keep(lease_of(11)); }
    store.power_lost_after = 4096;
    const ip_address found = remembered{store}.address();
    EXPECT_TRUE(found == ip_address::v4(192, 0, 2, 10) || found == ip_address::v4(192, 0, 2, 11)) << cut;
  }
}

TEST(remembered, damaged_records_are_not_believed) {
  memory_storage store;
  { remembered{store}.keep(lease_of(10)); }
  const auto good = store.data;
  for (std::size_t place = 0; place < 64; ++place) {
    store.data = good;
    store.data[place] ^= std::byte{1}, store.data[place + 1024] ^= std::byte{1};
    const ip_address found = remembered{store}.address();
    EXPECT_TRUE(!found || found == ip_address::v4(192, 0, 2, 10)) << place;
  }
}

TEST(remembered, a_storage_that_fails_is_said) {
  memory_storage store;
  store.fails = true;
  EXPECT_FALSE(remembered{store}.works());
}

TEST(server, names_addresses_and_ports) {
  struct row {
    const char* text;
    const char* host;
    int port;  // 0: refused
  };
  const row table[] = {
      {"a.example", "a.example", 53},
      {"a.example:1883", "a.example", 1883},
      {"10.0.0.1", "10.0.0.1", 53},
      {"10.0.0.1:1", "10.0.0.1", 1},
      {"::1", "::1", 53},
      {"[::1]:8883", "::1", 8883},
      {"[::1]", "::1", 53},
      {"", "", 0},
      {":1", "", 0},
      {"a:", "", 0},
      {"a:0", "", 0},
      {"a:65536", "", 0},
      {"a:1x", "", 0},
      {"a b", "", 0},
      {"[::1", "", 0},
      {"[::1]x", "", 0},
      {"mqtt://a", "", 0},
      {"a:65535", "a", 65535},
  };
  for (const row& each : table) {
    const auto found = parse_server(each.text, 53);
    ASSERT_EQ(found.has_value(), each.port != 0) << each.text;
    if (!found) continue;
    EXPECT_EQ(found->host, each.host);
    EXPECT_EQ(found->port, each.port);
  }
}

TEST(command, every_command_and_nothing_else) {
  for (unsigned led = 1; led <= 3; ++led) {
    const std::string number = std::to_string(led);
    EXPECT_EQ(parse_command(as_bytes("LD" + number + "ON")), (led_command{led, true}));
    EXPECT_EQ(parse_command(as_bytes("LD" + number + "OFF")), (led_command{led, false}));
  }
  for (const char* wrong : {"", "L", "LD", "LD1", "LD0ON", "LD4OFF", "ld1on", "LD1ON ", "LD1ON\n", "LD11ON", "LDxON"})
    EXPECT_FALSE(parse_command(as_bytes(wrong))) << wrong;
}

}  // namespace
}  // namespace recado::device
