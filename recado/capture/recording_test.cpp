// Files of strangers: every kind of block that holds a packet, in both orders of octets, and what breaks one.
#include <recado/capture/recording.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <recado/capture/pcapng.hpp>
#include <recado/capture/recordings_test.hpp>

namespace recado::capture {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

/// Numbers and blocks in one order of octets (draft-ietf-opsawg-pcapng §3.1).
struct writer {
  bool big_endian = false;

  std::string number(std::uint64_t value, int octets) const {
    std::string text = little(value, octets);
    if (big_endian) std::reverse(text.begin(), text.end());
    return text;
  }
  std::string block(std::uint32_t type, std::string body) const {
    body.resize((body.size() + 3) / 4 * 4);
    const std::string length = number(body.size() + 12, 4);
    return number(type, 4) + length + body + length;
  }
  std::string section() const {
    return block(0x0a0d0d0a, number(0x1a2b3c4d, 4) + number(1, 2) + number(0, 2) + std::string(8, '\xff'));
  }
  std::string option(std::uint16_t code, const std::string& value) const {
    std::string padded = value;
    padded.resize((value.size() + 3) / 4 * 4);
    return number(code, 2) + number(value.size(), 2) + padded;
  }
  std::string interface(std::uint16_t link, const std::string& options = {}) const {
    return block(1, number(link, 2) + number(0, 2) + number(0, 4) + options);
  }
  std::string enhanced(std::uint32_t which, std::uint64_t ticks, const std::string& data,
                       std::uint32_t original) const {
    return block(6, number(which, 4) + number(ticks >> 32, 4) + number(ticks & 0xffffffff, 4) + number(data.size(), 4) +
                        number(original, 4) + data);
  }
};

/// Their frames lie in the file.
std::vector<recorded> packets_of(const std::string& file) {
  recording from{as_bytes(file)};
  std::vector<recorded> all;
  for (recorded one; from.next(one);) all.push_back(one);
  EXPECT_EQ(from.trouble(), "");
  return all;
}
std::vector<recorded> packets_of(std::string&&) = delete;

void expect(const recorded& is, std::uint64_t number, std::uint16_t link, std::int64_t us, std::string_view frame,
            std::uint32_t cut) {
  EXPECT_EQ(is.number, number);
  EXPECT_EQ(is.link_type, link);
  EXPECT_EQ(is.when.time_since_epoch().count(), us);
  EXPECT_EQ(as_text(is.frame), frame);
  EXPECT_EQ(is.cut_bytes, cut);
}

TEST(recordings, every_kind_of_packet_in_both_orders_of_octets) {
  for (const bool big_endian : {false, true}) {
    SCOPED_TRACE(big_endian);
    const writer to{big_endian};
    const std::string obsolete = to.number(1, 2) + to.number(7, 2);  // of interface 1, behind 7 that were dropped
    const std::string file =
        to.section() + to.interface(1) + to.interface(101) + to.enhanced(1, 0x1'0000'0005, "abcde", 9) +  // §4.3
        to.block(3, to.number(3, 4) + "xyz") +              // §4.4: no interface and no time
        to.block(3, to.number(100, 4) + "longer") +         // §4.4: its padding can't be told from it
        to.block(0x0bad, "what is not known is skipped") +  // §3.1
        to.block(2, obsolete + to.number(0, 4) + to.number(6, 4) + to.number(2, 4) + to.number(2, 4) + "hi");  // §B.1
    const std::vector<recorded> all = packets_of(file);
    ASSERT_EQ(all.size(), 4u);
    expect(all[0], 1, 101, 0x1'0000'0005, "abcde", 4);
    expect(all[1], 2, 1, 0, "xyz", 0);
    expect(all[2], 3, 1, 0, "longer\0\0"s, 92);
    expect(all[3], 4, 101, 6, "hi", 0);
  }
}

TEST(recordings, a_new_section_has_interfaces_and_an_order_of_its_own) {
  const writer one{false}, other{true};
  const std::string file = one.section() + one.interface(1) + one.enhanced(0, 1, "a", 1) + other.section() +
                           other.interface(228) + other.enhanced(0, 2, "b", 1);
  const std::vector<recorded> all = packets_of(file);
  ASSERT_EQ(all.size(), 2u);
  expect(all[0], 1, 1, 1, "a", 0);
  expect(all[1], 2, 228, 2, "b", 0);
}

/// draft-ietf-opsawg-pcapng §4.2: if_tsresol (9) and if_tsoffset (14).
TEST(recordings, times_have_the_resolution_and_the_offset_of_their_interface) {
  struct {
    const char* about;
    std::string resolution;
    std::int64_t offset_s;
    std::uint64_t ticks;
    std::int64_t us;
  } const rows[] = {
      {"microseconds unless it says otherwise", "", 0, 1'700'000'000'123'456, 1'700'000'000'123'456},
      {"microseconds", "\x06", 0, 5'000'001, 5'000'001},
      {"nanoseconds", "\x09", 0, 1'700'000'000'123'456'789, 1'700'000'000'123'456},
      {"seconds", "\0"s, 0, 3, 3'000'000},
      {"10^-18 s", "\x12", 0, 2'500'000'000'000'000'000, 2'500'000},
      {"1/1024 s", "\x8a", 0, 1536, 1'500'000},
      {"2^-32 s", "\xa0", 0, 0x3'4000'0000, 3'250'000},
      {"an offset", "\x06", 1'700'000'000, 1, 1'700'000'000'000'001},
      {"a negative offset", "\x06", -2, 5'000'000, 3'000'000},
  };
  for (const bool big_endian : {false, true})
    for (const auto& each : rows) {
      SCOPED_TRACE(each.about);
      const writer to{big_endian};
      std::string options = to.option(2, "eth0x");  // if_name, padded
      if (!each.resolution.empty()) options += to.option(9, each.resolution);
      if (each.offset_s != 0) options += to.option(14, to.number(static_cast<std::uint64_t>(each.offset_s), 8));
      options += to.option(0, "") + to.option(9, "\x03");  // what stands behind the end says nothing
      const std::string file = to.section() + to.interface(1, options) + to.enhanced(0, each.ticks, "a", 1);
      const auto all = packets_of(file);
      ASSERT_EQ(all.size(), 1u);
      EXPECT_EQ(all[0].when.time_since_epoch().count(), each.us);
    }
}

TEST(recordings, a_file_of_libpcap_in_each_of_its_forms) {
  struct {
    std::uint32_t magic;
    std::int64_t us;
  } const rows[] = {{0xa1b2c3d4, 3'000'007}, {0xa1b23c4d, 3'000'000}};  // 7 µs, or 7 ns
  for (const bool big_endian : {false, true})
    for (const auto& each : rows) {
      const writer to{big_endian};
      const std::string file = to.number(each.magic, 4) + to.number(2, 2) + to.number(4, 2) + std::string(8, '\0') +
                               to.number(65535, 4) + to.number(113, 4) + to.number(3, 4) + to.number(7, 4) +
                               to.number(2, 4) + to.number(60, 4) + "hi";
      const std::vector<recorded> all = packets_of(file);
      ASSERT_EQ(all.size(), 1u);
      expect(all[0], 1, 113, each.us, "hi", 58);
    }
}

TEST(recordings, what_is_broken_is_said_with_its_place) {
  const writer to;
  const std::string head = to.section() + to.interface(1);
  std::string unlike = to.enhanced(0, 1, "abcd", 4), odd = unlike, longer = unlike;
  unlike[unlike.size() - 4] ^= 4;
  odd[4] ^= 1;
  longer[20] = 5;
  std::string too_many = to.section();
  for (int i = 0; i < 4097; ++i) too_many += to.interface(1);
  struct {
    std::string file, cause;
    std::size_t at;
  } const rows[] = {
      {head + unlike, "a block's two lengths differ", head.size()},
      {head + odd, "a block's length can't be right", head.size()},
      {head + longer, "a packet is longer than its block", head.size()},
      {head + to.enhanced(1, 1, "a", 1), "an interface that wasn't described", head.size()},
      {head + to.block(6, std::string(16, '\0')), "a packet's block is too short", head.size()},
      {head + to.block(3, ""), "a packet's block is too short", head.size()},
      {head + to.block(1, "four"), "an interface's description is too short", head.size()},
      {to.section() + to.interface(1, to.number(2, 2) + to.number(9, 2) + "four"), "reaches beyond its block",
       to.section().size()},
      {head + to.block(0x0a0d0d0a, to.number(0x1a2b3c4d, 4)), "a section's header is broken", head.size()},
      {head + head.substr(0, 11), "a block is cut off", head.size()},
      {too_many, "there are too many interfaces", too_many.size() - to.interface(1).size()},
      {pcap({}) + std::string(15, '\0'), "a record's header is cut off", 24},
      {pcap({}).substr(0, 23), "the file's header is cut off", 0},
      {"MQTT", "it is neither pcap nor pcapng", 0},
  };
  for (const auto& each : rows) {
    SCOPED_TRACE(each.cause);
    recording from{as_bytes(each.file)};
    recorded one;
    EXPECT_FALSE(from.next(one));
    EXPECT_THAT(std::string{from.trouble()}, HasSubstr(each.cause));
    EXPECT_EQ(from.offset(), each.at);
    EXPECT_FALSE(from.next(one)) << "there is no way on";
  }
  const std::string least = head + to.block(1, std::string(8, '\0'));
  EXPECT_EQ(packets_of(least).size(), 0u) << "the least that a description has";
}

TEST(recordings, secrets_for_tls_are_noticed) {
  const std::string head = section_header("t") + interface_description("e");
  for (const bool has : {false, true}) {
    const std::string file = head + (has ? decryption_secrets("CLIENT_RANDOM 00 00\n") : "");
    recording from{as_bytes(file)};
    recorded one;
    EXPECT_FALSE(from.next(one));
    EXPECT_EQ(from.has_secrets(), has);
  }
}

}  // namespace
}  // namespace recado::capture
