// When there is no room for an answer, or something else stands before it: what waits, and for how long.
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

/// Bytes at the session that nobody but it consumes.
struct inbox {
  explicit inbox(octets data) : all(std::move(data)), in(all) {}
  octets all;
  bytes in;
  std::string next(session& s) {
    const auto what = s.receive(in, {});
    return what ? tell(*what) : "nothing";
  }
};

/// Fills the transmit log until not even an acknowledgement fits.
void fill(session& s) {
  for (const std::string_view payload : {"0123456789", "0123", "0", ""})
    while (s.publish({.topic = "z", .payload = as_bytes(payload)})) {
    }
}
void flush(session& s) {
  while (!s.pending({}).empty()) s.sent(s.pending({}).size());
}

TEST(session_room, connack_is_taken_when_connect_has_left) {  // [MQTT-3.1.0-1] [MQTT-3.2.0-1]
  subject who{{}};
  session& s = who.machine;
  ASSERT_TRUE(s.connect({.client_identifier = "c"}).has_value());
  s.opened({});
  inbox accepted{wire(connack{})};
  EXPECT_EQ(accepted.next(s), "nothing") << "it was not even offered";
  ASSERT_FALSE(s.pending({}).empty());
  EXPECT_EQ(accepted.next(s), "nothing") << "the driver did not say yet that it left";
  EXPECT_EQ(accepted.in.size(), accepted.all.size());
  s.sent(5);
  EXPECT_EQ(accepted.next(s), "nothing") << "nor all of it";
  flush(s);
  EXPECT_EQ(accepted.next(s), "connected");
  EXPECT_TRUE(accepted.in.empty());
}

TEST(session_room, what_is_kept_leaves_room_for_the_identifier_that_the_server_assigned) {  // [MQTT-3.2.2-16]
  const std::string assigned(120, 'i');  // longer than the room that is always kept
  subject who{{.outgoing = 64}};         // the log is full before the table is
  session& s = who.machine;
  ASSERT_TRUE(s.connect({.session_expiry_s = 100}).has_value());
  s.opened({});
  flush(s);
  const property_value name{property::assigned_client_identifier, assigned};
  connack welcome;
  welcome.properties = properties{std::span{&name, 1}};
  inbox accepted{wire(welcome)};
  EXPECT_EQ(accepted.next(s), "connected as " + assigned);
  for (const std::string_view payload : {"0123456789", "0123", "0", ""})
    while (s.publish({.topic = "z", .payload = as_bytes(payload), .qos = qos::at_least_once})) {
    }
  EXPECT_LT(s.in_flight(), 64U);
  flush(s);
  s.lost(make_fault(stream_error::reset), {});
  const auto next = s.connect({.client_identifier = assigned, .clean_start = false, .session_expiry_s = 100});
  EXPECT_TRUE(next.has_value()) << words(next.error());
}

TEST(session_room, a_second_connack_waits_for_nothing) {  // [MQTT-3.2.0-2]
  subject who{{}};
  dialogue{}.connects().play({}, who);
  publishes(qos::at_most_once, "a", "1")(who.machine);
  inbox second{wire(connack{})};
  EXPECT_EQ(second.next(who.machine), "closed: this packet may not be sent by this side");
}

TEST(session_room, a_duplicate_is_answered_by_the_pubrec_that_is_owed) {  // [MQTT-4.3.3-10] [MQTT-4.6.0-3]
  dialogue{}
      .connects({.acknowledge = acknowledge_when::deferred})
      .hears(message_of(qos::exactly_once, 5, "t", "x"))
      .hears(message_of(qos::exactly_once, 5, "t", "x", true))
      .tells("message t 'x' qos 2 owed")
      .does([](session& s) { EXPECT_TRUE(s.acknowledge({1}).has_value()); })
      .sends(answer(pubrec, 5))
      .hears(message_of(qos::exactly_once, 5, "t", "x", true))
      .sends(answer(pubrec, 5))
      .once()
      .check();
}

