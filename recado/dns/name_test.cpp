#include <gtest/gtest.h>

#include <recado/dns/messages_test.hpp>

namespace recado::dns {
namespace {

using testing::from_hex;
using testing::name_of;

std::string text_of(const name& what) {
  char memory[1200];
  buffer_sink out{memory};
  out << what;
  return std::string{out.view()};
}

TEST(dns_name, reads_and_prints) {
  EXPECT_EQ(text_of(*name::parse("a.example.org")), "a.example.org.");
  EXPECT_EQ(text_of(*name::parse("a.example.org.")), "a.example.org.");
  EXPECT_EQ(text_of(*name::parse("_mqtt._tcp.example")), "_mqtt._tcp.example.");
  EXPECT_EQ(text_of(*name::parse("xn--bcher-kva.example")), "xn--bcher-kva.example.");
  EXPECT_EQ(text_of(*name::parse("b\xc3\xbc"
                                 "cher.example")),
            "b\\195\\188cher.example.");
  EXPECT_EQ(text_of(name{}), ".");
  name dotted;
  ASSERT_TRUE(dotted.append(as_bytes("a.b\\c")));
  EXPECT_EQ(text_of(dotted), "a\\.b\\\\c.");
}

TEST(dns_name, has_the_octets_of_rfc_1035_3_1) {
  // [RFC1035-3.1-a]
  EXPECT_TRUE(equal(name::parse("F.ISI.ARPA")->octets(), from_hex("01 46  03 49 53 49  04 41 52 50 41  00")));
}

// original defect 32: labels over 63 went out.
TEST(dns_name, refuses_what_is_no_name) {
  // [RFC1035-2.3.4-a]
  const std::string label63(63, 'x');
  const std::string longest = label63 + '.' + label63 + '.' + label63 + '.' + std::string(61, 'y');
  EXPECT_EQ(name::parse(longest)->size(), 255u);
  const std::pair<std::string, error> rows[] = {
      {"", error::name_empty},
      {".", error::name_empty},
      {"a..b", error::name_empty},
      {".a", error::name_empty},
      {"a..", error::name_empty},
      {label63 + "x", error::label_too_long},
      {"a." + label63 + "x.b", error::label_too_long},
      {longest + "y", error::name_too_long},
      {"a b", error::name_character},
      {"a\tb", error::name_character},
      {std::string{"a\0b", 3}, error::name_character},
      {"a\\.b", error::name_character},
      {"a\x7f", error::name_character},
  };
  for (const auto& [text, why] : rows) {
    const auto result = name::parse(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error(), why) << text;
  }
}

TEST(dns_name, is_equal_without_regard_to_case) {
  // [RFC1035-2.3.3-a]
  EXPECT_EQ(name_of("Example.ORG"), name_of("eXAMPLE.org"));
  EXPECT_FALSE(name_of("example.org") == name_of("example.or"));
  EXPECT_FALSE(name_of("ab.c") == name_of("a.bc"));
  EXPECT_FALSE(name_of("a@b") == name_of("a`b"));  // only letters are folded
}

TEST(dns_name, knows_where_it_belongs) {
  EXPECT_TRUE(name_of("a.Example.org").is_within(name_of("example.ORG")));
  EXPECT_TRUE(name_of("example.org").is_within(name_of("example.org")));
  EXPECT_TRUE(name_of("example.org").is_within(name{}));
  EXPECT_FALSE(name_of("badexample.org").is_within(name_of("example.org")));
  EXPECT_FALSE(name_of("org").is_within(name_of("example.org")));
}

TEST(dns_name, tells_numbers_from_hosts) {
  EXPECT_TRUE(name_of("1.2.3").ends_in_digits());
  EXPECT_TRUE(name_of("host.256").ends_in_digits());
  EXPECT_TRUE(name_of("host.90").ends_in_digits());
  EXPECT_FALSE(name_of("1.2.3.example").ends_in_digits());
  EXPECT_FALSE(name_of("3com").ends_in_digits());
  EXPECT_FALSE(name{}.ends_in_digits());
}

/// The example of RFC 1035 §4.1.4, from offset 20 on.
std::vector<std::byte> rfc_1035_example() {
  std::vector<std::byte> message(20);
  const auto rest = from_hex(R"(
      01 46 03 49 53 49 04 41 52 50 41 00  # 20: F.ISI.ARPA
      00 00 00 00 00 00 00 00              # 32: something else
      03 46 4f 4f c0 14                    # 40: FOO and a pointer to 20
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  # 46
      c0 1a                                # 64: a pointer to 26, ARPA
      00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  # 66
      00                                   # 92: the root
  )");
  message.insert(message.end(), rest.begin(), rest.end());
  return message;
}

TEST(dns_name, follows_pointers_as_in_rfc_1035_4_1_4) {
  // [RFC1035-4.1.4-a]
  const auto message = rfc_1035_example();
  const std::tuple<std::size_t, const char*, std::size_t> rows[] = {
      {20, "F.ISI.ARPA.", 32}, {40, "FOO.F.ISI.ARPA.", 46}, {64, "ARPA.", 66}, {92, ".", 93}};
  for (const auto& [at, text, end] : rows) {
    std::size_t offset = at;
    name read;
    ASSERT_TRUE(read_name(message, offset, read)) << at;
    EXPECT_EQ(text_of(read), text);
    EXPECT_EQ(offset, end);
    for (std::size_t cut = at; cut < end; ++cut) {
      std::size_t again = at;
      EXPECT_FALSE(read_name(bytes{message}.first(cut), again, read)) << at << " cut at " << cut;
      EXPECT_EQ(again, at);
    }
  }
}

TEST(dns_name, refuses_loops_forward_pointers_and_reserved_labels) {
  // [RFC1035-4.1.4-a]
  const std::pair<const char*, std::size_t> rows[] = {
      {"c0 0c", 12},              // to itself
      {"01 61 c0 0c", 12},        // to its own beginning
      {"c0 0e c0 0c", 12},        // forward, and back again
      {"c0 0e 01 61 00", 12},     // forward
      {"01 61 c0 10 c0 0c", 16},  // a loop of two, entered at the second
      {"01 61 c0 0e", 12},        // into the pointer itself
      {"c0 00", 12},              // into the header
      {"c0", 12},                 // half a pointer
      {"40 61 00", 12},           // reserved label types
      {"80 61 00", 12},
      {"05 61 62", 12},  // a label that breaks off
      {"01 61", 12},     // a name that breaks off
      {"", 12},
  };
  for (const auto& [hex, at] : rows) {
    std::vector<std::byte> message(12);
    const auto rest = from_hex(hex);
    message.insert(message.end(), rest.begin(), rest.end());
    std::size_t offset = at;
    name read;
    EXPECT_FALSE(read_name(message, offset, read)) << hex;
  }
}

TEST(dns_name, refuses_more_than_255_octets_built_of_pointers) {
  // [RFC1035-2.3.4-a]
  std::vector<std::byte> message(12);
  std::size_t previous = 0;
  std::vector<std::size_t> starts;
  for (int i = 0; i < 6; ++i) {  // each adds 64 octets to the one before
    starts.push_back(message.size());
    message.push_back(std::byte{63});
    message.insert(message.end(), 63, std::byte{'x'});
    if (i == 0) message.push_back(std::byte{0});
    else
      message.push_back(static_cast<std::byte>(0xc0 | previous >> 8)),
          message.push_back(static_cast<std::byte>(previous));
    previous = starts.back();
  }
  for (std::size_t i = 0; i < starts.size(); ++i) {
    std::size_t offset = starts[i];
    name read;
    EXPECT_EQ(read_name(message, offset, read), i < 3) << i;
  }
}

}  // namespace
}  // namespace recado::dns
