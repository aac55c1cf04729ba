// Statements of both standards about the exchange of packets that no other test shows, by their identifiers:
// [MQTT-…] of 5.0, [MQTT311-…] of 3.1.1. docs/conformance.md says which test shows which.
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

class conformance : public ::testing::TestWithParam<version> {
 protected:
  dialogue talk(const sizes& s = {}) {
    dialogue out{s};
    out.speaks(GetParam());
    return out;
  }
  bool v5() const { return GetParam() == version::v5_0; }
  /// A connection that resumes its session, and one that begins it anew.
  connect_options resuming(bool clean = false) const {
    return {.client_identifier = "me", .clean_start = clean, .session_expiry_s = v5() ? 100U : 0U};
  }
};
INSTANTIATE_TEST_SUITE_P(mqtt, conformance, ::testing::Values(version::v5_0, version::v3_1_1),
                         [](const auto& which) { return which.param == version::v5_0 ? "v5_0" : "v3_1_1"; });

connack present() {
  connack out;
  out.session_present = true;
  return out;
}
auto does_unsubscribe(std::string_view filter, error expected = error::none) {
  return refuses(expected, [=](session& s) {
    const std::string_view one[] = {filter};
    return error_of(s.unsubscribe(one));
  });
}
const sizes all_identifiers{.received = received_bitmap_words};  // Receive Maximum is the same each time
void flush(session& s) {
  while (!s.pending({}).empty()) s.sent(s.pending({}).size());
}

// [MQTT-3.1.2-1] [MQTT-3.1.2-2] [MQTT-3.1.3-8] [MQTT-3.2.2-7] [MQTT-3.2.2-12] [MQTT-3.2.2-13] [MQTT-4.12.0-1]
// [MQTT-4.13.2-1] [MQTT311-3.1.2-2] [MQTT311-3.1.3-8] [MQTT311-3.1.3-9] [MQTT311-3.2.2-5]
TEST_P(conformance, a_refusal_ends_the_connection) {
  const std::pair<int, reason> of_3[] = {{1, reason::unsupported_protocol_version},
                                         {2, reason::client_identifier_not_valid},
                                         {3, reason::server_unavailable},
                                         {4, reason::bad_user_name_or_password},
                                         {5, reason::not_authorized}};
  std::vector<std::pair<octets, reason>> rows;
  for (const auto& [code, why] : of_3) rows.emplace_back(raw({0x20, 2, 0, code}), why);
  if (v5()) {
    rows.clear();
    for (unsigned code = 0x80; code <= 0xff; ++code) {
      const auto why = static_cast<reason>(code);
      if (allowed(why, packet_type::connack, sender::server))
        rows.emplace_back(raw({0x20, 3, 0, static_cast<int>(code), 0}), why);
    }
    EXPECT_EQ(rows.size(), 21u);  // table 3-1 without Success
  }
  for (const auto& [heard, why] : rows) {
    SCOPED_TRACE(words(why));
    subject who{{}};
    session& s = who.machine;
    ASSERT_TRUE(s.connect({.version = GetParam(), .client_identifier = "c"}).has_value());
    s.opened({});
    flush(s);
    bytes in = heard;
    const auto what = s.receive(in, {});
    ASSERT_TRUE(what);
    const auto* end = std::get_if<closed>(&*what);
    ASSERT_NE(end, nullptr);
    EXPECT_EQ(end->reason, why);
    EXPECT_TRUE(end->by_server);
    EXPECT_TRUE(session::ends(*what));
    EXPECT_FALSE(s.online());
    EXPECT_TRUE(s.pending({}).empty()) << "nothing is said to a server that refused";
    EXPECT_EQ(error_of(s.publish({.topic = "t"})), error::not_connected);
    EXPECT_EQ(s.deadline(), never);
  }
}

