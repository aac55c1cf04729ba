// Packets from the link up to what a datagram or segment carries, with all that stands in between.
#include <recado/capture/dissect.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <recado/capture/frame.hpp>
#include <recado/capture/recordings_test.hpp>

namespace recado::capture {
namespace {

using kind = dissected::kind;
using namespace std::string_literals;

constexpr std::uint16_t ethernet = 1;
constexpr std::size_t ethernet_header = 14, ipv4_header = 20, ipv6_header = 40;

ip_address v6(std::uint8_t last) {
  std::array<std::byte, 16> octets{std::byte{0xfd}};
  octets[15] = std::byte{last};
  return ip_address::v6(octets);
}

const party board{{}, {ip_address::v4(10, 0, 0, 1), 40000}}, router{{}, {ip_address::v4(10, 0, 0, 2), 53}};
const party board6{{}, {v6(1), 40000}}, router6{{}, {v6(2), 53}};

kind kind_of(std::string_view frame) { return dissect(ethernet, as_bytes(frame)).what; }

TEST(dissecting, datagrams_and_segments_of_both_families) {
  for (const auto& [from, to] : {std::pair{board, router}, std::pair{board6, router6}}) {
    const std::string datagram = udp_frame(from, to, as_bytes("payload"), 0);
    const dissected udp = dissect(ethernet, as_bytes(datagram));
    EXPECT_EQ(udp.what, kind::udp);
    EXPECT_EQ(udp.from, from.at);
    EXPECT_EQ(udp.to, to.at);
    EXPECT_EQ(as_text(udp.payload), "payload");
    const tcp_fields fields{
        .sequence = 0x12345678, .acknowledgement = 9, .flags = tcp_syn, .maximum_segment_size = 1460};
    const std::string segment = tcp_frame(from, to, fields, as_bytes("hi"), 0);
    const dissected tcp = dissect(ethernet, as_bytes(segment));
    EXPECT_EQ(tcp.what, kind::tcp);
    EXPECT_EQ(tcp.from, from.at);
    EXPECT_EQ(tcp.to, to.at);
    EXPECT_EQ(tcp.sequence, 0x12345678u);
    EXPECT_EQ(tcp.flags, tcp_syn);
    EXPECT_EQ(as_text(tcp.payload), "hi") << "behind the options";
  }
}

TEST(dissecting, what_fills_a_short_frame_is_no_payload) {
  for (const std::string& frame :
       {udp_frame(board, router, as_bytes("a"), 0), udp_frame(board6, router6, as_bytes("a"), 0)}) {
    const std::string filled = frame + std::string(17, '\0');  // Ethernet has at least 60 octets
    EXPECT_EQ(as_text(dissect(ethernet, as_bytes(filled)).payload), "a");
  }
  const std::string segment = tcp_frame(board, router, {.sequence = 1, .flags = tcp_ack}, {}, 0) + std::string(6, '\0');
  EXPECT_TRUE(dissect(ethernet, as_bytes(segment)).payload.empty());
}

TEST(dissecting, a_length_of_zero_is_filled_in_by_the_network_card) {
  std::string four = tcp_frame(board, router, {.sequence = 1, .flags = tcp_ack}, as_bytes("hi"), 0);
  four[ethernet_header + 2] = four[ethernet_header + 3] = 0;
  EXPECT_EQ(as_text(dissect(ethernet, as_bytes(four)).payload), "hi");
  std::string six = tcp_frame(board6, router6, {.sequence = 1, .flags = tcp_ack}, as_bytes("hi"), 0);
  six[ethernet_header + 4] = six[ethernet_header + 5] = 0;
  EXPECT_EQ(as_text(dissect(ethernet, as_bytes(six)).payload), "hi");
}

/// The datagram over IPv6 with extension headers, the first of the kind `first`, in front.
std::string extended(char first, const std::string& headers) {
  std::string frame = udp_frame(board6, router6, as_bytes("payload"), 0);
  frame[ethernet_header + 6] = first;
  frame[ethernet_header + 5] = static_cast<char>(frame[ethernet_header + 5] + static_cast<char>(headers.size()));
  return frame.insert(ethernet_header + ipv6_header, headers);
}

TEST(dissecting, extension_headers_are_passed) {  // RFC 8200 §4.1
  const std::string hops = hex("2b 00 0000 0000 0000"), routing = hex("3c 01") + std::string(14, '\0'),
                    destination = hex("11 00 0000 0000 0000");
  EXPECT_EQ(kind_of(extended(60, destination)), kind::udp);
  const std::string all = extended(0, hops + routing + destination);
  const dissected found = dissect(ethernet, as_bytes(all));
  EXPECT_EQ(found.what, kind::udp);
  EXPECT_EQ(found.to, router6.at);
  EXPECT_EQ(as_text(found.payload), "payload");
  EXPECT_EQ(kind_of(extended(0, hex("2c 00 0000 0000 0000") + hex("11 00 0001 0000 0000"))), kind::fragment);
  EXPECT_EQ(kind_of(extended(0, hex("3a 00 0000 0000 0000"))), kind::other) << "ICMPv6";
  EXPECT_EQ(kind_of(extended(60, hex("11 05 0000 0000 0000"))), kind::malformed) << "it reaches beyond the packet";
}

TEST(dissecting, tags_of_vlans_are_passed) {  // IEEE 802.1Q and 802.1ad
  const std::string frame = udp_frame(board, router, as_bytes("payload"), 0);
  for (const std::string& tags : {hex("8100 0005"), hex("88a8 0005 8100 0006")})
    EXPECT_EQ(kind_of(frame.substr(0, 12) + tags + frame.substr(12)), kind::udp);
}

TEST(dissecting, packets_without_a_link_below) {
  const std::string four = udp_frame(board, router, as_bytes("payload"), 0).substr(ethernet_header),
                    six = udp_frame(board6, router6, as_bytes("payload"), 0).substr(ethernet_header);
  for (const std::uint16_t link :
       std::initializer_list<std::uint16_t>{12, 14, 101}) {  // LINKTYPE_RAW, as several systems number it
    EXPECT_EQ(dissect(link, as_bytes(four)).to, router.at) << link;
    EXPECT_EQ(dissect(link, as_bytes(six)).to, router6.at) << link;
  }
  EXPECT_EQ(dissect(228, as_bytes(four)).to, router.at);  // LINKTYPE_IPV4
  EXPECT_EQ(dissect(229, as_bytes(six)).to, router6.at);  // LINKTYPE_IPV6
  EXPECT_EQ(dissect(101, as_bytes(std::string(40, '\x50'))).what, kind::malformed) << "version 5";
  EXPECT_EQ(dissect(101, {}).what, kind::malformed);
}

TEST(dissecting, fragments_and_other_protocols_are_told_apart) {
  std::string frame = udp_frame(board, router, as_bytes("payload"), 0);
  frame[ethernet_header + 6] = 0x20;  // RFC 791 §3.1: more fragments
  EXPECT_EQ(kind_of(frame), kind::fragment);
  frame[ethernet_header + 6] = 0, frame[ethernet_header + 7] = 1;  // an offset
  EXPECT_EQ(kind_of(frame), kind::fragment);
  frame[ethernet_header + 7] = 0, frame[ethernet_header + 9] = 1;  // ICMP
  EXPECT_EQ(kind_of(frame), kind::other);
  frame[ethernet_header - 1] = 6;  // ARP
  EXPECT_EQ(kind_of(frame), kind::other);
  EXPECT_EQ(dissect(105, as_bytes(frame)).what, kind::unknown_link);
}

TEST(dissecting, lengths_that_contradict_each_other_are_malformed) {
  struct {
    const char* about;
    std::size_t at;
    char value;
  } const rows[] = {{"a header of IPv4 below its least", ethernet_header, 0x44},
                    {"a header of IPv4 beyond the packet", ethernet_header, 0x4f},
                    {"more than was recorded", ethernet_header + 3, 36},
                    {"less than the header", ethernet_header + 3, 19},
                    {"a datagram below its header", ethernet_header + ipv4_header + 5, 7},
                    {"a datagram beyond its packet", ethernet_header + ipv4_header + 5, 16}};
  for (const auto& each : rows) {
    std::string frame = udp_frame(board, router, as_bytes("payload"), 0);
    frame[each.at] = each.value;
    EXPECT_EQ(kind_of(frame), kind::malformed) << each.about;
  }
  EXPECT_EQ(kind_of(udp_frame(board, router, {}, 0)), kind::udp) << "an empty one is none of them";
  for (const char words : {'\x40', '\x70'}) {  // RFC 9293 §3.1: from 5 words up to the segment's end
    std::string frame = tcp_frame(board, router, {.sequence = 1, .flags = tcp_ack}, as_bytes("four"), 0);
    frame[ethernet_header + ipv4_header + 12] = words;
    EXPECT_EQ(kind_of(frame), kind::malformed);
  }
  const std::string whole = udp_frame(board6, router6, as_bytes("payload"), 0);
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_EQ(kind_of(whole.substr(0, size)), kind::malformed);
}

}  // namespace
}  // namespace recado::capture