// A duplicate's PUBREC waits behind another answer: once PUBREL has come, it would be taken for one to the next message
// with that identifier.
TEST(session_room, no_pubrec_follows_pubcomp) {  // [MQTT-4.3.3-11] [MQTT-4.6.0-3]
  for (const bool also_another : {false, true}) {
    dialogue talk;
    talk.connects({.acknowledge = acknowledge_when::deferred})
        .hears(message_of(qos::exactly_once, 5, "t", "x"))
        .tells("message t 'x' qos 2 owed")
        .does([](session& s) { EXPECT_TRUE(s.acknowledge({1}).has_value()); })
        .sends(answer(pubrec, 5))
        .hears(message_of(qos::at_least_once, 6, "t", "y"))
        .tells("message t 'y' qos 1 owed")
        .hears(message_of(qos::exactly_once, 5, "t", "x", true));
    if (also_another) talk.hears(message_of(qos::at_least_once, 7, "t", "y")).tells("message t 'y' qos 1 owed");
    talk.hears(answer(pubrel, 5))
        .sends(answer(pubcomp, 5))
        .does([](session& s) { EXPECT_TRUE(s.acknowledge({2}).has_value()); })
        .sends(answer(puback, 6));
    if (also_another)
      talk.does([](session& s) { EXPECT_TRUE(s.acknowledge({4}).has_value()); }).sends(answer(puback, 7));
    talk.hears(message_of(qos::exactly_once, 5, "t", "z"))
        .tells("message t 'z' qos 2 owed")
        .does([also_another](session& s) { EXPECT_TRUE(s.acknowledge({also_another ? 5U : 4U}).has_value()); })
        .sends(answer(pubrec, 5))
        .once()
        .check();
  }
}

/// In the middle of a long message of QoS 0 nothing else can be sent.
struct busy : subject {
  explicit busy(const connect_options& options, const sizes& how = {}, const octets& before = {}) : subject(how) {
    dialogue{how}.connects(options).play({}, *this);
    inbox first{before};
    while (!first.in.empty()) (void)first.next(machine);
    flush(machine);
    EXPECT_TRUE(machine.publish({.topic = "long", .payload_from_source = 4}).has_value());
    flush(machine);
    bytes nothing;
    EXPECT_TRUE(machine.receive(nothing, {}));  // wants_payload
  }
  /// What leaves behind the long message.
  std::string finish() {
    EXPECT_EQ(machine.supply(as_bytes("abcd")).value_or(0), 4u);
    machine.sent(4);
    return hex(machine.pending({}));
  }
  std::string hears(const octets& what) {
    last = inbox{what};
    return last.next(machine);
  }
  inbox last{{}};
};
octets both(const octets& a, const octets& b) {
  octets out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}
const std::string in_use = "closed: the server uses a packet identifier for a second message at once";
const std::string too_many = "closed: the server sent more messages than Receive Maximum allows";
const octets of_qos_1 = wire(message_of(qos::at_least_once, 6, "t", "x")),
             of_qos_2 = wire(message_of(qos::exactly_once, 5, "t", "x"));

TEST(session_room, an_identifier_is_in_use_until_its_last_answer_has_left) {  // [MQTT-2.2.1-4] [MQTT-4.3.3-12]
  // [MQTT311-2.3.1-4]
  busy owing_puback{{}};
  EXPECT_EQ(owing_puback.hears(of_qos_1), "message t 'x' qos 1");
  EXPECT_EQ(owing_puback.hears(of_qos_1), in_use);
  busy other_kind{{}};
  EXPECT_EQ(other_kind.hears(of_qos_1), "message t 'x' qos 1");
  EXPECT_EQ(other_kind.hears(wire(message_of(qos::exactly_once, 6, "t", "x"))), in_use);
  busy owing_pubcomp{{}, {}, of_qos_2};
  EXPECT_EQ(owing_pubcomp.hears(wire(answer(pubrel, 5))), "nothing");
  EXPECT_EQ(owing_pubcomp.hears(of_qos_2), in_use);
  dialogue{}
      .connects()
      .hears(of_qos_2)
      .tells("message t 'x' qos 2")
      .sends(answer(pubrec, 5))
      .hears(message_of(qos::at_least_once, 5, "t", "y"))
      .tells(in_use)
      .sends(raw({0xe0, 1, 0x82}))
      .check();
}

TEST(session_room, of_3_1_1_a_message_of_qos_1_may_come_again_at_any_time) {  // [MQTT311-2.3.1-3] [MQTT311-2.3.1-4]
  for (const bool duplicate : {true, false}) {
    dialogue talk;
    talk.speaks(version::v3_1_1)
        .connects({.acknowledge = acknowledge_when::deferred})
        .hears(message_of(qos::at_least_once, 5, "t", "x"))
        .tells("message t 'x' qos 1 owed")
        .hears(message_of(qos::at_least_once, 5, "t", "x", duplicate))
        .tells(duplicate ? "message t 'x' qos 1 dup owed" : in_use)
        .once()
        .check();
    dialogue other;
    other.speaks(version::v3_1_1)
        .connects()
        .hears(message_of(qos::exactly_once, 5, "t", "x"))
        .tells("message t 'x' qos 2")
        .sends(answer(pubrec, 5))
        .hears(message_of(qos::at_least_once, 5, "t", "x", duplicate))
        .tells(in_use)
        .once()
        .check();
  }
}