// [MQTT-3.1.0-1] [MQTT-3.1.2-30] [MQTT-3.1.4-5] [MQTT311-3.1.0-1] [MQTT311-3.1.4-4]
TEST_P(conformance, connect_is_first_and_alone_until_connack) {
  subject who{{}};
  session& s = who.machine;
  const std::string_view name[] = {"a"};
  const subscription filter[] = {{.filter = "a"}};
  const auto refuses_all = [&] {
    for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once})
      EXPECT_EQ(error_of(s.publish({.topic = "t", .qos = level})), error::not_connected);
    EXPECT_EQ(error_of(s.subscribe(filter)), error::not_connected);
    EXPECT_EQ(error_of(s.unsubscribe(name)), error::not_connected);
    EXPECT_EQ(error_of(s.supply({})), error::not_connected);
    EXPECT_EQ(error_of(s.disconnect()), error::not_connected);
  };
  refuses_all();
  connect_options options{.version = GetParam(), .client_identifier = "c"};
  if (v5()) options.authentication_method = "M";
  ASSERT_TRUE(s.connect(options).has_value());
  refuses_all();
  s.opened({});
  const bytes first = s.pending({});
  ASSERT_FALSE(first.empty());
  EXPECT_EQ(first[0], std::byte{0x10});
  EXPECT_EQ(first.size(), std::to_integer<std::size_t>(first[1]) + 2) << "and nothing else";
  refuses_all();
  flush(s);
  refuses_all();
  EXPECT_TRUE(s.pending({}).empty());
}

// [MQTT-3.2.0-1] [MQTT-3.14.0-1] [MQTT311-3.2.0-1] [MQTT311-4.8.0-1]
TEST_P(conformance, only_connack_or_auth_may_come_first) {
  const octets early[] = {raw({0xd0, 0}), wire(message_of(qos::at_most_once, 0, "t", "x"), GetParam()),
                          wire(answer(puback, 1), GetParam()), v5() ? raw({0xe0, 0}) : raw({0xb0, 2, 0, 1})};
  for (const octets& heard : early) {
    SCOPED_TRACE(hex(heard));
    talk()
        .does(
            [&](session& s) { EXPECT_TRUE(s.connect({.version = GetParam(), .client_identifier = "c"}).has_value()); })
        .opens()
        .does([](session& s) { flush(s); })
        .hears(heard)
        .tells("closed: the server sent another packet before CONNACK")
        .sends(v5() ? raw({0xe0, 1, 0x82}) : raw({}))
        .plain();
  }
}

// [MQTT-3.1.2-5] [MQTT-3.1.2-23] [MQTT-3.1.3-2] [MQTT-3.2.2-3] [MQTT-3.3.1-1] [MQTT-3.3.1-3] [MQTT-4.1.0-1]
// [MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-4.6.0-4]
// [MQTT311-2.3.1-3] [MQTT311-3.1.2-4] [MQTT311-3.1.3-2] [MQTT311-3.2.2-2] [MQTT311-3.3.1-1] [MQTT311-3.3.1-3]
// [MQTT311-4.1.0-1] [MQTT311-4.1.0-2] [MQTT311-4.3.2-1] [MQTT311-4.3.3-1] [MQTT311-4.4.0-1] [MQTT311-4.6.0-1]
// [MQTT311-4.6.0-4]
TEST_P(conformance, a_session_goes_on_where_it_stopped) {
  talk()
      .connects(resuming())
      .does([](session& s) {
        publishes(qos::exactly_once, "a", "1", 1)(s);
        publishes(qos::at_least_once, "b", "2", 2)(s);
        publishes(qos::exactly_once, "c", "3", 3)(s);
        publishes(qos::exactly_once, "d", "4", 4)(s);
        publishes(qos::at_least_once, "e", "5", 5)(s);
      })
      .sends(message_of(qos::exactly_once, 1, "a", "1"))
      .sends(message_of(qos::at_least_once, 2, "b", "2"))
      .sends(message_of(qos::exactly_once, 3, "c", "3"))
      .sends(message_of(qos::exactly_once, 4, "d", "4"))
      .sends(message_of(qos::at_least_once, 5, "e", "5"))
      .hears(answer(pubrec, 4))
      .hears(answer(pubrec, 1))
      .sends(answer(pubrel, 4))
      .sends(answer(pubrel, 1))
      .loses()
      .connects(resuming(), present())
      .sends(message_of(qos::at_least_once, 2, "b", "2", true))
      .sends(message_of(qos::exactly_once, 3, "c", "3", true))
      .sends(message_of(qos::at_least_once, 5, "e", "5", true))
      .sends(answer(pubrel, 4))
      .sends(answer(pubrel, 1))
      .after(59s)  // nothing is sent again on the same connection, and nothing is given up
      .does([](session& s) { EXPECT_EQ(s.in_flight(), 5u); })
      .once()
      .plain();
  talk()
      .connects(resuming())
      .does([](session& s) {
        publishes(qos::exactly_once, "a", "1", 1)(s);
        publishes(qos::at_least_once, "b", "2", 2)(s);
      })
      .sends(message_of(qos::exactly_once, 1, "a", "1"))
      .sends(message_of(qos::at_least_once, 2, "b", "2"))
      .hears(answer(pubrec, 1))
      .sends(answer(pubrel, 1))
      .loses()
      .connects(resuming(), present())
      .sends(message_of(qos::at_least_once, 2, "b", "2", true))
      .sends(answer(pubrel, 1))
      .hears(answer(puback, 2))
      .hears(answer(pubcomp, 1))
      .tells("acknowledged #2 tag 2")
      .tells("acknowledged #1 tag 1")
      .check();
}

