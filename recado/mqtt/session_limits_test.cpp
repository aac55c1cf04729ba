// Limits that only some packets reach, and what a later connection no longer allows.
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

TEST(session_limits, no_packet_is_larger_than_the_server_takes) {  // [MQTT-3.2.2-15]
  static const subscription filter[] = {{.filter = "a/rather/long/filter"}};
  static const std::string_view name[] = {"a/rather/long/filter"};
  dialogue{}
      .connects({}, announcing({{property::maximum_packet_size, 20U}}))
      .does(refuses(error::larger_than_server_takes, [](session& s) { return error_of(s.subscribe(filter)); }))
      .does(refuses(error::larger_than_server_takes, [](session& s) { return error_of(s.unsubscribe(name)); }))
      .does([](session& s) { EXPECT_EQ(s.in_flight(), 0u); })
      .check();
}

TEST(session_limits, a_subscription_identifier_is_a_variable_byte_integer) {  // §3.8.2.1.2
  // [MQTT-3.8.2-a]
  static const subscription filter[] = {{.filter = "a"}};
  dialogue{}
      .connects()
      .does(refuses(error::bad_property_value,
                    [](session& s) {
                      return error_of(
                          s.subscribe(filter, {.subscription_identifier = 268'435'456, .user_properties = {}}));
                    }))
      .check();
}

TEST(session_limits, a_suback_has_one_code_for_each_filter) {  // [MQTT-3.8.4-6] [MQTT-3.8.4-2] [MQTT-3.11.3-1]
  static const subscription filters[] = {{.filter = "a"}, {.filter = "b"}};
  static const std::string_view names[] = {"a", "b"};
  for (const bool v5 : {true, false})
    for (const bool sub : {true, false}) {
      if (!v5 && !sub) continue;  // the UNSUBACK of 3.1.1 has no codes
      subject who{{}};
      dialogue talk;
      talk.speaks(v5 ? version::v5_0 : version::v3_1_1).connects().play({}, who);
      EXPECT_TRUE((sub ? who.machine.subscribe(filters) : who.machine.unsubscribe(names)).has_value());
      dialogue_wire<session> line{who.machine, {}};
      line.hear(v5 ? raw({sub ? 0x90 : 0xb0, 4, 0, 1, 0, 0}) : raw({0x90, 3, 0, 1, 0}));
      EXPECT_EQ(line.told, std::deque<std::string>{"closed: the answer has not one reason code for each topic filter"});
    }
}

TEST(session_limits, what_a_later_connection_forbids_is_reported) {  // [MQTT-3.2.2-11] [MQTT-3.2.2-14]
  const auto in_flight = [] {
    dialogue talk;
    talk.connects(coming_back)
        .does([](session& s) {
          EXPECT_TRUE(s.publish({.topic = "a", .qos = qos::exactly_once, .tag = 1}).has_value());
          EXPECT_TRUE(s.publish({.topic = "b", .qos = qos::at_least_once, .retain = true, .tag = 2}).has_value());
          EXPECT_TRUE(s.publish({.topic = "c", .qos = qos::at_least_once, .tag = 3}).has_value());
        })
        .does([](session& s) { s.sent(s.pending({}).size()); })
        .loses();
    return talk;
  };
  mqtt::publish retained = message_of(qos::at_least_once, 2, "b", "", true);
  retained.retain = true;
  in_flight()
      .connects(coming_back, announcing({{property::maximum_qos, 1U}}, true))
      .sends(retained)
      .sends(message_of(qos::at_least_once, 3, "c", "", true))
      .sends(answer(pubrel, 1))  // the server may wait for it: else its identifier could never be used again
      .hears(answer(pubcomp, 1, reason::packet_identifier_not_found))
      .tells("acknowledged #1 tag 1 Packet Identifier not found")
      .plain();
  in_flight()
      .connects(coming_back, announcing({{property::retain_available, 0U}}, true))
      .tells("acknowledged #2 tag 2 Retain not supported")
      .sends(message_of(qos::exactly_once, 1, "a", "", true))
      .sends(message_of(qos::at_least_once, 3, "c", "", true))
      .plain();
}

