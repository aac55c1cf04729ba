// What a session does after a loss: resends in order, gives up what the server forgot, and says so.
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

connack present() {
  connack out;
  out.session_present = true;
  return out;
}

TEST(session_resume, sends_again_in_the_order_of_sending) {  // [MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-3.3.1-1]
  dialogue{}
      .connects(coming_back)
      .does([](session& s) {
        publishes(qos::at_least_once, "a", "1", 1)(s);
        publishes(qos::exactly_once, "b", "2", 2)(s);
        publishes(qos::at_most_once, "z", "0")(s);
        publishes(qos::at_least_once, "c", "3", 3)(s);
      })
      .sends(message_of(qos::at_least_once, 1, "a", "1"))
      .sends(message_of(qos::exactly_once, 2, "b", "2"))
      .sends(message_of(qos::at_most_once, 0, "z", "0"))
      .sends(message_of(qos::at_least_once, 3, "c", "3"))
      .loses()
      .connects(coming_back, present())
      .sends(message_of(qos::at_least_once, 1, "a", "1", true))
      .sends(message_of(qos::exactly_once, 2, "b", "2", true))
      .sends(message_of(qos::at_least_once, 3, "c", "3", true))
      .hears(answer(puback, 1))
      .tells("acknowledged #1 tag 1")
      .hears(answer(pubrec, 2))
      .sends(answer(pubrel, 2))
      .loses()
      .connects(coming_back, present())
      .sends(message_of(qos::at_least_once, 3, "c", "3", true))
      .sends(answer(pubrel, 2))
      .hears(answer(pubcomp, 2))
      .hears(answer(puback, 3))
      .tells("acknowledged #2 tag 2")
      .tells("acknowledged #3 tag 3")
      .check();
}

TEST(session_resume, what_never_left_is_no_duplicate) {
  dialogue{}
      .connects(coming_back)
      .does([](session& s) { publishes(qos::at_least_once, "a", "1")(s); })
      .sends(message_of(qos::at_least_once, 1, "a", "1"))
      .does([](session& s) {
        publishes(qos::at_least_once, "b", "2")(s);
        s.lost({}, {});
      })
      .connects(coming_back, present())
      .sends(message_of(qos::at_least_once, 1, "a", "1", true))
      .sends(message_of(qos::at_least_once, 2, "b", "2"))
      .hears(answer(puback, 1))
      .hears(answer(puback, 2))
      .tells("acknowledged #1 tag 0")
      .tells("acknowledged #2 tag 0")
      .plain();
}

TEST(session_resume, pubrels_keep_the_order_of_their_pubrecs) {  // [MQTT-4.6.0-4]
  dialogue{}
      .connects(coming_back)
      .does([](session& s) {
        publishes(qos::exactly_once, "a", "1")(s);
        publishes(qos::exactly_once, "b", "2")(s);
      })
      .sends(message_of(qos::exactly_once, 1, "a", "1"))
      .sends(message_of(qos::exactly_once, 2, "b", "2"))
      .hears(answer(pubrec, 2))
      .hears(answer(pubrec, 1))
      .sends(answer(pubrel, 2))
      .sends(answer(pubrel, 1))
      .loses()
      .connects(coming_back, present())
      .sends(answer(pubrel, 2))
      .sends(answer(pubrel, 1))
      .hears(answer(pubcomp, 2))
      .hears(answer(pubcomp, 1, reason::packet_identifier_not_found))
      .tells("acknowledged #2 tag 0")
      .tells("acknowledged #1 tag 0 Packet Identifier not found")
      .check();
}

TEST(session_resume, a_forgotten_session_is_published_anew) {  // [MQTT-3.2.2-5]
  connect_options few = coming_back;
  few.receive_maximum = 8;  // a journal may not have room for all
  dialogue{sizes{.received = received_bitmap_words}}
      .connects(few)
      .does([](session& s) {
        publishes(qos::exactly_once, "a", "1", 1)(s);
        publishes(qos::at_least_once, "b", "2", 2)(s);
        publishes(qos::exactly_once, "c", "3", 3)(s);
      })
      .sends(message_of(qos::exactly_once, 1, "a", "1"))
      .sends(message_of(qos::at_least_once, 2, "b", "2"))
      .sends(message_of(qos::exactly_once, 3, "c", "3"))
      .hears(answer(pubrec, 1))
      .sends(answer(pubrel, 1))
      .hears(message_of(qos::exactly_once, 9, "t", "x"))
      .tells("message t 'x' qos 2")
      .sends(answer(pubrec, 9))
      .loses()
      .connects(few)
      .tells("acknowledged #1 tag 1 Packet Identifier not found (session lost)")
      .sends(message_of(qos::at_least_once, 2, "b", "2"))
      .sends(message_of(qos::exactly_once, 3, "c", "3"))
      .hears(message_of(qos::exactly_once, 9, "t", "another"))
      .tells("message t 'another' qos 2")
      .sends(answer(pubrec, 9))
      .check();
}

