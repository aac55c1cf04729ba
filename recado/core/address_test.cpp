#include <gtest/gtest.h>

#include <recado/core/address.hpp>

namespace recado {
namespace {

template <class T>
std::string text_of(const T& value) {
  char memory[80];
  buffer_sink out{memory};
  out << value;
  return std::string{out.view()};
}

TEST(address, reads_and_prints_ipv4) {
  for (const char* good : {"0.0.0.0", "192.0.2.1", "255.255.255.255"}) {
    const auto address = parse_address(good);
    ASSERT_TRUE(address) << good;
    EXPECT_EQ(text_of(*address), good);
  }
}

TEST(address, has_names_for_those_of_all) {
  EXPECT_EQ(text_of(ip_address::v4_any()), "0.0.0.0");
  EXPECT_EQ(text_of(ip_address::v4_broadcast()), "255.255.255.255");
}

TEST(address, refuses_what_is_not_ipv4) {
  for (const char* bad : {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1..3.4", "1.2.3.", "1.2.3.4 ",
                          "0x1.2.3.4", "1.2.3.1234"})
    EXPECT_FALSE(parse_address(bad)) << bad;
}

TEST(address, prints_ipv6_as_rfc_5952_asks) {
  const std::pair<const char*, const char*> rows[] = {
      {"::", "::"},
      {"::1", "::1"},
      {"2001:0db8:0:0:0:0:0:1", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // one zero group alone is not shortened
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // the longest run
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // the first of two equal runs
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"fe80::", "fe80::"},
      {"::ffff:192.0.2.1", "::ffff:c000:201"},
      {"ABCD::EF", "abcd::ef"},
      {"f:10:ff:100:fff:1000:ffff:1", "f:10:ff:100:fff:1000:ffff:1"},
  };
  for (const auto& [in, out] : rows) {
    const auto address = parse_address(in);
    ASSERT_TRUE(address) << in;
    EXPECT_EQ(text_of(*address), out) << in;
  }
}

TEST(address, refuses_what_is_not_ipv6) {
  for (const char* bad : {":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g",
                          "1:2:3:4:5:6:7:8::", "::1.2.3", "1.2.3.4::", ":1::", "1:2:3:4:5:6:7:"})
    EXPECT_FALSE(parse_address(bad)) << bad;
}

TEST(address, prints_endpoints) {
  EXPECT_EQ(text_of(endpoint{ip_address::v4(10, 0, 0, 1), 1883}), "10.0.0.1:1883");
  EXPECT_EQ(text_of(endpoint{*parse_address("::1"), 53}), "[::1]:53");
}

TEST(address, hardware_addresses) {
  EXPECT_EQ(text_of(*parse_mac("02:00:5e:10:00:fF")), "02:00:5e:10:00:ff");
  for (const char* bad : {"", "02:00:5e:10:00", "02:00:5e:10:00:fg", "02-00-5e-10-00-ff", "002:0:5e:10:00:ff:"})
    EXPECT_FALSE(parse_mac(bad)) << bad;
}

TEST(address, a_peer_is_the_same_whoever_knows_its_scope) {
  std::array<std::byte, 16> link_local{std::byte{0xfe}, std::byte{0x80}};
  link_local[15] = std::byte{1};
  endpoint one{ip_address::v6(link_local), 53}, other = one;
  one.address.scope = 2;
  EXPECT_TRUE(same_peer(one, other) && same_peer(other, one) && same_peer(one, one));
  other.address.scope = 3;
  EXPECT_FALSE(same_peer(one, other)) << "on another interface";
  other = one, other.port = 54;
  EXPECT_FALSE(same_peer(one, other));
  other = one, other.address.octets[15] = std::byte{2};
  EXPECT_FALSE(same_peer(one, other));
  EXPECT_FALSE(same_peer({ip_address::v4(0, 0, 0, 0), 1}, {ip_address::v6({}), 1}));
}

TEST(address, netmasks) {
  for (unsigned length = 0; length <= 32; ++length) EXPECT_EQ(prefix_length(netmask_of(length)), length);
  EXPECT_FALSE(prefix_length(ip_address::v4(255, 0, 255, 0)));
  EXPECT_FALSE(prefix_length(ip_address{}));
}

}  // namespace
}  // namespace recado
