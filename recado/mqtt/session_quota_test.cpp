// The server's Receive Maximum after a loss: what waits for it, and what it may not hold up.
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

const connect_options patient{
    .client_identifier = "c", .clean_start = false, .keep_alive_s = 20, .session_expiry_s = 100};

dialogue two_in_flight(qos level) {
  dialogue talk;
  talk.connects(patient)
      .does([level](session& s) {
        publishes(level, "a", "1", 1)(s);
        publishes(level, "b", "2", 2)(s);
      })
      .sends(message_of(level, 1, "a", "1"))
      .sends(message_of(level, 2, "b", "2"))
      .loses();
  return talk;
}

TEST(session_quota, a_message_that_waits_holds_up_nothing_else) {  // [MQTT-3.3.4-8] [MQTT-4.9.0-3]
  two_in_flight(qos::exactly_once)
      .connects(patient, announcing({{property::receive_maximum, 1U}}, true))
      .sends(message_of(qos::exactly_once, 1, "a", "1", true))
      .hears(message_of(qos::at_least_once, 9, "t", "x"))
      .tells("message t 'x' qos 1")
      .sends(answer(puback, 9))
      .does(publishes(qos::at_most_once, "z", "0"))
      .sends(message_of(qos::at_most_once, 0, "z", "0"))
      .hears(answer(pubrec, 1))
      .sends(answer(pubrel, 1))
      .hears(answer(pubcomp, 1))
      .tells("acknowledged #1 tag 1")
      .sends(message_of(qos::exactly_once, 2, "b", "2", true))
      .hears(answer(pubrec, 2))
      .sends(answer(pubrel, 2))
      .hears(answer(pubcomp, 2))
      .tells("acknowledged #2 tag 2")
      .check();
}

TEST(session_quota, a_message_that_waits_does_not_hold_up_keep_alive) {  // [MQTT-3.1.2-20] [MQTT-3.3.4-8]
  two_in_flight(qos::at_least_once)
      .connects(patient, announcing({{property::receive_maximum, 1U}}, true))
      .sends(message_of(qos::at_least_once, 1, "a", "1", true))
      .after(20s)
      .sends(raw({0xc0, 0}))
      .hears(raw({0xd0, 0}))
      .once()
      .check();
}

TEST(session_quota, what_waits_for_pubcomp_counts) {  // [MQTT-3.3.4-7] [MQTT-4.9.0-1] [MQTT-4.9.0-2]
  // [MQTT-4.9.0-a]
  two_in_flight(qos::exactly_once)
      .connects(patient, announcing({{property::receive_maximum, 2U}}, true))
      .sends(message_of(qos::exactly_once, 1, "a", "1", true))
      .sends(message_of(qos::exactly_once, 2, "b", "2", true))
      .hears(answer(pubrec, 1))
      .sends(answer(pubrel, 1))
      .loses()
      .connects(patient, announcing({{property::receive_maximum, 1U}}, true))
      .sends(answer(pubrel, 1))
      .does([](session& s) { EXPECT_EQ(s.quota(), 0u); })
      .hears(answer(pubcomp, 1))
      .tells("acknowledged #1 tag 1")
      .sends(message_of(qos::exactly_once, 2, "b", "2", true))
      .does(refuses(error::receive_maximum_reached,
                    [](session& s) { return error_of(s.publish({.topic = "b", .qos = qos::at_least_once})); }))
      .check();
}

TEST(session_quota, an_answer_spares_the_resend) {  // [MQTT-4.3.3-6]: what the server has is not published again
  two_in_flight(qos::exactly_once)
      .connects(patient, announcing({{property::receive_maximum, 1U}}, true))
      .sends(message_of(qos::exactly_once, 1, "a", "1", true))
      .hears(answer(pubrec, 2))
      .sends(answer(pubrel, 2))
      .hears(answer(pubcomp, 2))
      .tells("acknowledged #2 tag 2")
      .does([](session& s) { EXPECT_EQ(s.quota(), 0u); })
      .hears(answer(pubrec, 1, reason::not_authorized))  // [MQTT-4.4.0-2]
      .tells("acknowledged #1 tag 1 Not authorized")
      .does([](session& s) { EXPECT_EQ(s.quota(), 1u); })
      .once()
      .check();
}

TEST(session_quota, a_refused_message_is_never_sent_again) {  // [MQTT-4.4.0-2]
  for (const qos level : {qos::at_least_once, qos::exactly_once})
    two_in_flight(level)
        .connects(patient, announcing({{property::receive_maximum, 2U}}, true))
        .sends(message_of(level, 1, "a", "1", true))
        .sends(message_of(level, 2, "b", "2", true))
        .hears(answer(level == qos::at_least_once ? puback : pubrec, 1, reason::quota_exceeded))
        .tells("acknowledged #1 tag 1 Quota exceeded")
        .loses()
        .connects(patient, announcing({{property::receive_maximum, 2U}}, true))
        .sends(message_of(level, 2, "b", "2", true))
        .once()
        .check();
}