// [MQTT-3.1.2-4] [MQTT-3.1.2-6] [MQTT-3.2.2-5] [MQTT311-3.1.2-6] [MQTT311-3.2.2-1] [MQTT311-3.2.2-3]
TEST_P(conformance, what_the_server_forgot_is_forgotten_here) {
  for (const bool clean : {true, false}) {
    SCOPED_TRACE(clean);
    talk(all_identifiers)
        .connects(resuming())
        .does(publishes(qos::exactly_once, "a", "1", 1))
        .sends(message_of(qos::exactly_once, 1, "a", "1"))
        .hears(answer(pubrec, 1))
        .sends(answer(pubrel, 1))
        .hears(message_of(qos::exactly_once, 9, "t", "x"))
        .tells("message t 'x' qos 2")
        .sends(answer(pubrec, 9))
        .loses()
        .connects(resuming(clean))
        .tells("acknowledged #1 tag 1 Packet Identifier not found (session lost)")
        .hears(message_of(qos::exactly_once, 9, "t", "another"))
        .tells("message t 'another' qos 2")
        .sends(answer(pubrec, 9))
        .does([](session& s) { EXPECT_EQ(s.receiving(), 1u); })
        .once()
        .plain();
  }
}

// [MQTT-3.2.2-2] [MQTT-3.2.2-4] [MQTT311-3.2.2-1]
TEST_P(conformance, a_session_after_a_clean_start_ends_the_connection) {
  talk()
      .does([&](session& s) { EXPECT_TRUE(s.connect({.version = GetParam(), .client_identifier = "c"}).has_value()); })
      .opens()
      .does([](session& s) { flush(s); })
      .hears(present())
      .tells("closed: the server claims a session although a clean start was asked for")
      .sends(v5() ? raw({0xe0, 1, 0x82}) : raw({}))
      .plain();
}

// [MQTT-4.1.0-1] [MQTT-4.3.3-10] [MQTT-4.8.2-4] [MQTT311-4.1.0-1] [MQTT311-4.3.3-2]
TEST_P(conformance, a_message_being_received_is_remembered) {
  talk(all_identifiers)
      .connects(resuming())
      .hears(message_of(qos::exactly_once, 9, "t", "x"))
      .tells("message t 'x' qos 2")
      .sends(answer(pubrec, 9))
      .hears(message_of(qos::exactly_once, 8, "t", "y"))
      .tells("message t 'y' qos 2")
      .sends(answer(pubrec, 8))
      .loses()
      .connects(resuming(), present())
      .hears(message_of(qos::exactly_once, 9, "t", "x", true))
      .sends(answer(pubrec, 9))
      .hears(answer(pubrel, 9))
      .hears(answer(pubrel, 8))
      .sends(answer(pubcomp, 9))
      .sends(answer(pubcomp, 8))
      .once()
      .plain();
}