TEST(session_resume, a_forgotten_session_can_be_reported_instead) {
  connect_options careful = coming_back;
  careful.when_session_lost = lost_session::report;
  dialogue{}
      .connects(careful)
      .does([](session& s) {
        publishes(qos::exactly_once, "a", "1", 1)(s);
        publishes(qos::at_least_once, "b", "2", 2)(s);
      })
      .sends(message_of(qos::exactly_once, 1, "a", "1"))
      .sends(message_of(qos::at_least_once, 2, "b", "2"))
      .loses()
      .connects(careful)
      .tells("acknowledged #1 tag 1 (session lost)")
      .tells("acknowledged #2 tag 2 (session lost)")
      .does([](session& s) { EXPECT_EQ(s.in_flight(), 0u); })
      .check();
}

TEST(session_resume, a_subscription_cut_off_is_told) {
  static const subscription filter[] = {{.filter = "a"}};
  mqtt::subscribe sub;
  sub.packet_identifier = 1, sub.subscriptions = filter;
  dialogue{}
      .connects(coming_back)
      .does([](session& s) { EXPECT_TRUE(s.subscribe(filter).has_value()); })
      .sends(sub)
      .loses()
      .tells("subscribed #1 (session lost)")
      .connects(coming_back, present())
      .check();
}

TEST(session_resume, receive_maximum_counts_anew) {  // §4.9, [MQTT-3.3.4-7]
  // [MQTT-4.9.0-a]
  dialogue{}
      .connects(coming_back)
      .does([](session& s) {
        for (int i = 0; i < 4; ++i) publishes(qos::at_least_once, "a", "1")(s);
      })
      .sends(message_of(qos::at_least_once, 1, "a", "1"))
      .sends(message_of(qos::at_least_once, 2, "a", "1"))
      .sends(message_of(qos::at_least_once, 3, "a", "1"))
      .sends(message_of(qos::at_least_once, 4, "a", "1"))
      .loses()
      .connects(coming_back, announcing({{property::receive_maximum, 2U}}, true))
      .sends(message_of(qos::at_least_once, 1, "a", "1", true))
      .sends(message_of(qos::at_least_once, 2, "a", "1", true))
      .does(refuses(error::receive_maximum_reached,
                    [](session& s) { return error_of(s.publish({.topic = "b", .qos = qos::at_least_once})); }))
      .hears(answer(puback, 1))
      .tells("acknowledged #1 tag 0")
      .sends(message_of(qos::at_least_once, 3, "a", "1", true))
      .hears(answer(puback, 3))
      .hears(answer(puback, 2))
      .tells("acknowledged #3 tag 0")
      .tells("acknowledged #2 tag 0")
      .sends(message_of(qos::at_least_once, 4, "a", "1", true))
      .hears(answer(puback, 4))
      .tells("acknowledged #4 tag 0")
      .check();
}

TEST(session_resume, what_the_server_no_longer_takes_is_reported) {
  dialogue{}
      .connects(coming_back)
      .does([](session& s) {
        publishes(qos::at_least_once, "a", "a message that is rather long", 1)(s);
        publishes(qos::at_least_once, "b", "short", 2)(s);
      })
      .sends(message_of(qos::at_least_once, 1, "a", "a message that is rather long"))
      .sends(message_of(qos::at_least_once, 2, "b", "short"))
      .loses()
      .connects(coming_back, announcing({{property::maximum_packet_size, 20U}}, true))
      .tells("acknowledged #1 tag 1 Packet too large")
      .sends(message_of(qos::at_least_once, 2, "b", "short", true))
      .once()
      .check();
}

TEST(session_resume, a_server_that_claims_a_session_after_a_clean_start) {  // [MQTT-3.2.2-2]
  dialogue{}
      .does([](session& s) { EXPECT_TRUE(s.connect({.clean_start = true}).has_value()); })
      .opens()
      .does([](session& s) { s.sent(s.pending({}).size()); })
      .hears(present())
      .tells("closed: the server claims a session although a clean start was asked for")
      .sends(raw({0xe0, 1, 0x82}))
      .plain();
}

TEST(session_resume, a_failed_attempt_keeps_connect_for_the_next_stream) {
  subject who{{}};
  ASSERT_TRUE(who.machine.connect({.client_identifier = "x"}).has_value());
  EXPECT_TRUE(who.machine.pending({}).empty()) << "there is no stream yet";
  who.machine.lost(make_fault(stream_error::refused), {});
  who.machine.opened({});
  EXPECT_FALSE(who.machine.pending({}).empty());
}

TEST(session_resume, a_full_log_still_has_room_to_come_back) {
  subject who{{.transmit = 256, .outgoing = 64}};
  const connect_options options{.client_identifier = "some-client-identifier", .clean_start = false};
  dialogue{sizes{.transmit = 256, .outgoing = 64}}.connects(options).play({}, who);
  int count = 0;
  while (who.machine.publish({.topic = "t", .payload = as_bytes("payload"), .qos = qos::at_least_once})) ++count;
  EXPECT_GT(count, 5);
  who.machine.lost({}, {});
  recover(who, version::v5_0);
}

}  // namespace
}  // namespace recado::mqtt::test