TEST(session_room, receive_maximum_counts_until_the_answer_has_left) {  // [MQTT-3.3.4-9]
  const connect_options one_only{.receive_maximum = 1};
  busy owing_puback{one_only};
  EXPECT_EQ(owing_puback.hears(of_qos_1), "message t 'x' qos 1");
  EXPECT_EQ(owing_puback.hears(wire(message_of(qos::at_least_once, 7, "t", "y"))), too_many);
  busy owing_pubcomp{one_only, {}, of_qos_2};
  EXPECT_EQ(owing_pubcomp.hears(wire(answer(pubrel, 5))), "nothing");
  EXPECT_EQ(owing_pubcomp.hears(of_qos_1), too_many);
  busy answered{one_only, {}, of_qos_2};
  EXPECT_EQ(answered.hears(wire(answer(pubrel, 5))), "nothing");
  EXPECT_EQ(answered.finish(), "70 02 00 05 ");
  EXPECT_EQ(answered.hears(of_qos_1), "message t 'x' qos 1");
  dialogue{}
      .connects(one_only)
      .hears(of_qos_2)
      .tells("message t 'x' qos 2")
      .sends(answer(pubrec, 5))
      .hears(answer(pubrel, 8))  // which is another one's
      .sends(answer(pubcomp, 8, reason::packet_identifier_not_found))
      .hears(of_qos_1)
      .tells(too_many)
      .sends(raw({0xe0, 1, 0x93}))
      .once()
      .check();
}

TEST(session_room, a_pubrel_waits_until_it_can_be_answered) {  // [MQTT-4.3.3-11]
  busy full{{}, sizes{.owed = 1}, of_qos_2};
  EXPECT_EQ(full.hears(of_qos_1), "message t 'x' qos 1");
  EXPECT_EQ(full.hears(wire(answer(pubrel, 5))), "nothing");
  EXPECT_EQ(full.last.in.size(), 4u) << "unread";
  EXPECT_EQ(full.finish(), "40 02 00 06 ");
  EXPECT_EQ(full.last.next(full.machine), "nothing");
  EXPECT_TRUE(full.last.in.empty());
  EXPECT_EQ(hex(full.machine.pending({})), "40 02 00 06 70 02 00 05 ");
}

TEST(session_room, a_pubrec_that_comes_again_before_its_pubrel_left) {  // [MQTT-4.3.3-4]
  subject who{{}};
  session& s = who.machine;
  dialogue{}.connects().play({}, who);
  publishes(qos::exactly_once, "a", "")(s);
  ASSERT_TRUE(s.publish({.topic = "long", .payload_from_source = 4}).has_value());
  flush(s);
  const octets once = wire(answer(pubrec, 1));
  inbox twice{both(once, once)};
  EXPECT_EQ(twice.next(s), "wants payload #0 tag 0 from 0");
  EXPECT_EQ(twice.next(s), "nothing");
  EXPECT_TRUE(twice.in.empty());
  ASSERT_EQ(s.supply(as_bytes("abcd")).value_or(0), 4u);
  s.sent(4);
  EXPECT_EQ(hex(s.pending({})), "62 02 00 01 ") << "one answers both";
}

TEST(session_room, a_refusal_of_nothing_is_not_answered) {  // [MQTT-4.3.3-4]
  dialogue{}.connects().hears(answer(pubrec, 9, reason::not_authorized)).check();
}

TEST(session_room, answers_keep_their_order_when_room_comes_back) {  // [MQTT-4.6.0-2]
  const sizes small{.transmit = 128};
  subject who{small};
  session& s = who.machine;
  dialogue{small}.connects().play({}, who);
  publishes(qos::at_least_once, "t", "0123456789012345678901234567890123456789")(s);
  flush(s);
  fill(s);
  inbox first{of_qos_1}, room{wire(answer(puback, 1))}, second{wire(message_of(qos::at_least_once, 7, "t", "y"))};
  EXPECT_EQ(first.next(s), "message t 'x' qos 1");
  EXPECT_EQ(room.next(s), "acknowledged #1 tag 0");
  EXPECT_EQ(second.next(s), "message t 'y' qos 1");
  std::string said;
  while (!s.pending({}).empty()) said += hex(s.pending({})), s.sent(s.pending({}).size());
  EXPECT_TRUE(said.ends_with("40 02 00 06 40 02 00 07 ")) << said;
}

