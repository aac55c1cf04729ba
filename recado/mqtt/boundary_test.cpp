// Lengths at the borders of their encodings, and what no packet may exceed.
#include <recado/mqtt/annotated_test.hpp>

namespace recado::mqtt {
namespace {
using namespace testing;

publish with_payload(std::string_view topic, bytes payload) {
  publish one;
  one.topic = topic, one.payload = payload;
  return one;
}

// original defects 5, 10 and 15: the length is the packet's own, whatever arrived
TEST(boundary, remaining_length) {
  // [MQTT-1.5.5-1]
  const std::pair<std::uint32_t, const char*> rows[] = {{127, "7f"},           {128, "80 01"},
                                                        {16383, "ff 7f"},      {16384, "80 80 01"},
                                                        {2097151, "ff ff 7f"}, {2097152, "80 80 80 01"}};
  for (const auto& [remaining, annotated] : rows) {
    const std::vector<std::byte> payload(remaining - 4, std::byte{'p'});
    const publish message = with_payload("t", payload);
    std::vector<std::byte> out(remaining + 5);
    const std::size_t written = encode(message, version::v5_0, out).value();
    const auto length = wire(annotated);
    EXPECT_EQ(written, 1 + length.size() + remaining);
    EXPECT_EQ(written, size(message, version::v5_0));
    EXPECT_TRUE(equal(bytes{out}.subspan(1, length.size()), length));
    out.resize(written);
    const decoded seen = decode_all(out, {});
    ASSERT_TRUE(seen.complete && !seen.what);
    EXPECT_TRUE(seen.packet == any_packet{message});
    check_take(out, {}, seen);
    EXPECT_FALSE(decode_all(bytes{out}.first(written - 1), {}).complete);
    out.push_back(std::byte{0x30});  // original defect 4: what follows is another packet
    EXPECT_EQ(decode_all(out, {}).header.total(), written);
  }
}

// original defect 18: there was no limit
TEST(boundary, the_largest_packet) {
  fixed_header header;
  EXPECT_FALSE(read_header(wire("30 ff ff ff 7f"), {}, header));
  EXPECT_EQ(header.total(), packet_bytes_max);
  publish message;
  message.topic = "t", message.payload_rest = remaining_length_max - 4;
  std::byte out[16];
  EXPECT_EQ(encode(message, version::v5_0, out).value(), 9u);
  EXPECT_EQ(size(message, version::v5_0), packet_bytes_max);
  ++message.payload_rest;
  EXPECT_EQ(encode(message, version::v5_0, out).error(), error::message_too_large);
  message.payload_rest = 0xffff'ffff;
  EXPECT_EQ(encode(message, version::v5_0, out).error(), error::message_too_large);
}

// original defects 1 and 7: lengths of two bytes, and property lengths of more than one
TEST(boundary, strings_of_65535_bytes) {
  const std::string longest(65535, 'x'), too_long(65536, 'x');
  const property_value list[] = {{property::content_type, longest}, {longest, longest}};
  publish message = with_payload(longest, as_bytes("hi"));
  message.properties = list;
  std::vector<std::byte> out(300000);
  out.resize(encode(message, version::v5_0, out).value());
  const decoded seen = decode_all(exact_copy{out}, {});
  ASSERT_TRUE(seen.complete && !seen.what);
  EXPECT_TRUE(decode_all(out, {}).packet == any_packet{message});

  EXPECT_EQ(encode(with_payload(too_long, {}), version::v5_0, out).error(), error::string_too_long);
  const property_value bad[] = {{property::content_type, too_long}}, bad_name[] = {{too_long, "v"}};
  for (const std::span<const property_value> one : {std::span{bad}, std::span{bad_name}}) {
    message = with_payload("t", {}), message.properties = one;
    EXPECT_EQ(encode(message, version::v5_0, out).error(), error::string_too_long);
  }
  const subscription filter[] = {{too_long}};
  EXPECT_EQ(encode(subscribe{1, {}, filter}, version::v5_0, out).error(), error::string_too_long);
  const std::string_view name[] = {too_long};
  EXPECT_EQ(encode(unsubscribe{1, {}, name}, version::v3_1_1, out).error(), error::string_too_long);
  connect one;
  one.password = as_bytes(too_long);
  EXPECT_EQ(encode(one, version::v5_0, out).error(), error::string_too_long);
  // original defect 1: 300 = 1 * 256 + 44
  const publish three_hundred = with_payload(std::string_view{longest}.substr(0, 300), as_bytes("hi"));
  out.resize(400);
  out.resize(encode(three_hundred, version::v5_0, out).value());
  EXPECT_EQ(std::get<publish>(decode_all(out, {}).packet).payload.size(), 2u);
}

// original defect 17: nothing is one less than empty, and a payload is bytes
TEST(boundary, empty_and_binary) {
  const auto binary = wire("00 ff 00");
  std::vector<std::byte> out(64);
  for (const bytes payload : {bytes{}, bytes{binary}}) {
    const publish message = with_payload("t", payload);
    const std::size_t written = encode(message, version::v3_1_1, out).value();
    const decoded seen = decode_all(bytes{out}.first(written), {version::v3_1_1});
    EXPECT_TRUE(equal(std::get<publish>(seen.packet).payload, payload));
  }
}

// original defect 5: what is not there yet is not looked at
TEST(boundary, a_publish_is_understood_before_its_payload_is_there) {
  const property_value list[] = {{property::topic_alias, 7}};
  publish message = with_payload("a/b", as_bytes("hello"));
  message.qos = qos::at_least_once, message.packet_identifier = 9, message.properties = list;
  std::vector<std::byte> out(64);
  out.resize(encode(message, version::v5_0, out).value());
  for (std::size_t arrived = 2; arrived < out.size(); ++arrived) {
    const exact_copy part{bytes{out}.first(arrived)};
    fixed_header header;
    ASSERT_FALSE(read_header(part, {}, header));
    publish seen;
    const defect what = decode(header, part, {}, seen);
    if (arrived < out.size() - 5) {
      EXPECT_EQ(what.code, error::incomplete) << arrived;
      continue;
    }
    ASSERT_FALSE(what) << arrived;
    EXPECT_EQ(seen.payload.size() + seen.payload_rest, 5u);
    EXPECT_EQ(seen.topic, "a/b");
    EXPECT_EQ(seen.properties.number(property::topic_alias), 7u);
    // and is written so, too
    std::vector<std::byte> again(64);
    EXPECT_EQ(encode(seen, version::v5_0, again).value(), arrived);
    EXPECT_TRUE(equal(bytes{again}.first(arrived), part));
  }
  // What is wrong inside the part that is there isn't excused by what is missing.
  const exact_copy overrun{wire("30 20 00 01 'a' 02 23 00")};
  fixed_header header;
  ASSERT_FALSE(read_header(overrun, {}, header));
  publish seen;
  EXPECT_EQ(decode(header, overrun, {}, seen).code, error::truncated);
}

TEST(boundary, a_result_can_be_used_again) {
  acknowledgement seen{packet_type::puback, 1, reason::quota_exceeded, {}};
  const auto in = wire("40 02 00 05");
  ASSERT_EQ(take(in, {}, seen), 4u);
  EXPECT_EQ(seen, (acknowledgement{packet_type::puback, 5, reason::success, {}}));
  fixed_header header;
  ASSERT_FALSE(read_header(in, {}, header));
  seen.reason = reason::quota_exceeded;
  ASSERT_FALSE(decode(header, in, {}, seen));
  EXPECT_EQ(seen.reason, reason::success);
}

TEST(boundary, payload_format) {
  const property_value text[] = {{property::payload_format_indicator, 1}};
  publish message = with_payload("t", as_bytes("\xc3\xa9"));
  message.properties = text;
  EXPECT_TRUE(payload_is_as_announced(message));
  message.payload = as_bytes("\xc3");
  EXPECT_FALSE(payload_is_as_announced(message));
  message.properties = {};
  EXPECT_TRUE(payload_is_as_announced(message));
}

}  // namespace
}  // namespace recado::mqtt
