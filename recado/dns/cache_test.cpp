#include <gtest/gtest.h>

#include <recado/dns/cache.hpp>
#include <recado/dns/messages_test.hpp>

namespace recado::dns {
namespace {

using namespace std::chrono_literals;
using testing::name_of;

class dns_cache : public ::testing::Test {
 protected:
  void store(std::string_view about, record_type type, std::vector<ip_address> addresses, std::uint32_t ttl_s,
             error outcome = {}) {
    cache_.store(name_of(about), type, outcome, addresses, ttl_s, now_);
  }
  std::optional<cached_answer> find(std::string_view about, record_type type = record_type::a) {
    out_.assign(8, {});
    return cache_.find(name_of(about), type, out_, now_);
  }

  std::array<std::byte, 200> memory_{};
  cache cache_{memory_};
  instant now_{std::chrono::hours{1}};
  std::vector<ip_address> out_;
};

TEST_F(dns_cache, remembers_until_the_time_to_live_has_passed) {
  // [RFC1035-3.2.1-a]
  store("a.example", record_type::a, {ip_address::v4(1), ip_address::v4(2)}, 10);
  auto known = find("A.Example");
  ASSERT_TRUE(known);
  EXPECT_EQ(known->outcome, error{});
  EXPECT_EQ(known->ttl_s, 10u);
  EXPECT_EQ(known->addresses, 2u);
  EXPECT_EQ(out_[0], ip_address::v4(1));
  EXPECT_EQ(out_[1], ip_address::v4(2));
  EXPECT_FALSE(find("a.example", record_type::aaaa));
  EXPECT_FALSE(find("b.example"));
  now_ += 9500ms;
  EXPECT_EQ(find("a.example")->ttl_s, 1u);  // rounded up: 0 would say "don't keep"
  now_ += 500ms;
  EXPECT_FALSE(find("a.example"));
  EXPECT_EQ(cache_.used(), 0u);
}

TEST_F(dns_cache, remembers_failures) {
  // [RFC2308-5-a]
  store("none.example", record_type::a, {}, 5, error::no_such_name);
  store("none.example", record_type::aaaa, {}, 5, error::no_address);
  EXPECT_EQ(find("none.example")->outcome, error::no_such_name);
  EXPECT_EQ(find("none.example", record_type::aaaa)->outcome, error::no_address);
  EXPECT_EQ(find("none.example")->addresses, 0u);
}

TEST_F(dns_cache, keeps_no_answer_of_ttl_0_and_replaces_earlier_ones) {
  // [RFC1035-3.2.1-a]
  store("a.example", record_type::a, {ip_address::v4(1)}, 10);
  store("a.example", record_type::a, {ip_address::v4(2)}, 20);
  EXPECT_EQ(find("a.example")->ttl_s, 20u);
  EXPECT_EQ(out_[0], ip_address::v4(2));
  store("a.example", record_type::a, {ip_address::v4(3)}, 0);
  EXPECT_FALSE(find("a.example"));
}

TEST_F(dns_cache, keeps_ipv6_addresses_whole) {
  // [RFC3596-2.2-a]
  const ip_address address = *parse_address("2001:db8::1:2");
  store("six.example", record_type::aaaa, {address}, 10);
  ASSERT_TRUE(find("six.example", record_type::aaaa));
  EXPECT_EQ(out_[0], address);
}

TEST_F(dns_cache, gives_way_to_the_new_what_is_expired_first_then_the_oldest) {
  store("a.example", record_type::a, {ip_address::v4(1)}, 100);
  store("b.example", record_type::a, {ip_address::v4(2)}, 1);
  const std::size_t entry = cache_.used() / 2;
  const std::size_t fits = memory_.size() / entry;
  for (std::size_t i = 2; i < fits; ++i)
    store(std::string(1, static_cast<char>('a' + i)) + ".example", record_type::a, {ip_address::v4(9)}, 100);
  EXPECT_EQ(cache_.used(), fits * entry);
  now_ += 1s;
  store("x.example", record_type::a, {ip_address::v4(3)}, 100);  // takes b's place
  EXPECT_TRUE(find("a.example"));
  EXPECT_FALSE(find("b.example"));
  store("y.example", record_type::a, {ip_address::v4(4)}, 100);  // a was the oldest
  EXPECT_FALSE(find("a.example"));
  EXPECT_TRUE(find("c.example"));
  EXPECT_TRUE(find("x.example"));
  EXPECT_TRUE(find("y.example"));
  EXPECT_LE(cache_.used(), memory_.size());
}

TEST_F(dns_cache, uses_its_memory_to_the_last_octet) {
  store("a.example", record_type::a, {ip_address::v4(1)}, 100);
  store("b.example", record_type::a, {ip_address::v4(2)}, 100);
  cache exact{mutable_bytes{memory_}.first(cache_.used())};
  for (const char* about : {"a.example", "b.example"})
    exact.store(name_of(about), record_type::a, error{}, std::array{ip_address::v4(3)}, 100, now_);
  EXPECT_TRUE(exact.find(name_of("a.example"), record_type::a, out_, now_));
  EXPECT_TRUE(exact.find(name_of("b.example"), record_type::a, out_, now_));
}

TEST_F(dns_cache, leaves_out_what_is_too_large_and_works_without_memory) {
  store("big.example", record_type::a, std::vector<ip_address>(60, ip_address::v4(1)), 100);
  EXPECT_FALSE(find("big.example"));
  cache none{{}};
  none.store(name_of("a"), record_type::a, error{}, {}, 10, now_);
  EXPECT_FALSE(none.find(name_of("a"), record_type::a, {}, now_));
}

TEST_F(dns_cache, says_when_the_room_of_the_caller_was_too_small) {
  store("a.example", record_type::a, {ip_address::v4(1), ip_address::v4(2)}, 10);
  std::array<ip_address, 1> one;
  const auto known = cache_.find(name_of("a.example"), record_type::a, one, now_);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->addresses, 1u);
  EXPECT_TRUE(known->more);
}

TEST_F(dns_cache, does_not_keep_what_has_no_life) {
  store("a.example", record_type::a, {ip_address::v4(1)}, 0);
  EXPECT_EQ(cache_.used(), 0u);
}

}  // namespace
}  // namespace recado::dns
