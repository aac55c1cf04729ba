#include <gtest/gtest.h>

#include <recado/dns/answer.hpp>
#include <recado/dns/messages_test.hpp>

namespace recado::dns {
namespace {

using testing::good;
using testing::message_builder;
using testing::name_of;

class dns_answer : public ::testing::Test {
 protected:
  static message_builder reply(unsigned flags = good) {
    return message_builder{}.head(7, flags).question("a.example", record_type::a);
  }
  reading read(bytes message, unsigned aliases_left = aliases_max) {
    return read_answer(message, asked_, aliases_left, room_, alias_);
  }
  void expect_no(const message_builder& built, error why) {
    const reading said = read(built);
    EXPECT_EQ(said.what, verdict::no);
    EXPECT_EQ(said.why, why);
  }

  const name about_ = name_of("a.example");
  query asked_{7, &about_, record_type::a, true};
  std::array<ip_address, 64> room_{};
  name alias_;
};

// original defect 31: identifier, QR, RCODE, ANCOUNT and type of an answer were not looked at.
TEST_F(dns_answer, must_answer_exactly_this_question) {
  // [RFC5452-9.1-a]
  EXPECT_TRUE(answers(reply(), asked_));
  EXPECT_TRUE(answers(message_builder{}.head(7, good).question("A.EXAMPLE", record_type::a), asked_));
  const message_builder rows[] = {
      message_builder{}.head(8, good).question("a.example", record_type::a),           // another identifier
      message_builder{}.head(7, 0x0100).question("a.example", record_type::a),         // a query
      message_builder{}.head(7, good | 0x2800).question("a.example", record_type::a),  // another opcode
      message_builder{}.head(7, good).question("b.example", record_type::a),           // another name
      message_builder{}.head(7, good).question("a.example", record_type::aaaa),        // another type
      message_builder{}.head(7, good).question("a.example", record_type::a, 3),        // another class
      message_builder{}.head(7, good),                                                 // no question
      message_builder{}.head(7, good | 2),                                             // SERVFAIL without question
      message_builder{}.head(7, good).question("a.example", record_type::a).question("a.example", record_type::a),
  };
  for (const message_builder& row : rows) EXPECT_FALSE(answers(row, asked_)) << &row - rows;
  // Who understood nothing can't repeat the question.
  EXPECT_TRUE(answers(message_builder{}.head(7, good | 1), asked_));
}

// original defect 32: an answer shorter than 4 octets was read before its beginning.
TEST_F(dns_answer, short_messages_are_none) {
  const std::vector<std::byte> whole = reply().octets();
  for (std::size_t cut = 0; cut < whole.size(); ++cut) EXPECT_FALSE(answers(bytes{whole}.first(cut), asked_)) << cut;
}

TEST_F(dns_answer, gives_all_addresses_in_order) {
  // [RFC3596-2.5-a]
  message_builder built = reply();
  for (int i = 0; i < 60; ++i)
    built.address("a.example", "192.0.2." + std::to_string(i), 100 + 60u - static_cast<unsigned>(i));
  const reading said = read(built);
  EXPECT_EQ(said.what, verdict::addresses);
  ASSERT_EQ(said.found, 60u);
  EXPECT_EQ(said.ttl_s, 101u);  // the least
  EXPECT_FALSE(said.more);
  for (std::uint8_t i = 0; i < 60; ++i) EXPECT_EQ(room_[i], ip_address::v4(192, 0, 2, i));
}

TEST_F(dns_answer, says_when_there_were_more_than_fit) {
  message_builder built = reply();
  for (int i = 0; i < 65; ++i) built.address("a.example", "192.0.2." + std::to_string(i));
  const reading said = read(built);
  EXPECT_EQ(said.what, verdict::addresses);
  EXPECT_EQ(said.found, 64u);
  EXPECT_TRUE(said.more);
}

TEST_F(dns_answer, takes_only_records_of_the_name_the_type_and_the_class) {
  // [RFC1035-4.1.3-a]
  const reading said = read(reply()
                                .address("b.example", "192.0.2.1")
                                .address("a.example", "2001:db8::1")
                                .record(6, "a.example", record_type::a, 300, 4, 3)
                                .u32(1)
                                .record(10, "a.example", record_type::a, 300, 4)  // additional
                                .u32(2)
                                .opt(0));
  EXPECT_EQ(said.what, verdict::negative);
  EXPECT_EQ(said.why, error::no_address);
  EXPECT_EQ(said.ttl_s, 0u);  // no SOA: not to be remembered (RFC 2308 §5)
}

TEST_F(dns_answer, follows_aliases_in_any_order_of_records) {
  // [RFC1035-5.3.3-a]
  const reading said = read(reply()
                                .address("c.example", "192.0.2.3", 50)
                                .alias("b.example", "C.example", 40)
                                .alias("a.example", "b.example", 60));
  EXPECT_EQ(said.what, verdict::addresses);
  EXPECT_EQ(said.found, 1u);
  EXPECT_EQ(said.aliases, 2u);
  EXPECT_EQ(said.ttl_s, 40u);  // the least of the whole chain
}

TEST_F(dns_answer, wants_to_ask_again_where_the_chain_breaks_off) {
  const reading said = read(reply().alias("a.example", "b.example", 60).alias("b.example", "c.other", 50));
  EXPECT_EQ(said.what, verdict::alias);
  EXPECT_EQ(alias_, name_of("c.other"));
  EXPECT_EQ(said.aliases, 2u);
  EXPECT_EQ(said.ttl_s, 50u);
}

TEST_F(dns_answer, gives_up_on_loops_of_aliases) {
  // [RFC1035-5.3.3-a]
  expect_no(reply().alias("a.example", "a.example"), error::alias_loop);
  expect_no(reply().alias("a.example", "b.example").alias("b.example", "a.example"), error::alias_loop);
  EXPECT_EQ(read(reply().alias("a.example", "b.example").address("b.example", "192.0.2.1"), 0).why, error::alias_loop);
}

TEST_F(dns_answer, a_long_chain_is_followed_up_to_the_limit) {
  for (unsigned length : {aliases_max, aliases_max + 1}) {
    message_builder built = reply();
    std::string last = "a.example";
    for (unsigned i = 0; i < length; ++i) {
      const std::string next = std::string(1, static_cast<char>('b' + i)) + ".example";
      built.alias(last, next);
      last = next;
    }
    built.address(last, "192.0.2.1");
    EXPECT_EQ(read(built).what, length == aliases_max ? verdict::addresses : verdict::no) << length;
  }
}

TEST_F(dns_answer, tells_kinds_of_nothing_apart) {
  // [RFC2308-5-a]
  // [RFC1035-4.1.1-b]
  reading said = read(reply(good | 3).soa("example", 600, 30));
  EXPECT_EQ(said.why, error::no_such_name);
  EXPECT_EQ(said.ttl_s, 30u);  // RFC 2308 §5: the lesser of life and last number
  said = read(reply(good | 3).soa("example", 20, 30));
  EXPECT_EQ(said.ttl_s, 20u);
  said = read(reply(good | 3));
  EXPECT_EQ(said.what, verdict::negative);
  EXPECT_EQ(said.ttl_s, 0u);
  said = read(reply().soa("example", 600, 30));
  EXPECT_EQ(said.why, error::no_address);
  EXPECT_EQ(said.ttl_s, 30u);
  said = read(reply().soa("other", 600, 30));  // not the zone of that name
  EXPECT_EQ(said.ttl_s, 0u);
  said = read(reply(good | 3).soa("example", 0xffffff, 0xffffff));
  EXPECT_EQ(said.ttl_s, negative_ttl_s_max);
  // An alias whose target doesn't exist (RFC 2308 §2.1), or has no address.
  said = read(reply(good | 3).alias("a.example", "b.example", 10).soa("example", 600, 30));
  EXPECT_EQ(said.why, error::no_such_name);
  EXPECT_EQ(said.ttl_s, 10u);
  said = read(reply().alias("a.example", "b.example", 50).soa("example", 600, 30));
  EXPECT_EQ(said.what, verdict::negative);
  EXPECT_EQ(said.why, error::no_address);
}

TEST_F(dns_answer, tells_servers_that_say_no) {
  // [RFC6891-6.1-a]
  // [RFC1035-4.1.1-b]
  expect_no(reply(good | 2), error::server_failure);
  expect_no(reply(good | 5), error::refused);
  expect_no(reply(good | 9), error::other_code);
  EXPECT_EQ(read(reply(good | 9)).detail, 9u);
  expect_no(reply(0x8100).referral("example", "ns.example"), error::no_recursion);
  for (const auto& built : {reply(good | 1), reply(good | 4), reply().opt(1)}) {
    asked_.edns = true;
    EXPECT_EQ(read(built).what, verdict::without_edns);
    asked_.edns = false;
    EXPECT_EQ(read(built).what, verdict::no);
  }
  expect_no(reply(good | 1), error::format_error);
  expect_no(reply(good | 4), error::not_implemented);
}

TEST_F(dns_answer, refuses_malformed_ones) {
  const std::vector<std::byte> whole = reply().address("a.example", "192.0.2.1").octets();
  const std::size_t question_end = reply().octets().size();
  for (std::size_t cut = question_end; cut < whole.size(); ++cut) {
    const reading said = read(bytes{whole}.first(cut));
    EXPECT_EQ(said.what, verdict::no);
    EXPECT_EQ(said.why, error::malformed_answer) << cut;
  }
  expect_no(reply().record(6, "a.example", record_type::a, 9, 3).u16(1).u8(1), error::malformed_answer);
  expect_no(reply().record(6, "a.example", record_type::a, 9, 16).u32(1).u32(1).u32(1).u32(1), error::malformed_answer);
  expect_no(reply().record(6, "a.example", record_type::cname, 9, 2).u16(0xffff), error::malformed_answer);
  expect_no(reply().record(6, "a.example", record_type::cname, 9, 3).u16(0xc00c).u8(0), error::malformed_answer);
}

TEST_F(dns_answer, takes_what_a_cut_answer_holds) {
  const std::vector<std::byte> whole =
      reply(good | 0x0200).address("a.example", "192.0.2.1").address("a.example", "192.0.2.2").octets();
  EXPECT_EQ(read(whole).what, verdict::cut);
  EXPECT_EQ(read(whole).found, 2u);
  EXPECT_EQ(read(bytes{whole}.first(whole.size() - 1)).found, 1u);
  EXPECT_EQ(read(bytes{whole}.first(whole.size() - 1)).what, verdict::cut);
}

TEST_F(dns_answer, every_flipped_bit_is_harmless) {
  const std::vector<std::byte> whole =
      reply().alias("a.example", "b.example").address("b.example", "192.0.2.1").soa("example", 5, 5).opt(0).octets();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::vector<std::byte> flipped = whole;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    if (!answers(flipped, asked_)) continue;
    const reading said = read(flipped);
    EXPECT_LE(said.found, 1u);
  }
}

}  // namespace
}  // namespace recado::dns