TEST(session_quota, new_messages_follow_those_that_are_sent_again) {  // [MQTT-4.6.0-1]
  two_in_flight(qos::at_least_once)
      .does([](session& s) { EXPECT_TRUE(s.connect(patient).has_value()); })
      .opens()
      .does([](session& s) {
        s.sent(s.pending({}).size());
        const octets accepted = wire(announcing({{property::receive_maximum, 3U}}, true));
        bytes in = accepted;
        EXPECT_TRUE(tell(*s.receive(in, {})).starts_with("connected present"));
        publishes(qos::at_least_once, "c", "3", 3)(s);
      })
      .sends(message_of(qos::at_least_once, 1, "a", "1", true))
      .sends(message_of(qos::at_least_once, 2, "b", "2", true))
      .sends(message_of(qos::at_least_once, 3, "c", "3"))
      .plain();
}

TEST(session_quota, nothing_follows_a_goodbye) {  // [MQTT-3.14.4-1]
  static const property_value user[] = {{"k", "v"}};
  mqtt::disconnect bye;
  bye.properties = properties{user};
  two_in_flight(qos::at_least_once)
      .connects(patient, announcing({{property::receive_maximum, 1U}}, true))
      .sends(message_of(qos::at_least_once, 1, "a", "1", true))
      .does([](session& s) { EXPECT_TRUE(s.disconnect({.properties = properties{user}}).has_value()); })
      .sends(bye)
      .tells("closed")
      .once()
      .check();
}

TEST(session_quota, what_was_offered_to_the_wire_stays_there) {  // the promise of `pending`
  subject who{{}};
  session& s = who.machine;
  two_in_flight(qos::exactly_once).play({}, who);
  ASSERT_TRUE(s.connect(patient).has_value());
  s.opened({});
  s.sent(s.pending({}).size());
  const octets accepted = wire(announcing({{property::receive_maximum, 9U}}, true)), received = wire(answer(pubrec, 1));
  bytes in = accepted;
  ASSERT_EQ(tell(*s.receive(in, {})), "connected present");
  const bytes offered = s.pending({});
  const std::string before = hex(offered);
  in = received;
  EXPECT_FALSE(s.receive(in, {})) << "its bytes may be half on the wire";
  EXPECT_EQ(in.size(), received.size());
  while (s.publish({.topic = "z", .payload = as_bytes("0123456789")})) {
  }
  EXPECT_EQ(hex(offered), before);
  EXPECT_EQ(s.pending({}).data(), offered.data());
  s.sent(3);
  EXPECT_FALSE(s.receive(in, {})) << "and now they are";
  EXPECT_EQ(in.size(), received.size());
  EXPECT_EQ(s.pending({}).data(), offered.data() + 3);
  s.sent(s.pending({}).size());
  EXPECT_FALSE(s.receive(in, {}));
  EXPECT_TRUE(in.empty());
}

TEST(session_quota, only_what_left_is_a_duplicate) {  // [MQTT-3.3.1-1] [MQTT-3.3.1-3]
  subject who{{}};
  session& s = who.machine;
  dialogue{}.connects(patient).play({}, who);
  publishes(qos::at_least_once, "a", "1")(s);
  publishes(qos::at_least_once, "b", "2")(s);
  const octets accepted = wire(announcing({{property::receive_maximum, 9U}}, true));
  const auto connect = [&](bool answered) {
    s.lost({}, {});
    EXPECT_TRUE(s.connect(patient).has_value());
    s.opened({});
    s.sent(s.pending({}).size());
    bytes in = accepted;
    if (answered) {
      EXPECT_TRUE(tell(*s.receive(in, {})).starts_with("connected present"));
    }
  };
  const auto first = wire(message_of(qos::at_least_once, 1, "a", "1")),
             second = wire(message_of(qos::at_least_once, 2, "b", "2"));
  const auto first_again = wire(message_of(qos::at_least_once, 1, "a", "1", true));
  connect(false);  // lost before CONNACK
  connect(true);
  EXPECT_EQ(hex(s.pending({})), hex(first) + hex(second));
  s.sent(1);
  connect(true);
  EXPECT_EQ(hex(s.pending({})), hex(first_again) + hex(second));
}

TEST(session_quota, a_limit_too_small_for_answers_is_named) {  // [MQTT-3.2.2-15]
  static const property_value four[] = {{property::maximum_packet_size, 4U}},
                              five[] = {{property::maximum_packet_size, 5U}};
  connack small, enough;
  small.properties = properties{four}, enough.properties = properties{five};
  dialogue{sizes{.owed = 0}}
      .does([](session& s) { EXPECT_TRUE(s.connect({.client_identifier = "c"}).has_value()); })
      .opens()
      .does([](session& s) { s.sent(s.pending({}).size()); })
      .hears(small)
      .tells("closed: the server's Maximum Packet Size has no room for an acknowledgement")
      .plain();
  dialogue{sizes{.owed = 0}}
      .connects({}, enough)
      .hears(message_of(qos::at_least_once, 9, "t", "x"))
      .tells("message t 'x' qos 1")
      .sends(answer(puback, 9))
      .hears(answer(pubrel, 8))
      .sends(answer(pubcomp, 8, reason::packet_identifier_not_found))
      .does(refuses(error::larger_than_server_takes, [](session& s) { return error_of(s.publish({.topic = "a"})); }))
      .check();
}

}  // namespace
}  // namespace recado::mqtt::test
