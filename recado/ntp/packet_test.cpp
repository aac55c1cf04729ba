#include <gtest/gtest.h>

#include <recado/ntp/error.hpp>
#include <recado/ntp/packet.hpp>
#include <recado/wire/walk.hpp>

namespace recado::ntp {
namespace {

using std::chrono::seconds;

utc_time at(std::int64_t s, std::int64_t us = 0) { return utc_time{seconds{s}} + duration{us}; }
constexpr std::int64_t era_1_begins = 2085978496;  // 2036-02-07 06:28:16 UTC

/// An answer of a stratum 2 server.
constexpr std::array<std::uint8_t, packet_octets> wire = {
    0x24, 0x02, 0x06, 0xe9,                          // leap 0, version 4, mode 4; stratum 2; 2^6 s; 2^-23 s
    0x00, 0x00, 0x01, 0x00,                          // root delay 1/256 s
    0x00, 0x01, 0x80, 0x00,                          // root dispersion 1.5 s
    0xc0, 0x00, 0x02, 0x01,                          // reference id: 192.0.2.1
    0xe3, 0x86, 0x40, 0x80, 0x00, 0x00, 0x00, 0x00,  // reference: 2020-12-17 20:39:28
    0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,  // origin: what the client sent
    0xe3, 0x86, 0x40, 0x81, 0x80, 0x00, 0x00, 0x00,  // received: half a second after the second
    0xe3, 0x86, 0x40, 0x81, 0xc0, 0x00, 0x00, 0x00,  // transmitted: a quarter later
};
bytes wire_bytes() { return std::as_bytes(std::span{wire}); }

packet wire_packet() {
  packet result;
  result.set_first(leap::none, 4, mode::server);
  result.stratum = 2;
  result.poll = 6;
  result.precision = 0xe9;
  result.root_delay = short_time{0x100};
  result.root_dispersion = short_time{0x18000};
  result.reference_id = 0xc0000201;
  result.reference = timestamp{0xe386408000000000};
  result.origin = timestamp{0x0123456789abcdef};
  result.received = timestamp{0xe386408180000000};
  result.transmitted = timestamp{0xe3864081c0000000};
  return result;
}

TEST(ntp_packet, is_48_octets_as_in_rfc_5905_figure_8) {
  // [RFC5905-7.3-a]
  ASSERT_EQ(wire::size(packet{}), packet_octets);
  const auto decoded = decode(wire_bytes());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, wire_packet());
  EXPECT_EQ(decoded->leap_indicator(), leap::none);
  EXPECT_EQ(decoded->version_number(), 4u);
  EXPECT_EQ(decoded->association(), mode::server);
  std::array<std::byte, packet_octets> out{};
  encode(wire_packet(), out);
  EXPECT_TRUE(equal(out, wire_bytes()));
}

// original defect 33: an answer of one octet was accepted.
TEST(ntp_packet, every_prefix_is_refused) {
  for (std::size_t cut = 0; cut < packet_octets; ++cut) EXPECT_FALSE(decode(wire_bytes().first(cut))) << cut;
}

TEST(ntp_packet, extension_fields_may_follow_in_whole_words) {
  // [RFC5905-7.5-a]
  std::vector<std::byte> longer(wire_bytes().begin(), wire_bytes().end());
  for (std::size_t surplus = 1; surplus <= 68; ++surplus) {
    longer.resize(packet_octets + surplus);
    EXPECT_EQ(decode(longer).has_value(), surplus % 4 == 0) << surplus;
  }
}

TEST(ntp_packet, first_octet_holds_three_fields) {
  // [RFC5905-7.3-a]
  packet what;
  what.set_first(leap::unknown, 3, mode::client);
  EXPECT_EQ(what.leap_version_mode, 0xdb);
  EXPECT_EQ(what.leap_indicator(), leap::unknown);
  EXPECT_EQ(what.version_number(), 3u);
  EXPECT_EQ(what.association(), mode::client);
}

TEST(ntp_time, knows_the_dates_of_rfc_5905_figure_4) {
  // [RFC5905-6-a]
  EXPECT_EQ(to_timestamp(at(0)), timestamp{std::uint64_t{2208988800} << 32});
  EXPECT_EQ(to_timestamp(at(-2208988800)), timestamp{0});                              // 1 Jan 1900
  EXPECT_EQ(to_timestamp(at(63072000)), timestamp{std::uint64_t{2272060800} << 32});   // 1 Jan 1972
  EXPECT_EQ(to_timestamp(at(946598400)), timestamp{std::uint64_t{3155587200} << 32});  // 31 Dec 1999
  EXPECT_EQ(to_timestamp(at(era_1_begins)), timestamp{0});                             // 7 Feb 2036
}

TEST(ntp_time, comes_back_to_the_microsecond) {
  for (std::int64_t us = 0; us < 1'000'000; us += 997) {
    for (std::int64_t s : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1795369932}, era_1_begins - 1, era_1_begins})
      EXPECT_EQ(unfold(to_timestamp(at(s, us)), at(1795369932)), at(s, us)) << s << ' ' << us;
  }
  EXPECT_EQ(unfold(to_timestamp(at(5, 999'999)), at(0)), at(5, 999'999));
}

// original defect 33: the wrap of 2036.
TEST(ntp_time, unfolds_eras_around_what_is_known) {
  // [RFC5905-6-a]
  const utc_time build = at(1795369932);  // 2026
  for (std::int64_t s : {era_1_begins - 1, era_1_begins, era_1_begins + 1, era_1_begins + 86400 * 365})
    EXPECT_EQ(unfold(to_timestamp(at(s)), build), at(s));
  // Up to half an era, 68 years, either way.
  const std::int64_t half = std::int64_t{1} << 31;
  EXPECT_EQ(unfold(to_timestamp(build + seconds{half - 1}), build), build + seconds{half - 1});
  EXPECT_EQ(unfold(to_timestamp(build - seconds{half - 1}), build), build - seconds{half - 1});
  EXPECT_EQ(unfold(to_timestamp(build + seconds{half + 1}), build), build - seconds{half - 1});
  // And from a known time in era 2.
  const utc_time era_2 = at(era_1_begins + (std::int64_t{1} << 32) + 5);
  EXPECT_EQ(unfold(to_timestamp(era_2), era_2 - seconds{1000}), era_2);
}

TEST(ntp_time, differences_work_across_the_eras) {
  // [RFC5905-8-c]
  EXPECT_EQ(between(to_timestamp(at(era_1_begins - 1)), to_timestamp(at(era_1_begins + 1))), seconds{2});
  EXPECT_EQ(between(to_timestamp(at(era_1_begins + 1)), to_timestamp(at(era_1_begins - 1))), seconds{-2});
  EXPECT_EQ(between(timestamp{0}, timestamp{0x80000000}), duration{500000});
  EXPECT_EQ(between(timestamp{0x80000000}, timestamp{0}), duration{-500000});
}

TEST(ntp_packet, prints_field_by_field) {
  std::array<char, 1000> memory;
  buffer_sink out{memory};
  print(wire_packet(), at(1795369932), out);
  EXPECT_EQ(out.view(),
            "leap no leap second, version 4, mode server (4)\n"
            "stratum 2, poll 2^6 s, precision 2^-23 s\n"
            "root delay 0.003906 s, root dispersion 1.500000 s, reference id c0000201\n"
            "reference   e386408000000000 (2020-12-17T20:39:28.000000Z)\n"
            "origin      0123456789abcdef (2036-09-15T04:53:59.537777Z)\n"
            "received    e386408180000000 (2020-12-17T20:39:29.500000Z)\n"
            "transmitted e3864081c0000000 (2020-12-17T20:39:29.750000Z)\n");
  out.clear();
  packet kiss;
  kiss.set_first(leap::unknown, 4, mode::server);
  kiss.reference_id = 0x52415445;
  print(kiss, at(1795369932), out);
  EXPECT_NE(out.view().find("reference id 52415445 \"RATE\""), std::string_view::npos);
  EXPECT_NE(out.view().find("received    0000000000000000 (unknown)"), std::string_view::npos);
  out.clear();
  kiss.stratum = 1;
  kiss.reference_id = 0x47505300;
  print(kiss, at(1795369932), out);
  EXPECT_NE(out.view().find("reference id 47505300 \"GPS\"\n"), std::string_view::npos);
}

TEST(ntp_packet, every_flipped_bit_prints) {
  for (std::size_t bit = 0; bit < packet_octets * 8; ++bit) {
    std::vector<std::byte> flipped(wire_bytes().begin(), wire_bytes().end());
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const auto decoded = decode(flipped);
    ASSERT_TRUE(decoded);
    EXPECT_FALSE(*decoded == wire_packet());
    std::array<char, 1000> memory;
    buffer_sink out{memory};
    print(*decoded, at(0), out);
    EXPECT_FALSE(out.truncated());
  }
}

TEST(ntp_error, every_error_has_cause_and_remedy) {
  for (std::uint16_t value = 1; value < 64; ++value) {
    const auto code = static_cast<error>(value);
    const bool known = words(code) != "an unknown NTP error";
    EXPECT_EQ(known, value == 1 || (value >= 20 && value <= 28)) << value;
    EXPECT_EQ(remedy(code) != "report this", known) << value;
  }
}

}  // namespace
}  // namespace recado::ntp
