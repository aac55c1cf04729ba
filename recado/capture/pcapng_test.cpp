#include <recado/capture/pcapng.hpp>

#include <gtest/gtest.h>

#include <recado/capture/frame.hpp>

namespace recado::capture {
namespace {

std::string octets(std::string_view hex) {
  std::string out;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ' || c == '\n') continue;
    digits += c;
    if (digits.size() == 2) out += static_cast<char>(std::stoi(digits, nullptr, 16)), digits.clear();
  }
  return out;
}

std::string hex(std::string_view data) {
  std::string out;
  for (const char c : data) {
    char two[4];
    std::snprintf(two, sizeof two, "%02x ", static_cast<unsigned char>(c));
    out += two;
  }
  return out;
}

/// draft-ietf-opsawg-pcapng §3.1: type, length, body, length.
TEST(pcapng, blocks_are_those_of_the_draft) {
  struct row {
    const char* name;
    std::string made;
    const char* bytes;
  };
  const utc_time when{duration{0x0000'0006'1234'5678}};
  const row table[] = {
      {"section header", section_header("recado"),
       "0a0d0d0a 2c000000"           // type, length
       "4d3c2b1a 0100 0000"          // byte order, version 1.0
       "ffffffffffffffff"            // the section's length isn't known
       "0400 0600 72656361646f0000"  // shb_userappl "recado"
       "0000 0000 2c000000"},        // end of options, length
      {"interface description", interface_description("it"),
       "01000000 28000000"
       "0100 0000 00000000"  // Ethernet, no limit of length
       "0200 0200 69740000"  // if_name "it"
       "0900 0100 06000000"  // if_tsresol 10^-6
       "0000 0000 28000000"},
      {"enhanced packet", enhanced_packet(as_bytes("abcde"), when),
       "06000000 28000000"
       "00000000"           // the interface
       "06000000 78563412"  // time stamp, the high half first
       "05000000 05000000"  // captured and original length
       "6162636465000000"   // padded to four bytes
       "28000000"},
      {"decryption secrets", decryption_secrets("ab\n"),
       "0a000000 18000000"
       "4b534c54 03000000"  // TLS key log, length
       "61620a00"
       "18000000"},
  };
  for (const row& each : table) EXPECT_EQ(hex(each.made), hex(octets(each.bytes))) << each.name;
}

const party board{{{std::byte{2}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}}},
                  {ip_address::v4(10, 0, 0, 1), 68}};
const party broker{{{std::byte{2}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{2}}},
                   {ip_address::v4(10, 0, 0, 2), 67}};

TEST(frames, udp_over_ipv4) {
  EXPECT_EQ(hex(udp_frame(board, broker, as_bytes("hi"), 7)),
            hex(octets("020000000002 020000000001 0800"
                       "4500 001e 0007 4000 40 11 26c6 0a000001 0a000002"  // RFC 791: version, length, id, DF, TTL, UDP
                       "0044 0043 000a 82e7 6869")));                      // RFC 768
}

TEST(frames, tcp_over_ipv4) {
  EXPECT_EQ(hex(tcp_frame(board, broker, {1000, 0, tcp_syn, 1460}, {}, 1)),
            hex(octets("020000000002 020000000001 0800"
                       "4500 002c 0001 4000 40 06 26c9 0a000001 0a000002"
                       "0044 0043 000003e8 00000000 60 02 ffff 7fb5 0000 020405b4")));
}

/// Sums a transport segment with its pseudo header: right if nothing remains (RFC 1071).
std::uint32_t remainder_of(const std::string& frame, std::size_t header, std::size_t addresses, unsigned protocol) {
  const std::string transport = frame.substr(header);
  std::string all = frame.substr(addresses, header - addresses) + transport;
  if (transport.size() % 2 != 0) all += '\0';
  std::uint32_t sum = protocol + static_cast<std::uint32_t>(transport.size());
  for (std::size_t i = 0; i < all.size(); i += 2)
    sum += static_cast<std::uint32_t>(static_cast<unsigned char>(all[i]) << 8 | static_cast<unsigned char>(all[i + 1]));
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

TEST(frames, checksums_are_right_for_every_length) {
  std::array<std::byte, 16> six{std::byte{0xfd}};
  party own{board.mac, {ip_address::v6(six), 1}}, other = own;
  six[15] = std::byte{9};
  other.at.address = ip_address::v6(six);
  std::string payload;
  for (int i = 0; i < 300; ++i) {
    payload += static_cast<char>(i * 37);
    EXPECT_EQ(remainder_of(udp_frame(board, broker, as_bytes(payload), 0), 34, 26, 17), 0xffffu);
    EXPECT_EQ(remainder_of(tcp_frame(board, broker, {1, 2, tcp_ack, 0}, as_bytes(payload), 0), 34, 26, 6), 0xffffu);
    EXPECT_EQ(remainder_of(udp_frame(own, other, as_bytes(payload), 0), 54, 22, 17), 0xffffu);
    EXPECT_EQ(remainder_of(tcp_frame(own, other, {1, 2, tcp_ack, 0}, as_bytes(payload), 0), 54, 22, 6), 0xffffu);
  }
}

TEST(frames, a_udp_checksum_of_zero_is_sent_as_ones) {  // RFC 768
  bool met = false;
  for (unsigned i = 0; i < 0x10000; ++i) {
    const char payload[] = {static_cast<char>(i >> 8), static_cast<char>(i)};
    const std::string frame = udp_frame(board, broker, as_bytes({payload, 2}), 0);
    const std::string sum = frame.substr(40, 2);
    ASSERT_NE(sum, std::string(2, '\0'));
    met = met || sum == "\xff\xff";
  }
  EXPECT_TRUE(met);
}

}  // namespace
}  // namespace recado::capture
