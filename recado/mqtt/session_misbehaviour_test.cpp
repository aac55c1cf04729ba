// A server that does what it may not: each time DISCONNECT with the standard's reason code, and the end.
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

struct misdeed {
  const char* name;
  octets heard;
  error why;
  int reason;  // of the DISCONNECT
  bool before_connack = false;
};

octets publish_with(std::initializer_list<int> properties_and_payload, int first = 0x30, int identifier = 0) {
  octets out = raw({first, 0, 0, 1, 't'});
  if (identifier != 0) out.push_back(std::byte{0}), out.push_back(static_cast<std::byte>(identifier));
  for (int b : properties_and_payload) out.push_back(static_cast<std::byte>(b));
  out[1] = static_cast<std::byte>(out.size() - 2);
  return out;
}

// The session under test waits for the answers of PUBLISH 1 (QoS 1), PUBLISH 2 (QoS 2), SUBSCRIBE 3 and UNSUBSCRIBE 4,
// has incoming aliases 1 and 2, and Receive Maximum 2.
const std::vector<misdeed>& misdeeds() {
  static const std::vector<misdeed> all{
      {"a packet before CONNACK", raw({0xd0, 0}), error::packet_before_connack, 0x82, true},
      {"PUBLISH before CONNACK", publish_with({0}), error::packet_before_connack, 0x82, true},
      {"AUTH without a method", raw({0xf0, 0}), error::unexpected_packet, 0x82, true},
      {"CONNACK with reserved flags", raw({0x20, 3, 2, 0, 0}), error::reserved_flags, 0x81, true},
      {"CONNACK too short", raw({0x20, 1, 0}), error::truncated, 0x81, true},
      {"CONNACK with surplus bytes", raw({0x20, 4, 0, 0, 0, 7}), error::surplus_bytes, 0x81, true},
      {"a foreign protocol", raw({'H', 'T', 'T', 'P'}), error::none, 0, true},
      {"a second CONNACK", raw({0x20, 3, 0, 0, 0}), error::unexpected_packet, 0x82},
      {"unasked AUTH", raw({0xf0, 0}), error::unexpected_packet, 0x82},
      {"CONNECT from a server", wire(mqtt::connect{}), error::unexpected_packet, 0x82},
      {"SUBSCRIBE from a server", raw({0x82, 7, 0, 1, 0, 0, 1, 'a', 0}), error::unexpected_packet, 0x82},
      {"UNSUBSCRIBE from a server", raw({0xa2, 6, 0, 1, 0, 0, 1, 'a'}), error::unexpected_packet, 0x82},
      {"PINGREQ from a server", raw({0xc0, 0}), error::unexpected_packet, 0x82},
      {"unasked PINGRESP", raw({0xd0, 0}), error::unexpected_packet, 0x82},
      {"packet type 0", raw({0x00, 0}), error::unknown_packet_type, 0x81},
      {"reserved flags of PUBREL", raw({0x60, 2, 0, 1}), error::reserved_flags, 0x81},
      {"Remaining Length of five bytes", raw({0x30, 0xff, 0xff, 0xff, 0xff, 1}), error::bad_variable_byte_integer,
       0x81},
      {"a packet too large", raw({0x40, 0xff, 0x7f}), error::packet_too_large, 0x95},
      {"a PUBLISH too large", raw({0x30, 0xff, 0xff, 0x7f}), error::packet_too_large, 0x95},
      {"SUBACK with a foreign identifier", raw({0x90, 4, 0, 9, 0, 0}), error::unknown_packet_identifier, 0x82},
      {"SUBACK with too many codes", raw({0x90, 5, 0, 3, 0, 0, 0}), error::wrong_reason_count, 0x82},
      {"SUBACK without codes", raw({0x90, 3, 0, 3, 0}), error::no_reason_codes, 0x82},
      {"SUBACK with an unknown code", raw({0x90, 4, 0, 3, 0, 0x55}), error::bad_reason_code, 0x82},
      {"SUBACK for UNSUBSCRIBE", raw({0x90, 4, 0, 4, 0, 0}), error::wrong_answer, 0x82},
      {"UNSUBACK for SUBSCRIBE", raw({0xb0, 4, 0, 3, 0, 0}), error::wrong_answer, 0x82},
      {"PUBACK with an unknown identifier", raw({0x40, 2, 0, 99}), error::unknown_packet_identifier, 0x82},
      {"PUBACK with identifier 0", raw({0x40, 2, 0, 0}), error::packet_identifier_zero, 0x82},
      {"PUBACK for QoS 2", raw({0x40, 2, 0, 2}), error::wrong_answer, 0x82},
      {"PUBREC for QoS 1", raw({0x50, 2, 0, 1}), error::wrong_answer, 0x82},
      {"PUBCOMP before PUBREL", raw({0x70, 2, 0, 2}), error::wrong_answer, 0x82},
      {"PUBACK for SUBSCRIBE", raw({0x40, 2, 0, 3}), error::wrong_answer, 0x82},
      {"PUBACK with a forbidden code", raw({0x40, 3, 0, 1, 0x92}), error::bad_reason_code, 0x82},
      {"QoS 3", publish_with({0}, 0x36, 1), error::bad_qos, 0x81},
      {"DUP with QoS 0", publish_with({0}, 0x38), error::duplicate_with_qos_0, 0x82},
      {"PUBLISH with identifier 0", raw({0x32, 6, 0, 1, 't', 0, 0, 0}), error::packet_identifier_zero, 0x82},
      {"a topic with a wildcard", raw({0x30, 4, 0, 1, '#', 0}), error::bad_topic_name, 0x90},
      {"a topic that isn't UTF-8", raw({0x30, 4, 0, 1, 0xff, 0}), error::bad_utf8, 0x81},
      {"a topic longer than the packet", raw({0x30, 4, 0xff, 0xff, 't', 0}), error::truncated,
       0x81},  // original defect 6
      {"properties longer than the packet", raw({0x30, 4, 0, 1, 't', 0x7f}), error::truncated,
       0x81},  // original defect 6
      {"no topic and no alias", raw({0x30, 3, 0, 0, 0}), error::empty_topic, 0x82},
      {"alias 0", publish_with({3, 0x23, 0, 0}), error::bad_topic_alias, 0x94},
      {"alias above the maximum", publish_with({3, 0x23, 0, 3}), error::bad_topic_alias, 0x94},
      {"an alias that was never set", raw({0x30, 6, 0, 0, 3, 0x23, 0, 2}), error::unknown_topic_alias, 0x82},
      {"an unknown property", publish_with({1, 0x7f}), error::unknown_property, 0x81},
      {"a property twice", publish_with({4, 1, 0, 1, 0}), error::duplicated_property, 0x82},
      {"DISCONNECT with a client's code", raw({0xe0, 1, 4}), error::bad_reason_code, 0x82},
  };
  return all;
}

