// IP and ARP as tables of bytes.
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <recado/drive/arp_packet.hpp>
#include <recado/drive/arp_prober.hpp>
#include <recado/drive/posix/ip_packet.hpp>

namespace recado::posix {
namespace {

using namespace std::chrono_literals;

std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> result;
  std::string digits;
  for (char c : text)
    if (c != ' ') digits += c;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    result.push_back(static_cast<std::byte>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return result;
}

const endpoint client{ip_address::v4_any(), 68};
const endpoint server{ip_address::v4_broadcast(), 67};

const auto udp_example = from_hex(
    "45 00 0021 0000 4000 40 11 3acd 00000000 ffffffff"  // IPv4, 33 bytes, don't fragment, TTL 64, UDP
    "0044 0043 000d ef94"                                // 68 to 67, 13 bytes
    "68656c6c6f");                                       // "hello"

TEST(ip_packet, is_made_as_rfc_791_and_768_say) {
  std::array<std::byte, 64> memory{};
  const bytes made = make_udp_packet({client, server, as_bytes("hello")}, memory);
  ASSERT_EQ(made.size(), udp_example.size());
  // RFC 1071: both sums, checked by adding everything up.
  EXPECT_EQ(finish_checksum(add_checksum(made.first(20))), 0);
  EXPECT_TRUE(equal(made.first(10), bytes{udp_example}.first(10)));
  EXPECT_TRUE(equal(made.subspan(12, 14), bytes{udp_example}.subspan(12, 14)));
  const auto read = read_udp_packet(made, checksum::complete);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->source, client);
  EXPECT_EQ(read->destination, server);
  EXPECT_EQ(as_text(read->payload), "hello");
}

TEST(ip_packet, the_checksum_of_rfc_1071_section_3) {
  const auto example = from_hex("0001 f203 f4f5 f6f7");
  EXPECT_EQ(add_checksum(example), 0xddf2u);
  EXPECT_EQ(add_checksum(from_hex("0001 f2")), 0xf201u);  // an odd octet counts as the high one
}

TEST(ip_packet, does_not_write_more_than_there_is_room_for) {
  std::array<std::byte, 32> memory{};
  EXPECT_TRUE(make_udp_packet({client, server, as_bytes("hello")}, memory).empty());
  EXPECT_FALSE(make_udp_packet({client, server, as_bytes("four")}, memory).empty());
  EXPECT_TRUE(make_udp_packet({client, {ip_address::v6({}), 1}, {}}, memory).empty());
}

TEST(ip_packet, every_prefix_and_every_flipped_bit_is_refused_or_harmless) {
  std::array<std::byte, 64> memory{};
  const bytes made = make_udp_packet({client, server, as_bytes("hello")}, memory);
  for (std::size_t size = 0; size < made.size(); ++size) {
    const std::vector<std::byte> prefix(made.begin(), made.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(read_udp_packet(prefix, checksum::complete)) << size;
  }
  for (std::size_t bit = 0; bit < made.size() * 8; ++bit) {
    std::vector<std::byte> flipped(made.begin(), made.end());
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(read_udp_packet(flipped, checksum::complete)) << "bit " << bit;
    (void)read_udp_packet(flipped, checksum::unfinished);
  }
}

TEST(ip_packet, padding_options_and_a_missing_sum_are_taken) {
  std::array<std::byte, 64> memory{};
  const bytes made = make_udp_packet({client, server, as_bytes("hello")}, memory);
  std::vector<std::byte> padded(made.begin(), made.end());
  padded.resize(46);
  EXPECT_EQ(as_text(read_udp_packet(padded, checksum::complete)->payload), "hello");
  std::vector<std::byte> without(made.begin(), made.end());
  without[26] = without[27] = std::byte{0};
  EXPECT_TRUE(read_udp_packet(without, checksum::complete));
}

TEST(ip_packet, an_unfinished_sum_is_taken_only_where_the_kernel_says_so) {
  std::array<std::byte, 64> memory{};
  const bytes made = make_udp_packet({client, server, as_bytes("hello")}, memory);
  std::vector<std::byte> packet(made.begin(), made.end());
  // The sum of the pseudo header: 0.0.0.0, 255.255.255.255, 17, 13.
  packet[26] = std::byte{0x00}, packet[27] = std::byte{0x1e};
  EXPECT_FALSE(read_udp_packet(packet, checksum::complete));
  EXPECT_TRUE(read_udp_packet(packet, checksum::unfinished));
  packet[27] = std::byte{0x1f};
  EXPECT_FALSE(read_udp_packet(packet, checksum::unfinished));
}

const mac_address own{{std::byte{2}, {}, {}, {}, {}, std::byte{1}}};
const mac_address other{{std::byte{2}, {}, {}, {}, {}, std::byte{2}}};
const ip_address wanted = ip_address::v4(192, 0, 2, 7);

const auto probe_frame = from_hex(
    "ffffffffffff 020000000001 0806"  // to all, from us, ARP
    "0001 0800 06 04 0001"            // Ethernet, IPv4, request
    "020000000001 00000000"           // sender: no address yet (RFC 5227 §2.1.1)
    "000000000000 c0000207");         // target

TEST(arp_packet, a_probe_is_made_and_read) {
  std::array<std::byte, arp_frame_bytes> memory{};
  const arp_packet probe{arp_packet::operation::request, own, ip_address::v4_any(), {}, wanted};
  EXPECT_TRUE(equal(make_arp_frame(probe, memory), probe_frame));
  const auto read = read_arp_frame(probe_frame);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->sender_mac, own);
  EXPECT_EQ(read->target, wanted);
  EXPECT_TRUE(make_arp_frame(probe, mutable_bytes{memory}.first(41)).empty());
}

TEST(arp_packet, prefixes_and_other_protocols_are_refused) {
  for (std::size_t size = 0; size < probe_frame.size(); ++size)
    EXPECT_FALSE(read_arp_frame(bytes{probe_frame}.first(size)));
  for (std::size_t at = 12; at < 22; ++at) {
    auto wrong = probe_frame;
    wrong[at] ^= std::byte{0x80};
    EXPECT_FALSE(read_arp_frame(wrong)) << at;
  }
}

TEST(arp_packet, what_shows_a_conflict) {
  using enum arp_packet::operation;
  const auto any = ip_address::v4_any();
  EXPECT_TRUE(shows_conflict({reply, other, wanted, own, any}, wanted, own));
  EXPECT_TRUE(shows_conflict({request, other, wanted, {}, ip_address::v4(192, 0, 2, 1)}, wanted, own));
  EXPECT_TRUE(shows_conflict({request, other, any, {}, wanted}, wanted, own)) << "it probes the same address";
  EXPECT_FALSE(shows_conflict({request, own, any, {}, wanted}, wanted, own)) << "our own, come back";
  EXPECT_FALSE(shows_conflict({request, other, ip_address::v4(192, 0, 2, 9), {}, wanted}, wanted, own))
      << "it only looks for whoever has it";
}

struct fixed_entropy final : entropy {
  void fill(mutable_bytes out) override {
    for (auto& each : out) each = std::byte{0};
  }
};

class prober_test : public testing::Test {
 protected:
  void SetUp() override { prober_.set_up(own, random_, {}); }
  fixed_entropy random_;
  arp_prober prober_;
  instant t_{5s};
};

TEST_F(prober_test, three_probes_then_the_address_is_free) {
  prober_.start(wanted, t_);
  for (int i = 0; i < 3; ++i) {
    t_ = prober_.deadline();
    const auto probe = prober_.pending(t_);
    ASSERT_TRUE(probe) << i;
    EXPECT_EQ(probe->sender, ip_address::v4_any());
    EXPECT_EQ(probe->target, wanted);
    EXPECT_FALSE(prober_.pending(t_));
    EXPECT_FALSE(prober_.on_time(t_));
  }
  EXPECT_EQ(prober_.deadline() - t_, 2s);  // ANNOUNCE_WAIT
  EXPECT_FALSE(prober_.on_time(prober_.deadline() - 1us));
  EXPECT_EQ(prober_.on_time(prober_.deadline()), arp_prober::verdict::free);
  EXPECT_EQ(prober_.deadline(), never);
}

struct seeded_entropy final : entropy {
  void fill(mutable_bytes out) override {
    for (auto& each : out) each = static_cast<std::byte>(engine());
  }
  std::mt19937 engine{1};
};

TEST_F(prober_test, its_waits_are_random_between_those_of_the_standard) {  // RFC 5227 §1.1
  seeded_entropy random;
  prober_.set_up(own, random, {});
  std::set<duration> before, between;
  for (int i = 0; i < 500; ++i) {
    prober_.start(wanted, t_);
    before.insert(prober_.deadline() - t_);
    const instant first = prober_.deadline();
    ASSERT_TRUE(prober_.pending(first));
    between.insert(prober_.deadline() - first);
  }
  EXPECT_GE(*before.begin(), 0s);
  EXPECT_LT(*before.begin(), 100ms);
  EXPECT_LE(*before.rbegin(), 1s) << "PROBE_WAIT";
  EXPECT_GT(*before.rbegin(), 900ms);
  EXPECT_GE(*between.begin(), 1s) << "PROBE_MIN";
  EXPECT_LT(*between.begin(), 1100ms);
  EXPECT_LE(*between.rbegin(), 2s) << "PROBE_MAX";
  EXPECT_GT(*between.rbegin(), 1900ms);
}

TEST_F(prober_test, an_answer_at_any_time_is_a_conflict) {
  std::array<std::byte, arp_frame_bytes> memory{};
  const bytes answer = make_arp_frame({arp_packet::operation::reply, other, wanted, own, wanted}, memory);
  for (int probes = 0; probes <= 3; ++probes) {
    prober_.start(wanted, t_);
    for (int i = 0; i < probes; ++i) ASSERT_TRUE(prober_.pending(prober_.deadline()));
    EXPECT_FALSE(prober_.receive(probe_frame));
    EXPECT_EQ(prober_.receive(answer), arp_prober::verdict::conflict);
    EXPECT_EQ(prober_.holder(), other);
    EXPECT_EQ(prober_.deadline(), never);
  }
}

TEST_F(prober_test, two_announcements) {
  prober_.announce(wanted, t_);
  const auto first = prober_.pending(t_);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->sender, wanted);
  EXPECT_FALSE(prober_.pending(t_ + 1s));
  EXPECT_TRUE(prober_.pending(t_ + 2s));
  EXPECT_EQ(prober_.deadline(), never);
}

TEST(arp_timing, shrinks_in_proportion) {
  const auto timing = arp_timing::within(700ms);
  EXPECT_EQ(timing.probe_wait_max, 100ms);
  EXPECT_EQ(timing.probe_max, 200ms);
  EXPECT_EQ(timing.probe_wait_max + 2 * timing.probe_max + timing.announce_wait, 700ms);
}

}  // namespace
}  // namespace recado::posix
