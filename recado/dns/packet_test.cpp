#include <gtest/gtest.h>

#include <recado/dns/messages_test.hpp>

namespace recado::dns {
namespace {

using testing::from_hex;
using testing::message_builder;
using testing::name_of;

std::string print_of(bytes message) {
  std::vector<char> memory(20000);
  buffer_sink out{memory};
  print(message, out);
  return std::string{out.view()};
}

TEST(dns_packet, encodes_a_query) {
  // [RFC6891-6.1-a]
  // [RFC1035-4.1.1-a]
  const name about = name_of("example.org");
  const auto wanted = from_hex(R"(
      12 34                                            # id
      01 00                                            # query, recursion desired
      00 01  00 00  00 00  00 01                       # one question, one additional record
      07 65 78 61 6d 70 6c 65  03 6f 72 67  00         # example.org.
      00 1c  00 01                                     # AAAA, IN
      00  00 29  04 d0  00 00 00 00  00 00             # OPT: datagrams of 1232 octets
  )");
  const query asked{0x1234, &about, record_type::aaaa, true};
  std::vector<std::byte> out(wanted.size());
  EXPECT_EQ(size(asked), wanted.size());
  ASSERT_EQ(encode(asked, out), wanted.size());
  EXPECT_EQ(out, wanted);
  for (std::size_t room = 0; room < wanted.size(); ++room)
    EXPECT_EQ(encode(asked, mutable_bytes{out}.first(room)).error(), error::no_room);
}

TEST(dns_packet, encodes_a_query_without_edns) {
  // [RFC1035-4.1.1-a]
  const name about = name_of("example.org");
  const auto wanted = from_hex(R"(
      ff fe  01 00  00 01  00 00  00 00  00 00
      07 65 78 61 6d 70 6c 65  03 6f 72 67  00   00 01  00 01
  )");
  std::vector<std::byte> out(query_octets_max);
  EXPECT_EQ(encode({0xfffe, &about, record_type::a, false}, out), wanted.size());
  EXPECT_TRUE(equal(bytes{out}.first(wanted.size()), wanted));
}

TEST(dns_packet, the_longest_query_fits) {
  const std::string label(63, 'x');
  const name about = name_of(label + '.' + label + '.' + label + '.' + std::string(61, 'y'));
  std::array<std::byte, query_octets_max> out{};
  EXPECT_EQ(encode({1, &about, record_type::a, true}, out), query_octets_max);
}

/// An answer with a record of every kind that is printed.
std::vector<std::byte> all_kinds() {
  return from_hex(R"(
      00 2a  85 80  00 01  00 08  00 02  00 01          # response, authoritative, all the counts
      01 61 02 65 78 00  00 ff  00 01                   # 12: a.ex. ANY IN
      c0 0c  00 01  00 01  00 00 0e 10  00 04  c0 00 02 01                     # A 192.0.2.1
      c0 0c  00 1c  00 01  80 00 00 00  00 10  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01  # AAAA
      c0 0c  00 05  00 01  00 00 00 01  00 04  01 62 c0 0e                     # CNAME b.ex.
      c0 0c  00 21  00 01  00 00 00 01  00 0a  00 01 00 02 07 5b 01 6d c0 0e   # SRV 1 2 1883 m.ex.
      c0 0c  00 10  00 01  00 00 00 01  00 05  02 68 69 01 22                  # TXT "hi" "\""
      c0 0c  00 0c  00 01  00 00 00 01  00 02  c0 0e                           # PTR ex.
      c0 0c  ff 00  00 01  00 00 00 01  00 02  ab cd                           # an unknown type
      c0 0c  00 01  00 01  00 00 00 01  00 03  01 02 03                        # A of three octets
      c0 0e  00 02  00 01  00 00 00 01  00 05  02 6e 73 c0 0e                  # NS ns.ex.
      c0 0e  00 06  00 01  00 00 00 3c  00 1a
          02 6e 73 c0 0e  00                                                   # SOA ns.ex. and the root
          00 00 00 01 00 00 00 02 00 00 00 03 00 00 00 04 00 00 00 05
      00  00 29  04 d0  01 00 80 00  00 00                                     # OPT, DNSSEC OK, upper code 1
  )");
}

TEST(dns_packet, prints_field_by_field) {
  auto message = all_kinds();
  EXPECT_EQ(print_of(message),
            "id 42, flags 34176, questions 1, answers 8, authorities 2, additionals 1\n"
            "flags: response, authoritative, recursion desired, recursion available, NOERROR (0)\n"
            "question: a.ex. ANY, class IN\n"
            "answer: a.ex. A, class IN, ttl 3600, length 4, 192.0.2.1\n"
            "answer: a.ex. AAAA, class IN, ttl 2147483648, length 16, 2001:db8::1\n"
            "answer: a.ex. CNAME, class IN, ttl 1, length 4, b.ex.\n"
            "answer: a.ex. SRV, class IN, ttl 1, length 10, priority 1, weight 2, port 1883, target m.ex.\n"
            "answer: a.ex. TXT, class IN, ttl 1, length 5, \"hi\" \"\\\"\"\n"
            "answer: a.ex. PTR, class IN, ttl 1, length 2, ex.\n"
            "answer: a.ex. another type (65280), class IN, ttl 1, length 2, abcd\n"
            "answer: a.ex. A, class IN, ttl 1, length 3, malformed\n"
            "authority: ex. NS, class IN, ttl 1, length 5, ns.ex.\n"
            "authority: ex. SOA, class IN, ttl 60, length 26, ns.ex. . serial 1, refresh 2, retry 3, expire 4, "
            "minimum 5\n"
            "additional: . OPT datagrams up to 1232, version 0, upper bits of the code 1, DNSSEC OK, options of 0 "
            "octets\n");
  for (std::size_t cut = 0; cut < message.size(); ++cut) EXPECT_NE(print_of(bytes{message}.first(cut)), "");
  EXPECT_NE(print_of(bytes{message}.first(message.size() - 1)).find("malformed from octet"), std::string::npos);
  message.push_back(std::byte{0});
  EXPECT_NE(print_of(message).find("surplus: 1 octets"), std::string::npos);
}

TEST(dns_packet, prints_an_soa_that_is_too_short_as_malformed) {
  auto message = all_kinds();
  message.resize(message.size() - 11 - 26 - 2);  // neither OPT nor what the SOA says, nor its length
  message.insert(message.end(), {std::byte{0}, std::byte{2}, std::byte{0}, std::byte{0}});
  EXPECT_NE(print_of(message).find("ex. SOA, class IN, ttl 60, length 2, malformed\n"), std::string::npos);
}

TEST(dns_packet, every_prefix_fails_and_every_flipped_bit_is_harmless) {
  const message_builder whole = message_builder{}
                                    .head(7, testing::good)
                                    .question("a.example", record_type::a)
                                    .alias("a.example", "b.example")
                                    .address("b.example", "192.0.2.7")
                                    .soa("example", 60, 30)
                                    .opt(0);
  const std::vector<std::byte> octets = whole.octets();
  for (std::size_t cut = 0; cut < octets.size(); ++cut) {
    const std::vector<std::byte> prefix(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(cut));
    message_reader reader{prefix};
    for (record what; reader.next(what);) {
    }
    EXPECT_TRUE(reader.failed()) << cut;
  }
  for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
    std::vector<std::byte> flipped = octets;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    message_reader reader{flipped};
    std::size_t records = 0;
    for (record what; reader.next(what);) ++records;
    EXPECT_LE(records, octets.size());
    EXPECT_NE(print_of(flipped), "");
  }
}

TEST(dns_packet, reads_the_data_of_records) {
  // [RFC3596-2.2-a]
  const message_builder built = message_builder{}
                                    .head(1, testing::good)
                                    .record(6, "x", record_type::srv, 9, 11)
                                    .u16(10)
                                    .u16(20)
                                    .u16(8883)
                                    .put(name_of("abc"));
  const bytes message = built;
  record what;
  message_reader reader{message};
  ASSERT_TRUE(reader.next(what));
  name target;
  const auto srv = srv_of(message, what, target);
  ASSERT_TRUE(srv);
  EXPECT_EQ(srv->priority, 10u);
  EXPECT_EQ(srv->weight, 20u);
  EXPECT_EQ(srv->port, 8883u);
  EXPECT_EQ(target, name_of("abc"));
  EXPECT_FALSE(address_of(message, what));
  EXPECT_FALSE(soa_of(message, what));
  what.data.length = 10;  // the name breaks off
  EXPECT_FALSE(srv_of(message, what, target));
}

TEST(dns_packet, a_negative_life_counts_as_none_as_rfc_2181_8_asks) {
  // [RFC2181-8-a]
  record what;
  what.data.ttl = 0x7fffffff;
  EXPECT_EQ(ttl_of(what), 0x7fffffffu);
  what.data.ttl = 0x80000000;
  EXPECT_EQ(ttl_of(what), 0u);
}

TEST(dns_error, every_error_has_cause_and_remedy) {
  for (std::uint16_t value = 1; value < 64; ++value) {
    const auto code = static_cast<error>(value);
    const bool known = words(code) != "an unknown DNS error";
    EXPECT_EQ(known, value <= 8 || (value >= 20 && value <= 34)) << value;
    EXPECT_EQ(remedy(code) != "report this", known) << value;
  }
}

}  // namespace
}  // namespace recado::dns