TEST(session_limits, a_session_lost_after_a_resend_is_published_without_dup) {  // [MQTT-3.3.1-1] [MQTT-3.3.1-3]
  connack present;
  present.session_present = true;
  dialogue{}
      .connects(coming_back)
      .does(publishes(qos::at_least_once, "a", "1"))
      .sends(message_of(qos::at_least_once, 1, "a", "1"))
      .loses()
      .connects(coming_back, present)
      .sends(message_of(qos::at_least_once, 1, "a", "1", true))
      .loses()
      .connects(coming_back)
      .sends(message_of(qos::at_least_once, 1, "a", "1"))
      .hears(answer(puback, 1))
      .tells("acknowledged #1 tag 0")
      .once()
      .check();
}

TEST(session_limits, a_refused_message_of_qos_2_is_new_when_it_comes_again) {  // [MQTT-4.3.3-9] [MQTT-4.3.3-12]
  dialogue talk;
  talk.connects({.acknowledge = acknowledge_when::deferred});
  for (const std::uint32_t round : {1U, 2U})
    talk.hears(message_of(qos::exactly_once, 7, "t", "x"))
        .tells("message t 'x' qos 2 owed")
        .does([round](session& s) { EXPECT_TRUE(s.acknowledge({round}, reason::not_authorized).has_value()); })
        .sends(answer(pubrec, 7, reason::not_authorized));
  talk.once().check();
}

TEST(session_limits, the_table_of_received_identifiers_keeps_the_others) {  // [MQTT-4.3.3-10]
  dialogue talk{sizes{.received = 3}};
  talk.connects();
  for (std::uint16_t id = 1; id <= 3; ++id)
    talk.hears(message_of(qos::exactly_once, id, "t", "x")).tells("message t 'x' qos 2").sends(answer(pubrec, id));
  talk.hears(answer(pubrel, 1)).sends(answer(pubcomp, 1));
  for (std::uint16_t id = 2; id <= 3; ++id)
    talk.hears(message_of(qos::exactly_once, id, "t", "x", true)).sends(answer(pubrec, id));
  talk.check();
}

TEST(session_limits, a_topic_longer_than_its_alias_has_room_for) {
  const std::string topic(31, 't');  // 30 bytes of room
  static const property_value alias[] = {{property::topic_alias, 1U}};
  mqtt::publish named = message_of(qos::at_most_once, 0, topic, "");
  named.properties = properties{alias};
  dialogue{}
      .connects()
      .hears(named)
      .tells("closed: a topic with an alias is longer than this side stores")
      .sends(raw({0xe0, 1, 0x83}))
      .plain();
}

TEST(session_limits, long_messages_are_sent_again_before_new_ones) {  // [MQTT-4.6.0-1]
  connack present;
  present.session_present = true;
  subject who{{}};
  session& s = who.machine;
  dialogue{}.connects(coming_back).play({}, who);
  ASSERT_TRUE(s.publish({.topic = "t", .qos = qos::at_least_once, .payload_from_source = 4}).has_value());
  s.lost({}, {});
  ASSERT_TRUE(s.connect(coming_back).has_value());
  s.opened({});
  s.sent(s.pending({}).size());
  const octets accepted = wire(present), puback_1 = wire(answer(puback, 1));
  bytes in = accepted;
  ASSERT_EQ(tell(*s.receive(in, {})), "connected present");
  EXPECT_EQ(error_of(s.publish({.topic = "u", .qos = qos::at_least_once})), error::payload_pending);
  EXPECT_EQ(error_of(s.publish({.topic = "u", .payload_from_source = 4})), error::payload_pending);
  EXPECT_TRUE(s.publish({.topic = "z"}).has_value()) << "nothing else waits";
  EXPECT_EQ(hex(s.pending({})), "30 04 00 01 7a 00 ");
  s.sent(6);
  EXPECT_EQ(hex(s.pending({})), "32 0a 00 01 74 00 01 00 ");
  s.sent(8);
  EXPECT_EQ(tell(*s.receive(in, {})), "wants payload #1 tag 0 from 0");
  EXPECT_EQ(s.supply(as_bytes("abcd")).value_or(0), 4u);
  EXPECT_EQ(as_text(s.pending({})), "abcd");
  s.sent(4);
  EXPECT_TRUE(s.publish({.topic = "u", .qos = qos::at_least_once}).has_value());
  in = puback_1;
  EXPECT_EQ(tell(*s.receive(in, {})), "acknowledged #1 tag 0");
}

