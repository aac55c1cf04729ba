// A build with RECADO_WITHOUT_IPV6: addresses of IPv4 alone, and one question for each name.
#include <recado/dns/dialogue_test.hpp>

namespace recado::dns {
namespace {

static_assert(sizeof(ip_address) == 8);

TEST(without_ipv6, text_of_ipv6_is_no_address) {
  EXPECT_EQ(parse_address("192.0.2.1"), ip_address::v4(192, 0, 2, 1));
  EXPECT_FALSE(parse_address("2001:db8::1"));
  EXPECT_FALSE(parse_address("::"));
}

TEST_F(dns_resolver, without_ipv6_asks_for_ipv4_alone) {
  resolve("a.example", family::any);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].type, record_type::a);
  hear(sent[0], reply(sent[0]).address("a.example", "192.0.2.9", 60).address("a.example", "192.0.2.1", 80));
  EXPECT_EQ(taken(), strings{"192.0.2.9 192.0.2.1 ttl 60"});
  resolve("a.example", family::any);
  EXPECT_EQ(taken(), strings{"192.0.2.9 192.0.2.1 ttl 60"});  // remembered
  EXPECT_EQ(sent.size(), 1u);
}

TEST_F(dns_resolver, without_ipv6_refuses_its_addresses_and_knows_localhost) {
  EXPECT_EQ(dns.resolve("2001:db8::7", family::any, now).error(), error::no_address);
  EXPECT_EQ(dns.resolve("::1", family::any, now).error(), error::no_address);
  resolve("localhost", family::any);
  EXPECT_EQ(taken(), strings{"127.0.0.1 ttl 86400"});
}

/// There is one question for the name, and what it failed of is told.
TEST_F(dns_resolver, without_ipv6_tells_why_a_name_has_no_address) {
  const std::pair<unsigned, error> rows[] = {
      {0, error::no_address}, {2, error::server_failure}, {3, error::no_such_name}};
  for (const auto& [code, why] : rows) {
    sent.clear();
    resolve("a.example", family::any);
    ASSERT_EQ(sent.size(), 1u);
    hear(sent[0], reply(sent[0], good | code));
    EXPECT_TRUE(is(last_fault, why)) << code;
  }
}

}  // namespace
}  // namespace recado::dns