// [MQTT-2.2.1-3] [MQTT-4.3.2-1] [MQTT-4.3.3-1] [MQTT311-2.3.1-1] [MQTT311-2.3.1-2] [MQTT311-2.3.1-3]
TEST_P(conformance, an_identifier_is_free_after_its_last_answer) {
  subject who{{.outgoing = 4}};
  session& s = who.machine;
  talk(sizes{.outgoing = 4}).connects().play({}, who);
  const subscription filter[] = {{.filter = "a"}};
  const std::string_view name[] = {"a"};
  const auto number = [](const auto& result) { return result ? result->packet_identifier : 0; };
  const auto hear = [&](const octets& data) {
    bytes in = data;
    while (s.receive(in, {})) {
    }
    EXPECT_TRUE(in.empty());
    flush(s);
  };
  EXPECT_EQ(number(s.publish({.topic = "t", .qos = qos::at_least_once})), 1);
  EXPECT_EQ(number(s.publish({.topic = "t", .qos = qos::exactly_once})), 2);
  EXPECT_EQ(number(s.subscribe(filter)), 3);
  EXPECT_EQ(number(s.unsubscribe(name)), 4);
  flush(s);
  EXPECT_EQ(number(s.publish({.topic = "t", .qos = qos::at_least_once})), 0);
  hear(wire(answer(pubrec, 2), GetParam()));
  EXPECT_EQ(number(s.subscribe(filter)), 0) << "PUBCOMP is to come";
  hear(wire(answer(puback, 1), GetParam()));
  EXPECT_EQ(number(s.unsubscribe(name)), 5);
  EXPECT_EQ(number(s.subscribe(filter)), 0);
  hear(wire(answer(pubcomp, 2), GetParam()));
  EXPECT_EQ(number(s.publish({.topic = "t", .qos = qos::exactly_once})), 6);
  hear(v5() ? raw({0x90, 4, 0, 3, 0, 0}) : raw({0x90, 3, 0, 3, 0}));
  hear(v5() ? raw({0xb0, 4, 0, 4, 0, 0}) : raw({0xb0, 2, 0, 4}));
  EXPECT_EQ(number(s.subscribe(filter)), 7);
  EXPECT_EQ(number(s.unsubscribe(name)), 8);
}

// [MQTT-2.2.1-6] [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.10.4-4]
// [MQTT-3.10.4-5] [MQTT-3.11.3-1] [MQTT311-2.3.1-7] [MQTT311-3.8.4-1] [MQTT311-3.8.4-2] [MQTT311-3.8.4-5]
// [MQTT311-3.9.3-1] [MQTT311-3.10.4-4] [MQTT311-3.10.4-5]
TEST_P(conformance, answers_are_told_with_their_request_and_in_their_order) {
  static const subscription two[] = {{.filter = "a", .qos = qos::exactly_once}, {.filter = "b"}};
  static const std::string_view names[] = {"a", "b"};
  subject who{{}};
  session& s = who.machine;
  talk().connects().play({}, who);
  ASSERT_TRUE(s.subscribe(two).has_value());
  ASSERT_TRUE(s.subscribe(two).has_value());
  ASSERT_TRUE(s.unsubscribe(names).has_value());
  flush(s);
  dialogue_wire<session> line{s, {}};
  line.hear(v5() ? raw({0xb0, 5, 0, 3, 0, 0x11, 0}) : raw({0xb0, 2, 0, 3}));
  line.hear(v5() ? raw({0x90, 5, 0, 2, 0, 1, 0x87}) : raw({0x90, 4, 0, 2, 1, 0x80}));
  line.hear(v5() ? raw({0x90, 5, 0, 1, 0, 0x97, 2}) : raw({0x90, 4, 0, 1, 0x80, 2}));
  const auto expected =
      v5() ? std::deque<std::string>{"unsubscribed #3 17 0", "subscribed #2 1 135", "subscribed #1 151 2"}
           : std::deque<std::string>{"unsubscribed #3", "subscribed #2 1 128", "subscribed #1 128 2"};
  EXPECT_EQ(line.told, expected);
  line.told.clear();
  line.hear(v5() ? raw({0x90, 5, 0, 1, 0, 0, 0}) : raw({0x90, 4, 0, 1, 0, 0}));
  EXPECT_EQ(line.told.front(), "closed: an answer names a packet identifier that is not in use");
}

