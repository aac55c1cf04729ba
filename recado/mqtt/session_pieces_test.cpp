// Messages in pieces: what is said of them at their end, and when they have none.
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

// "käse€𝄞" and how it may be spoilt.
constexpr std::string_view text = "k\xc3\xa4se\xe2\x82\xac\xf0\x9d\x84\x9e, and enough to be long";

bool as_announced(std::string_view payload, std::uint32_t indicator, std::size_t piece) {
  const sizes small{.receive = 16};
  subject who{small};
  dialogue{small}.connects().play({}, who);
  const property_value list[] = {{property::payload_format_indicator, indicator}};
  mqtt::publish message = message_of(qos::at_most_once, 0, "t", payload);
  message.properties = list;
  dialogue_wire<session> line{who.machine, {.read = piece}};
  line.hear(wire(message));
  EXPECT_FALSE(line.told.empty());
  EXPECT_TRUE(line.told.back().starts_with("end"));
  return line.told.back() == "end";
}

TEST(session_pieces, a_payload_is_checked_as_it_arrives) {  // §3.3.2.3.2
  // [MQTT-3.3.2-a]
  for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 16U}) {
    EXPECT_TRUE(as_announced(text, 1, piece));
    for (std::size_t at = 0; at < 12; ++at) {
      std::string spoilt{text};
      spoilt[at] = '\xff';
      EXPECT_FALSE(as_announced(spoilt, 1, piece)) << at;
      EXPECT_TRUE(as_announced(spoilt, 0, piece)) << "nobody said that it is text";
    }
    EXPECT_FALSE(as_announced(std::string{text} + "\xe2\x82", 1, piece)) << "ends within a character";
  }
}

TEST(session_pieces, each_text_is_checked_on_its_own) {
  const sizes small{.receive = 16};
  subject who{small};
  dialogue{small}.connects().play({}, who);
  const property_value list[] = {{property::payload_format_indicator, 1U}};
  mqtt::publish message = message_of(qos::at_most_once, 0, "t", "0123456789012345678901234567\xff");
  message.properties = list;
  dialogue_wire<session> line{who.machine, {}};
  line.hear(wire(message));
  EXPECT_EQ(line.told.back(), "end not as announced");
  message.payload = as_bytes("01234567890123456789012345678");
  line.hear(wire(message));
  EXPECT_EQ(line.told.back(), "end");
}

TEST(session_pieces, a_message_as_long_as_the_buffer_comes_whole) {
  const sizes small{.receive = 16};
  subject who{small};
  dialogue{small}.connects().play({}, who);
  dialogue_wire<session> line{who.machine, {.read = 3}};
  line.hear(wire(message_of(qos::at_most_once, 0, "t", "0123456789")));
  line.hear(wire(message_of(qos::at_most_once, 0, "t", "01234567890")));
  ASSERT_GE(line.told.size(), 2u);
  EXPECT_EQ(line.told[0], "message t '0123456789' qos 0");
  EXPECT_EQ(line.told[1], "begin t 11 qos 0");
}

TEST(session_pieces, one_octet_may_come_from_a_source) {
  subject who{{}};
  dialogue{}.connects().play({}, who);
  ASSERT_TRUE(who.machine.publish({.topic = "t", .payload_from_source = 1}).has_value());
  EXPECT_EQ(hex(who.machine.pending({})), hex(raw({0x30, 5, 0, 1, 't', 0})));
  who.machine.sent(6);
  bytes nothing;
  const auto wants = who.machine.receive(nothing, {});
  ASSERT_TRUE(wants && std::holds_alternative<wants_payload>(*wants));
  ASSERT_TRUE(who.machine.supply(as_bytes("x")).has_value());
  EXPECT_EQ(hex(who.machine.pending({})), hex(raw({'x'})));
}

TEST(session_pieces, a_topic_and_properties_beyond_the_buffer_end_the_connection) {
  const sizes small{.receive = 16};
  subject who{small};
  dialogue{small}.connects().play({}, who);
  const octets data = wire(message_of(qos::at_most_once, 0, "a/topic/of/21/bytes/x", ""));
  bytes in = bytes{data}.first(15);
  EXPECT_FALSE(who.machine.receive(in, {}));
  in = bytes{data}.first(16);
  const auto end = who.machine.receive(in, {});
  ASSERT_TRUE(end);
  EXPECT_EQ(tell(*end), "closed: the packet is larger than this side allows");
  EXPECT_LE(in.size(), 16u) << "no more was taken than was there";
}

TEST(session_pieces, a_long_message_that_is_wrong_takes_no_more_than_is_there) {
  const sizes small{.receive = 16};
  subject who{small};
  dialogue{small}.connects().play({}, who);
  const octets data = wire(message_of(qos::at_most_once, 0, "t/#", std::string(100, 'x')));
  bytes in = bytes{data}.first(12);
  const auto end = who.machine.receive(in, {});
  ASSERT_TRUE(end);
  EXPECT_TRUE(tell(*end).starts_with("closed")) << tell(*end);
  EXPECT_LE(in.size(), 12u);
}

// A message of QoS 0 is gone with its connection, however far it came; its source is told.
TEST(session_pieces, a_long_message_that_is_lost_is_told) {
  const std::string payload(1000, 'x');
  const sizes small{.transmit = 300};
  for (const std::size_t sent : {0U, 1U, 5U, 100U, 900U}) {
    subject who{small};
    session& s = who.machine;
    dialogue{small}.connects().play({}, who);
    dialogue_wire<session> line{s, {.written = 1}};
    ASSERT_TRUE(s.publish({.topic = "t", .payload_from_source = 1000, .tag = 42}).has_value());
    bytes nothing;
    while (line.outbox.size() < sent) {
      while (auto what = s.receive(nothing, {})) {
        const auto* wants = std::get_if<wants_payload>(&*what);
        ASSERT_NE(wants, nullptr);
        EXPECT_TRUE(s.supply(as_bytes(payload).subspan(wants->offset)).has_value());
      }
      line.flush();
    }
    s.lost({}, {});
    const auto what = s.receive(nothing, {});
    ASSERT_TRUE(what.has_value());
    EXPECT_EQ(tell(*what), "dropped tag 42");
    EXPECT_FALSE(s.receive(nothing, {}).has_value()) << "once";
    EXPECT_EQ(error_of(s.supply(as_bytes("x"))), error::not_connected);
  }
}

TEST(session_pieces, a_long_message_cut_by_a_goodbye_is_told_with_the_next_connection) {
  subject who{{}};
  dialogue{}.connects().play({}, who);
  ASSERT_TRUE(who.machine.publish({.topic = "t", .payload_from_source = 1000, .tag = 7}).has_value());
  ASSERT_TRUE(who.machine.disconnect().has_value());
  bytes nothing;
  EXPECT_EQ(tell(*who.machine.receive(nothing, {})), "closed");
  ASSERT_TRUE(who.machine.connect({}).has_value());
  EXPECT_EQ(tell(*who.machine.receive(nothing, {})), "dropped tag 7");
}

}  // namespace
}  // namespace recado::mqtt::test