TEST(session_room, four_bytes_are_enough_for_an_answer) {
  for (const std::size_t left : {4U, 3U}) {
    const sizes small{.transmit = 128, .owed = 0};
    subject who{small};
    session& s = who.machine;
    dialogue{small}.connects().play({}, who);
    const std::string payload(128 - left - 6, 'x');  // 6: header, topic and properties
    ASSERT_TRUE(s.publish({.topic = "z", .payload = as_bytes(payload)}).has_value());
    inbox message{of_qos_1};
    EXPECT_EQ(message.next(s), left == 4 ? "message t 'x' qos 1" : "nothing");
  }
}

TEST(session_room, a_pubcomp_before_its_pubrel_could_leave) {  // §4.3.3: an exchange that is over is not released
  subject who{{}};
  session& s = who.machine;
  dialogue{}.connects().play({}, who);
  for (const std::string_view topic : {"a", "b", "c"}) publishes(qos::exactly_once, topic, "")(s);
  ASSERT_TRUE(s.publish({.topic = "long", .payload_from_source = 4}).has_value());
  flush(s);
  octets heard;
  for (const auto& one : {answer(pubrec, 1), answer(pubrec, 2), answer(pubrec, 3), answer(pubcomp, 1)}) {
    const octets data = wire(one);
    heard.insert(heard.end(), data.begin(), data.end());
  }
  inbox early{heard};
  EXPECT_EQ(early.next(s), "wants payload #0 tag 0 from 0");
  EXPECT_EQ(early.next(s), "acknowledged #1 tag 0");
  ASSERT_EQ(s.supply(as_bytes("abcd")).value_or(0), 4u);
  s.sent(4);
  EXPECT_EQ(hex(s.pending({})), "62 02 00 02 62 02 00 03 ");
}

/// A message of QoS 1 or 2 that can't be answered yet waits unread, whole or in pieces, new or a duplicate.
struct waiting {
  const char* name;
  qos level;
  bool long_one, duplicate, deferred;
};

TEST(session_room, a_message_waits_until_it_can_be_answered) {  // [MQTT-4.3.2-4] [MQTT-4.3.3-8] [MQTT-4.3.3-10]
  const waiting rows[] = {{"QoS 1", qos::at_least_once, false, false, false},
                          {"QoS 2", qos::exactly_once, false, false, false},
                          {"QoS 2 again", qos::exactly_once, false, true, false},
                          {"QoS 1 in pieces", qos::at_least_once, true, false, false},
                          {"QoS 2 in pieces", qos::exactly_once, true, false, false},
                          {"QoS 2 in pieces again", qos::exactly_once, true, true, false},
                          {"QoS 2 again, deferred", qos::exactly_once, false, true, true},
                          {"QoS 2 in pieces again, deferred", qos::exactly_once, true, true, true}};
  const std::string text = "abcdefghijklmnopqrstuvwxyz";
  for (const waiting& one : rows) {
    for (const bool mid_packet : {false, true}) {
      SCOPED_TRACE(std::string{one.name} + (mid_packet ? " within a long message" : " with a full log"));
      const sizes small{.transmit = 128, .owed = one.deferred ? 1U : 0U, .receive = 16};
      subject who{small};
      session& s = who.machine;
      connect_options options{};
      const version protocol = one.deferred ? version::v3_1_1 : version::v5_0;  // no Receive Maximum keeps room
      if (one.deferred) options.acknowledge = acknowledge_when::deferred;
      dialogue talk{small};
      talk.speaks(protocol).connects(options).play({}, who);
      const std::string_view payload = one.long_one ? std::string_view{text} : std::string_view{"x"};
      inbox message{wire(message_of(one.level, 9, "t", payload), protocol)};
      const auto drain = [&](inbox& from) {
        std::string all;
        for (std::string next; (next = from.next(s)) != "nothing";) all += next.substr(0, next.find(' ')) + ' ';
        return all;
      };
      if (one.duplicate) {
        EXPECT_NE(drain(message), "");
        if (one.deferred) {
          EXPECT_TRUE(s.acknowledge({1}).has_value());
        }
        flush(s);
        message = inbox{message.all};
      }
      if (one.deferred) {
        inbox other{wire(message_of(qos::at_least_once, 8, "t", ""), protocol)};
        EXPECT_EQ(other.next(s), "message t '' qos 1 owed") << "now the table is full";
      }
      if (one.long_one && !one.deferred) {  // its first part has come
        const bytes rest = message.in.subspan(20);
        message.in = message.in.first(20);
        EXPECT_EQ(drain(message), one.duplicate ? "" : "begin part ");
        message.in = rest;
      }
      if (mid_packet) {
        ASSERT_TRUE(s.publish({.topic = "long", .payload_from_source = 4}).has_value());
        flush(s);
        bytes nothing;
        ASSERT_TRUE(s.receive(nothing, {}));
      } else {
        fill(s);
      }
      const std::string before = drain(message);
      if (one.long_one) EXPECT_TRUE(before.find("end") == std::string::npos) << before;
      else EXPECT_EQ(before, "");
      if (!one.long_one) {
        EXPECT_EQ(message.in.size(), message.all.size()) << "unread";
      }
      if (mid_packet) {
        ASSERT_EQ(s.supply(as_bytes("abcd")).value_or(0), 4u);
        s.sent(4);
      } else {
        flush(s);
      }
      if (one.deferred) {
        EXPECT_EQ(drain(message), "");
        EXPECT_TRUE(s.acknowledge({2}).has_value());
        flush(s);
      }
      const std::string then = drain(message);
      if (one.duplicate) EXPECT_EQ(before + then, "");
      else EXPECT_TRUE(then.ends_with(one.long_one ? "end " : "message ")) << then;
      EXPECT_TRUE(message.in.empty());
      EXPECT_EQ(hex(s.pending({})), one.level == qos::at_least_once ? "40 02 00 09 " : "50 02 00 09 ");
    }
  }
}