// [MQTT-3.10.4-3] [MQTT-4.5.0-2] [MQTT311-3.10.4-3] [MQTT311-4.5.0-2]
TEST_P(conformance, what_nobody_wants_any_more_is_acknowledged) {
  mqtt::unsubscribe gone;
  static const std::string_view name[] = {"t"};
  gone.packet_identifier = 1, gone.filters = name;
  const octets ended = v5() ? raw({0xb0, 4, 0, 1, 0, 0}) : raw({0xb0, 2, 0, 1});
  talk()
      .connects()
      .does(does_unsubscribe("t"))
      .sends(gone)
      .hears(message_of(qos::at_least_once, 3, "t", "x"))
      .hears(ended)
      .hears(message_of(qos::exactly_once, 4, "t", "y"))
      .tells("message t 'x' qos 1")
      .tells(v5() ? "unsubscribed #1 0" : "unsubscribed #1")
      .tells("message t 'y' qos 2")
      .sends(answer(puback, 3))
      .sends(answer(pubrec, 4))
      .hears(answer(pubrel, 4))
      .sends(answer(pubcomp, 4))
      .once()
      .check();
}

// [MQTT-3.3.2-3] [MQTT-3.8.4-8] [MQTT-4.6.0-5] [MQTT-4.6.0-6] [MQTT311-3.3.1-8] [MQTT311-3.3.1-9] [MQTT311-3.3.2-3]
// [MQTT311-3.8.4-6] [MQTT311-4.6.0-5] [MQTT311-4.6.0-6] [MQTT311-3.1.2-5]
TEST_P(conformance, messages_are_told_as_they_come) {
  mqtt::publish kept = message_of(qos::at_least_once, 1, "t", "1");
  kept.retain = true;
  talk()
      .connects()
      .hears(kept)
      .hears(message_of(qos::exactly_once, 2, "t", "2"))
      .hears(message_of(qos::at_most_once, 0, "t", "3"))
      .hears(message_of(qos::at_least_once, 4, "t", "4"))
      .hears(message_of(qos::exactly_once, 5, "t", "5"))
      .tells("message t '1' qos 1 retain")
      .tells("message t '2' qos 2")
      .tells("message t '3' qos 0")
      .tells("message t '4' qos 1")
      .tells("message t '5' qos 2")
      .sends(answer(puback, 1))
      .sends(answer(pubrec, 2))
      .sends(answer(puback, 4))
      .sends(answer(pubrec, 5))
      .once()
      .check();
}

// [MQTT-4.6.0-2] [MQTT-4.6.0-3] [MQTT311-4.6.0-2] [MQTT311-4.6.0-3]
TEST_P(conformance, acknowledgements_leave_in_the_order_of_their_messages) {
  const auto done = [](std::uint32_t number) {
    return [=](session& s) { EXPECT_TRUE(s.acknowledge({number}).has_value()); };
  };
  talk()
      .connects({.acknowledge = acknowledge_when::deferred})
      .hears(message_of(qos::at_least_once, 9, "t", "1"))
      .hears(message_of(qos::exactly_once, 7, "t", "2"))
      .hears(message_of(qos::at_least_once, 8, "t", "3"))
      .tells("message t '1' qos 1 owed")
      .tells("message t '2' qos 2 owed")
      .tells("message t '3' qos 1 owed")
      .does(done(3))
      .does(done(2))
      .does([](session& s) { EXPECT_TRUE(s.pending({}).empty()); })
      .does(done(1))
      .sends(answer(puback, 9))
      .sends(answer(pubrec, 7))
      .sends(answer(puback, 8))
      .once()
      .check();
}

// [MQTT-3.1.4-5] [MQTT311-3.2.2-6]
TEST_P(conformance, a_server_may_close_without_a_word) {
  for (const bool in_flight : {false, true}) {
    dialogue one = talk();
    if (in_flight)
      one.connects(resuming())
          .does(publishes(qos::at_least_once, "a", "1", 1))
          .sends(message_of(qos::at_least_once, 1, "a", "1"))
          .loses();
    one.does([&](session& s) {
         connect_options options = resuming();
         options.version = GetParam();
         EXPECT_TRUE(s.connect(options).has_value());
       })
        .opens()
        .does([&](session& s) {
          flush(s);
          s.lost(make_fault(stream_error::closed_by_peer), {});
          EXPECT_FALSE(s.online());
          EXPECT_EQ(s.in_flight(), in_flight ? 1u : 0u) << "nothing is given up";
          EXPECT_EQ(s.deadline(), never);
        })
        .connects(resuming(), in_flight ? present() : connack{}, in_flight ? " in doubt" : "");
    if (in_flight) one.sends(message_of(qos::at_least_once, 1, "a", "1", true));
    one.once().plain();
  }
}