TEST(session_limits, an_alias_is_set_only_by_what_was_sent) {
  const std::string long_text(600, 'x');
  mqtt::publish first = message_of(qos::at_most_once, 0, "some/topic", "1");
  static const property_value alias[] = {{property::topic_alias, 1U}};
  first.properties = properties{alias};
  dialogue{sizes{.outgoing_aliases = 4}}
      .connects({}, announcing({{property::topic_alias_maximum, 1U}}))
      .does(refuses(
          error::no_room,
          [&](session& s) { return error_of(s.publish({.topic = "some/topic", .payload = as_bytes(long_text)})); }))
      .does(publishes(qos::at_most_once, "some/topic", "1"))
      .sends(first)
      .check();
}

TEST(session_limits, a_packet_beyond_the_receive_buffer_ends_the_connection) {  // [MQTT-3.1.2-24]
  dialogue{sizes{.receive = 64}}
      .connects()
      .hears(raw({0x90, 0x50, 0, 1}))
      .tells("closed: the packet is larger than this side allows")
      .sends(raw({0xe0, 1, 0x95}))
      .plain();
}

TEST(session_limits, a_packet_as_long_as_the_receive_buffer_is_taken) {
  static const property_value why[] = {{property::reason_string, "12345678"}};
  acknowledgement done = answer(puback, 1);
  done.properties = properties{why};
  const octets said = wire(done);
  ASSERT_EQ(said.size(), 17u);
  for (const std::size_t receive : {17U, 16U}) {
    SCOPED_TRACE(receive);
    subject who{{.receive = receive}};
    dialogue{sizes{.receive = receive}}.connects().play({}, who);
    publishes(qos::at_least_once, "t", "", 5)(who.machine);
    who.machine.sent(who.machine.pending({}).size());
    bytes in = said;
    const auto what = who.machine.receive(in, {});
    ASSERT_TRUE(what);
    EXPECT_EQ(tell(*what),
              receive == 17 ? "acknowledged #1 tag 5" : "closed: the packet is larger than this side allows");
  }
}

TEST(session_limits, a_full_table_of_received_identifiers_refuses_no_qos_1) {  // [MQTT-4.3.2-4]
  dialogue talk{sizes{.received = 1}};
  talk.speaks(version::v3_1_1)
      .connects()
      .hears(message_of(qos::exactly_once, 1, "t", "1"))
      .tells("message t '1' qos 2")
      .sends(answer(pubrec, 1))
      .hears(message_of(qos::at_least_once, 2, "t", "2"))
      .tells("message t '2' qos 1")
      .sends(answer(puback, 2))
      .check();
}

TEST(session_limits, no_answer_is_taken_within_the_message_it_is_for) {
  subject who{{}};
  dialogue{}.connects().play({}, who);
  ASSERT_TRUE(who.machine.publish({.topic = "t", .qos = qos::at_least_once, .payload_from_source = 4}).has_value());
  who.machine.sent(who.machine.pending({}).size());
  const octets early = wire(answer(puback, 1));
  bytes in = early, nothing;
  EXPECT_EQ(tell(*who.machine.receive(nothing, {})), "wants payload #1 tag 0 from 0");
  EXPECT_EQ(tell(*who.machine.receive(in, {})), "closed: an answer is not of the kind that the exchange waits for");
}

}  // namespace
}  // namespace recado::mqtt::test