TEST(session_room, of_3_1_1_a_full_table_of_deferred_acknowledgements_ends_the_connection) {
  dialogue talk{sizes{.owed = 2}};
  talk.speaks(version::v3_1_1)
      .connects({.acknowledge = acknowledge_when::deferred})
      .hears(message_of(qos::at_least_once, 1, "t", "1"))
      .hears(message_of(qos::exactly_once, 2, "t", "2"))
      .tells("message t '1' qos 1 owed")
      .tells("message t '2' qos 2 owed")
      .hears(message_of(qos::at_most_once, 0, "t", "0"))
      .tells("message t '0' qos 0")
      .hears(message_of(qos::at_least_once, 3, "t", "3"))
      .tells("closed: " + std::string{words(error::owed_table_full)})
      .once()
      .check();
}

TEST(session_room, a_new_message_waits_behind_what_is_sent_again) {  // [MQTT-4.6.0-1]
  dialogue talk;
  talk.connects(coming_back)
      .does([](session& s) {
        for (const std::string_view topic : {"a", "b", "c"}) publishes(qos::at_least_once, topic, "")(s);
      })
      .sends(message_of(qos::at_least_once, 1, "a", ""))
      .sends(message_of(qos::at_least_once, 2, "b", ""))
      .sends(message_of(qos::at_least_once, 3, "c", ""))
      .loses()
      .connects(coming_back, announcing({{property::receive_maximum, 2U}}, true))
      .sends(message_of(qos::at_least_once, 1, "a", "", true))
      .sends(message_of(qos::at_least_once, 2, "b", "", true));
  subject who{{}};
  session& s = who.machine;
  talk.play({}, who);
  const auto newer = [&] { return error_of(s.publish({.topic = "d", .qos = qos::at_least_once})); };
  publishes(qos::at_most_once, "z", "")(s);
  EXPECT_EQ(hex(s.pending({})), "30 04 00 01 7a 00 ") << "3 waits for the quota, and the wire is offered this";
  inbox answers{raw({0x40, 2, 0, 1, 0x40, 2, 0, 2})};
  EXPECT_EQ(answers.next(s), "acknowledged #1 tag 0");
  EXPECT_EQ(answers.next(s), "acknowledged #2 tag 0");
  EXPECT_EQ(s.quota(), 1u);
  EXPECT_EQ(newer(), error::receive_maximum_reached) << "it would stand before 3 in the log that is offered";
  flush(s);
  EXPECT_EQ(newer(), error::none);
}

}  // namespace
}  // namespace recado::mqtt::test