// [MQTT-4.3.3-7] [MQTT-4.3.3-13] of 5.0 only
TEST(conformance_5, expiry_ends_no_exchange_of_qos_2) {
  static const property_value expiry[] = {{property::message_expiry_interval, 1U}};
  const connect_options options{.client_identifier = "me", .clean_start = false, .keep_alive_s = 0};
  mqtt::publish out = message_of(qos::exactly_once, 1, "a", "1"), in = message_of(qos::exactly_once, 9, "t", "x");
  out.properties = in.properties = properties{expiry};
  mqtt::publish again = out;
  again.duplicate = true;
  dialogue{all_identifiers}
      .connects(options)
      .does([](session& s) {
        EXPECT_TRUE(
            s.publish(
                 {.topic = "a", .payload = as_bytes("1"), .qos = qos::exactly_once, .properties = properties{expiry}})
                .has_value());
      })
      .sends(out)
      .hears(in)
      .tells("message t 'x' qos 2")
      .sends(answer(pubrec, 9))
      .after(1h)
      .loses()
      .connects(options, present())
      .sends(again)
      .hears(answer(pubrec, 1))
      .hears(answer(pubrel, 9))
      .sends(answer(pubrel, 1))
      .sends(answer(pubcomp, 9))
      .hears(answer(pubcomp, 1))
      .tells("acknowledged #1 tag 0")
      .once()
      .plain();
}

// [MQTT-3.14.1-1] [MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT311-3.14.1-1] [MQTT311-3.14.4-1] [MQTT311-3.14.4-2]
TEST_P(conformance, nothing_follows_disconnect_but_the_end) {
  subject who{{}};
  session& s = who.machine;
  talk().connects({.keep_alive_s = 1}).play({}, who);
  publishes(qos::at_least_once, "a", "")(s);
  ASSERT_TRUE(s.disconnect().has_value());
  EXPECT_EQ(error_of(s.publish({.topic = "t"})), error::not_connected);
  EXPECT_EQ(error_of(s.disconnect()), error::not_connected);
  const octets late = wire(message_of(qos::at_least_once, 3, "t", "x"), GetParam());
  bytes in = late;
  EXPECT_EQ(tell(*s.receive(in, {})), "closed") << "by which the driver closes the stream";
  EXPECT_FALSE(s.receive(in, {}));
  std::string said;
  while (!s.pending({}).empty()) said += hex(s.pending({})), s.sent(s.pending({}).size());
  EXPECT_EQ(said, hex(wire(message_of(qos::at_least_once, 1, "a", ""), GetParam())) + "e0 00 ");
  bytes nothing;
  EXPECT_FALSE(s.receive(nothing, instant{} + 1h));
  EXPECT_TRUE(s.pending(instant{} + 1h).empty()) << "no PINGREQ either";
}

// [MQTT311-4.8.0-1] [MQTT311-4.8.0-2] [MQTT311-2.2.2-2] [MQTT311-3.3.1-4] [MQTT-4.13.1-1]
TEST_P(conformance, what_is_wrong_or_cannot_be_processed_closes_the_connection) {
  const octets rows[] = {raw({0x61, 2, 0, 1}), raw({0x36, 6, 0, 1, 't', 0, 1, 0}), raw({0x90, 2, 0, 1}),
                         wire(message_of(qos::exactly_once, 2, "t", "no room"), GetParam())};
  for (const octets& heard : rows) {
    SCOPED_TRACE(hex(heard));
    subject who{{.received = 1}};
    session& s = who.machine;
    talk(sizes{.received = 1}).connects().play({}, who);
    const octets first = wire(message_of(qos::exactly_once, 1, "t", ""), GetParam());
    bytes in = first;
    ASSERT_TRUE(s.receive(in, {}));
    flush(s);
    in = heard;
    const auto what = s.receive(in, {});
    ASSERT_TRUE(what && session::ends(*what));
    EXPECT_FALSE(s.online());
    EXPECT_EQ(s.pending({}).empty(), !v5()) << "5.0 says why";
  }
}

}  // namespace
}  // namespace recado::mqtt::test
