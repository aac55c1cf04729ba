// What lies around IP: each header by hand, at the bounds of every length.
#include <gtest/gtest.h>

#include <string>

#include <recado/capture/dissect.hpp>
#include <recado/capture/hex_text.hpp>

namespace recado::capture {
namespace {

using kind = dissected::kind;

std::string hex(std::string_view text) { return read_hex(text).value(); }

/// A datagram of 10.0.0.1:12345 to 10.0.0.2:1883 that carries "ping".
const std::string udp = "3039 075b 000c 0000 70696e67";
const std::string ipv4 = "4500 0020 0000 0000 4011 0000 0a000001 0a000002" + udp;
const std::string ipv6 = "60000000 000c 11 40 20010db8000000000000000000000001 20010db8000000000000000000000002" + udp;
const std::string addresses = "02005e000001 02005e000002";  // of Ethernet
/// A header of IPv4 before something of this protocol and so many octets.
std::string around(const char* protocol, std::size_t octets) {
  const std::size_t length = 20 + octets;
  const char digits[] = "0123456789abcdef";
  const std::string two = {digits[length >> 12 & 15], digits[length >> 8 & 15], digits[length >> 4 & 15],
                           digits[length & 15]};
  return "4500 " + two + " 0000 0000 40" + protocol + " 0000 c0000201 c0000202 ";
}

kind kind_of(std::uint16_t link, const std::string& digits) {
  const std::string frame = hex(digits);
  return dissect(link, as_bytes(frame)).what;
}

TEST(dissect, finds_the_datagram_in_all_that_is_around_it) {
  const struct {
    const char* name;
    std::uint16_t link;
    std::string frame;
  } rows[] = {
      {"Ethernet", 1, addresses + "0800" + ipv4},
      {"VLAN", 1, addresses + "8100 0007 86dd" + ipv6},
      {"PPPoE", 1, addresses + "8864 11 00 0001 0022 0021" + ipv4},
      {"PPPoE in VLAN, IPv6", 1, addresses + "88a8 0007 8864 11 00 0001 0036 0057" + ipv6},
      {"PPPoE with padding", 1, addresses + "8864 11 00 0001 0022 0021" + ipv4 + "000000"},
      {"a compressed protocol", 1, addresses + "8864 11 00 0001 0021 21" + ipv4},
      {"PPPoE alone", 51, "11 00 0001 0022 0021" + ipv4},
      {"PPP", 9, "0021" + ipv4},
      {"PPP in HDLC", 9, "ff03 0057" + ipv6},
      {"MPLS", 1, addresses + "8847 000101ff" + ipv4},
      {"MPLS, two labels", 1, addresses + "8848 000100ff 000021ff" + ipv6},
      {"GRE", 101, around("2f", 4 + 32) + "0000 0800" + ipv4},
      {"GRE in IPv6", 229,
       "60000000 0024 2f 40 20010db8000000000000000000000001 20010db8000000000000000000000002 0000 0800" + ipv4},
      {"GRE with all fields", 101, around("2f", 16 + 32) + "b000 0800 00000000 00000007 00000001" + ipv4},
      {"GRE with a key, Ethernet", 101, around("2f", 8 + 14 + 32) + "2000 6558 00000007" + addresses + "0800" + ipv4},
      {"GRE with MPLS", 101, around("2f", 8 + 32) + "0000 8847 000101ff" + ipv4},
      {"IP in IP", 101, around("04", 32) + ipv4},
      {"IPv6 in IPv4", 101, around("29", 52) + ipv6},
      {"VXLAN", 101,
       around("11", 8 + 8 + 14 + 32) + "c000 12b5 003e 0000 08000000 00000700" + addresses + "0800" + ipv4},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const std::string frame = hex(row.frame);
    const dissected found = dissect(row.link, as_bytes(frame));
    ASSERT_EQ(found.what, kind::udp);
    EXPECT_EQ(as_text(found.payload), "ping");
    EXPECT_EQ(found.from.port, 12345);
    EXPECT_EQ(found.to.port, 1883);
    const std::size_t padding = frame.size() - (frame.find("ping") + 4);
    for (std::size_t size = 0; size + padding < frame.size(); ++size) {
      const auto part = dissect(row.link, as_bytes(frame).first(size));
      EXPECT_NE(part.what, kind::udp) << size << " octets of " << frame.size();
      EXPECT_NE(part.what, kind::tcp) << size;
    }
    for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
      std::string bad = frame;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
      (void)dissect(row.link, as_bytes(bad));
    }
  }
}

TEST(dissect, lengths_at_their_bounds) {
  EXPECT_EQ(kind_of(51, "11 00 0001 0000"), kind::malformed);              // no protocol
  EXPECT_EQ(kind_of(51, "11 00 0001 0001 00"), kind::malformed);           // half of it
  EXPECT_EQ(kind_of(51, "11 00 0001 0002 c021"), kind::other);             // LCP
  EXPECT_EQ(kind_of(51, "11 00 0001 0003 c021"), kind::malformed);         // more than there is
  EXPECT_EQ(kind_of(51, "11 00 0001 0021 0021" + ipv4), kind::malformed);  // one less than the IP packet
  EXPECT_EQ(kind_of(51, "11 00 0001 0023 0021" + ipv4), kind::malformed);  // one more than there is
  EXPECT_EQ(kind_of(51, "11 a7 0001 0000"), kind::other);                  // PADT
  EXPECT_EQ(kind_of(51, "12 00 0001 0022 0021" + ipv4), kind::other);      // another type
  EXPECT_EQ(kind_of(51, "11 00 0001 00"), kind::malformed);
  EXPECT_EQ(kind_of(9, ""), kind::malformed);
  EXPECT_EQ(kind_of(9, "ff03 00"), kind::malformed);
  EXPECT_EQ(kind_of(9, "21"), kind::malformed);
  EXPECT_EQ(kind_of(1, addresses + "8847 000101"), kind::malformed);
  EXPECT_EQ(kind_of(1, addresses + "8847 000101ff"), kind::malformed);           // nothing below
  EXPECT_EQ(kind_of(1, addresses + "8847 000100ff 000100ff"), kind::malformed);  // no bottom
  EXPECT_EQ(kind_of(1, addresses + "8847 000101ff 00000000"), kind::other);      // a pseudowire's control word
  EXPECT_EQ(kind_of(101, around("2f", 3) + "0000 08"), kind::malformed);
  EXPECT_EQ(kind_of(101, around("2f", 4) + "0000 0800"), kind::malformed);
  EXPECT_EQ(kind_of(101, around("2f", 7) + "2000 0800 000000"), kind::malformed);
  EXPECT_EQ(kind_of(101, around("2f", 4 + 32) + "0001 0800" + ipv4), kind::other);  // version 1
  EXPECT_EQ(kind_of(101, around("2f", 4 + 32) + "4000 0800" + ipv4), kind::other);  // routing
  EXPECT_EQ(kind_of(101, around("2f", 4) + "0000 0806"), kind::other);
  const std::string vxlan = "c000 12b5 000f 0000 08000000 000007";  // one octet short
  EXPECT_EQ(kind_of(101, around("11", 15) + vxlan), kind::udp);
  EXPECT_EQ(kind_of(101, around("11", 16) + "c000 12b5 0010 0000 00000000 00000700"), kind::udp);  // without "I"
  EXPECT_EQ(kind_of(101, around("11", 16) + "c000 12b5 0010 0000 08000000 00000700"), kind::malformed);
}

TEST(dissect, tunnels_in_tunnels_have_an_end) {
  const auto nested = [](int times) {
    std::string frame = ipv4;
    std::size_t size = 32;
    for (int i = 0; i < times; ++i, size += 20) frame = around("04", size) + frame;
    return kind_of(101, frame);
  };
  EXPECT_EQ(nested(7), kind::udp);
  EXPECT_EQ(nested(8), kind::other);
  EXPECT_EQ(nested(3'000), kind::other);
  std::string frames;
  for (int i = 0; i < 10'000; ++i) frames += addresses + "6558";
  EXPECT_EQ(kind_of(1, frames), kind::other);
}

}  // namespace
}  // namespace recado::capture