// original defects 6 and 11: lengths larger than the packet, answers to nothing that was asked
TEST(session_misbehaviour, is_answered_with_the_reason_code_of_the_standard) {  // §4.13 [MQTT-4.13.1-1]
  // [MQTT-3.3.2-b]
  const sizes how{.receive = 64};
  static const subscription filter[] = {{.filter = "a"}};
  static const std::string_view name[] = {"a"};
  for (const misdeed& one : misdeeds()) {
    SCOPED_TRACE(one.name);
    subject who{how};
    session& s = who.machine;
    dialogue_wire<session> line{s, {}};
    if (one.before_connack) {
      ASSERT_TRUE(s.connect({}).has_value());
      s.opened({});
      line.turn();
    } else {
      dialogue{how}.connects({.receive_maximum = 2, .maximum_packet_size = 10'000}).play({}, who);
      ASSERT_TRUE(s.publish({.topic = "a", .qos = qos::at_least_once}).has_value());
      ASSERT_TRUE(s.publish({.topic = "a", .qos = qos::exactly_once}).has_value());
      ASSERT_TRUE(s.subscribe(filter).has_value());
      ASSERT_TRUE(s.unsubscribe(name).has_value());
      line.turn();
    }
    line.outbox.clear();
    line.hear(one.heard);
    if (one.why == error::none) {  // any end will do, as long as it is one
      EXPECT_TRUE(line.told.size() == 1 && line.told[0].starts_with("closed: "));
      continue;
    }
    EXPECT_EQ(line.told.size(), 1u);
    if (!line.told.empty()) {
      EXPECT_EQ(line.told[0], "closed: " + std::string{words(one.why)});
    }
    EXPECT_EQ(hex(line.outbox), hex(raw({0xe0, 1, one.reason})));
    EXPECT_EQ(s.deadline(), never);
    line.hear(one.heard);
    EXPECT_LE(line.told.size(), 1u) << "said once";
  }
}

TEST(session_misbehaviour, of_3_1_1_only_closes) {
  // [MQTT311-4.8.0-1] [MQTT311-2.3.1-7]
  for (const octets& heard :
       {raw({0x20, 2, 0, 0}), raw({0xd0, 0}), raw({0xe0, 0}), raw({0xf0, 0}), raw({0x90, 3, 0, 9, 0}),
        raw({0x40, 2, 0, 9}), raw({0x30, 2, 0, 0}), raw({0x30, 3, 0, 1, 0})}) {
    SCOPED_TRACE(hex(heard));
    subject who{{}};
    dialogue talk;
    talk.speaks(version::v3_1_1).connects().play({}, who);
    dialogue_wire<session> line{who.machine, {}};
    line.hear(heard);
    ASSERT_EQ(line.told.size(), 1u);
    EXPECT_TRUE(line.told[0].starts_with("closed: "));
    EXPECT_EQ(hex(line.outbox), "") << "3.1.1 has no reason codes to say";
  }
}

TEST(session_misbehaviour, more_messages_than_receive_maximum) {  // [MQTT-3.3.4-9]
  dialogue{}
      .connects({.receive_maximum = 2})
      .hears(message_of(qos::exactly_once, 1, "t", "1"))
      .hears(message_of(qos::exactly_once, 2, "t", "2"))
      .tells("message t '1' qos 2")
      .tells("message t '2' qos 2")
      .sends(answer(pubrec, 1))
      .sends(answer(pubrec, 2))
      .hears(message_of(qos::at_least_once, 3, "t", "3"))
      .tells("closed: the server sent more messages than Receive Maximum allows")
      .sends(raw({0xe0, 1, 0x93}))
      .check();
}

TEST(session_misbehaviour, a_full_table_of_received_identifiers_names_the_limit) {
  // [MQTT311-4.8.0-2]
  dialogue talk{sizes{.received = 1}};
  talk.speaks(version::v3_1_1)
      .connects()
      .hears(message_of(qos::exactly_once, 1, "t", "1"))
      .tells("message t '1' qos 2")
      .sends(answer(pubrec, 1))
      .hears(message_of(qos::exactly_once, 2, "t", "2"))
      .tells("closed: more messages of QoS 2 are being received than the table holds")
      .check();
}

TEST(session_misbehaviour, unknown_identifiers_of_qos_2_are_answered) {  // §3.5.2.1, §3.6.2.1: normal in recovery
  // [MQTT-3.5.2-a]
  dialogue{}
      .connects()
      .hears(answer(pubrec, 9))
      .sends(answer(pubrel, 9, reason::packet_identifier_not_found))
      .hears(answer(pubcomp, 9, reason::packet_identifier_not_found))
      .hears(answer(pubrel, 8))
      .sends(answer(pubcomp, 8, reason::packet_identifier_not_found))
      .check();
}

TEST(session_misbehaviour,
     a_pubcomp_again_is_ignored_and_a_puback_again_is_not) {  // 5.0 §1.2 "Protocol Error", §4.13.1
  for (const auto each : {version::v5_0, version::v3_1_1}) {
    dialogue talk;
    talk.speaks(each)
        .connects()
        .does(publishes(qos::exactly_once, "a", "1"))
        .sends(message_of(qos::exactly_once, 1, "a", "1"))
        .hears(answer(pubrec, 1))
        .sends(answer(pubrel, 1))
        .hears(answer(pubcomp, 1))
        .tells("acknowledged #1 tag 0")
        .hears(answer(pubcomp, 1))
        .does(publishes(qos::at_least_once, "a", "2"))
        .sends(message_of(qos::at_least_once, 2, "a", "2"))
        .hears(answer(puback, 2))
        .tells("acknowledged #2 tag 0")
        .hears(answer(puback, 2))
        .tells("closed: an answer names a packet identifier that is not in use");
    if (each == version::v5_0) talk.sends(mqtt::disconnect{.reason = reason::protocol_error, .properties = {}});
    talk.check();
  }
}

TEST(session_misbehaviour, a_pubrec_again_is_answered_again) {
  dialogue{}
      .connects()
      .does(publishes(qos::exactly_once, "a", "1"))
      .sends(message_of(qos::exactly_once, 1, "a", "1"))
      .hears(answer(pubrec, 1))
      .hears(answer(pubrec, 1))
      .sends(answer(pubrel, 1))
      .sends(answer(pubrel, 1))
      .hears(answer(pubcomp, 1))
      .tells("acknowledged #1 tag 0")
      .check();
}

}  // namespace
}  // namespace recado::mqtt::test
