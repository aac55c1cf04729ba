// The edges of a session: authentication out of turn, the end and what comes after it, time at its limits.
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

const property_value method_m[] = {{property::authentication_method, "M"}};
const property_value method_n[] = {{property::authentication_method, "N"}};

mqtt::auth auth_of(reason code, std::span<const property_value> list) {
  mqtt::auth out;
  out.reason = code, out.properties = properties{list};
  return out;
}
connack accepting(std::span<const property_value> list) {
  connack out;
  out.properties = properties{list};
  return out;
}

/// CONNECT with a method has left, and the server says `heard`.
dialogue authenticating(const octets& heard) {
  dialogue talk;
  talk.does([](session& s) {
        EXPECT_TRUE(s.connect({.client_identifier = "c", .authentication_method = "M"}).has_value());
      })
      .opens()
      .does([](session& s) { s.sent(s.pending({}).size()); })
      .hears(heard);
  return talk;
}

TEST(session_edges, the_method_must_be_that_of_connect) {  // [MQTT-4.12.0-5] [MQTT-4.12.0-6]
  for (const octets& heard :
       {wire(auth_of(reason::continue_authentication, method_n)), wire(accepting(method_n)), wire(accepting({}))}) {
    SCOPED_TRACE(hex(heard));
    authenticating(heard)
        .tells("closed: the authentication method is not the one of CONNECT")
        .sends(raw({0xe0, 1, 0x82}))
        .plain();
  }
  dialogue{}
      .does([](session& s) { EXPECT_TRUE(s.connect({.client_identifier = "c"}).has_value()); })
      .opens()
      .does([](session& s) { s.sent(s.pending({}).size()); })
      .hears(accepting(method_m))
      .tells("closed: the authentication method is not the one of CONNECT")
      .sends(raw({0xe0, 1, 0x82}))
      .plain();
}

// original defect 14: AUTH was taken for a timeout
TEST(session_edges, authentication_out_of_turn) {  // [MQTT-4.12.0-3] [MQTT-4.12.0-7] [MQTT-4.12.1-1]
  // [MQTT-4.12.0-4]
  authenticating(wire(auth_of(reason::success, method_m)))
      .tells("closed: this packet may not be sent by this side")
      .sends(raw({0xe0, 1, 0x82}))
      .plain();
  const auto again = [](session& s) { return error_of(s.reauthenticate("M", {})); };
  const auto step = [](session& s) { return error_of(s.authenticate("M", {})); };
  authenticating(wire(auth_of(reason::continue_authentication, method_m)))
      .tells("challenge M ''")
      .does(refuses(error::not_connected, again))
      .does(refuses(error::none, step))
      .does(refuses(error::authentication_not_expected, step))
      .sends(auth_of(reason::continue_authentication, method_m))
      .hears(accepting(method_m))
      .tells("connected")
      .does(refuses(error::none, again))
      .does(refuses(error::authentication_not_expected, again))
      .sends(auth_of(reason::reauthenticate, method_m))
      .hears(auth_of(reason::continue_authentication, method_m))
      .tells("challenge M ''")
      .does(refuses(error::authentication_not_expected, again))
      .hears(raw({0xe0, 1, 0x87}))  // [MQTT-4.12.1-2]
      .tells("closed: the server ended the connection: Not authorized")
      .does(refuses(error::authentication_not_expected, step))
      .plain();
  dialogue{}.connects().does(refuses(error::authentication_not_expected, again)).check();
}

TEST(session_edges, nothing_is_said_behind_disconnect) {  // [MQTT-3.14.4-1]
  authenticating(wire(auth_of(reason::continue_authentication, method_m)))
      .tells("challenge M ''")
      .hears(raw({0xd0, 0}))
      .tells("closed: the server sent another packet before CONNACK")
      .does(refuses(error::authentication_not_expected, [](session& s) { return error_of(s.authenticate("M", {})); }))
      .does(refuses(error::not_connected, [](session& s) { return error_of(s.disconnect()); }))
      .sends(raw({0xe0, 1, 0x82}))
      .plain();
}

TEST(session_edges, one_connect_on_each_stream) {  // [MQTT-3.1.0-2]
  // [MQTT311-3.1.0-2] [MQTT311-3.1.4-2]
  subject who{{}};
  session& s = who.machine;
  dialogue_wire<session> line{s, {}};
  dialogue{}.connects().play({}, who);
  line.hear(raw({0xe0, 1, 0x8e}));  // [MQTT-3.1.4-3]
  ASSERT_EQ(line.told.size(), 1u);
  EXPECT_EQ(line.told[0], "closed: the server ended the connection: Session taken over");
  ASSERT_TRUE(s.connect({}).has_value());
  EXPECT_TRUE(s.pending({}).empty()) << "the old stream is still there";
  EXPECT_EQ(s.deadline(), never);
  s.lost({}, {});
  EXPECT_TRUE(s.pending({}).empty());
  s.opened({});
  EXPECT_FALSE(s.pending({}).empty());
}

TEST(session_edges, a_stream_may_stand_before_connect_is_known) {
  subject who{{}};
  who.machine.opened({});
  EXPECT_TRUE(who.machine.pending({}).empty());
  ASSERT_TRUE(who.machine.connect({}).has_value());
  EXPECT_FALSE(who.machine.pending({}).empty());
}

TEST(session_edges, what_comes_behind_the_end_is_ignored) {  // [MQTT-4.13.2-1]
  octets data = raw({0xe0, 1, 0x8b});
  const octets more = wire(message_of(qos::at_least_once, 3, "t", "x"));
  data.insert(data.end(), more.begin(), more.end());
  subject who{{}};
  dialogue{}.connects().play({}, who);
  bytes in = data;
  ASSERT_TRUE(who.machine.receive(in, {}));
  EXPECT_FALSE(who.machine.receive(in, {}));
  EXPECT_TRUE(in.empty());
  EXPECT_TRUE(who.machine.pending({}).empty());
  EXPECT_EQ(who.machine.deadline(), never);
}

TEST(session_edges, keep_alive_off_and_at_its_most) {  // [MQTT-3.1.2-20] [MQTT-3.1.2-21]
  // [MQTT-3.2.2-21]
  static const property_value off[] = {{property::server_keep_alive, 0U}};
  static const property_value most[] = {{property::server_keep_alive, 65'535U}};
  dialogue{}.connects({.keep_alive_s = 0}).after(24h).does([](session& s) { EXPECT_EQ(s.deadline(), never); }).check();
  dialogue{}.connects({.keep_alive_s = 5}, accepting(off)).after(24h).check();
  for (const bool by_server : {false, true}) {
    dialogue talk;
    talk.connects({.keep_alive_s = static_cast<std::uint16_t>(by_server ? 1 : 65'535)},
                  by_server ? accepting(most) : connack{})
        .after(65'535s - 1us)
        .after(1us)
        .sends(raw({0xc0, 0}))
        .hears(raw({0xd0, 0}))
        .once()
        .check();
  }
}

TEST(session_edges, anything_heard_is_a_sign_of_life) {
  dialogue{}
      .connects({.keep_alive_s = 20})
      .after(20s)
      .sends(raw({0xc0, 0}))
      .after(9s)
      .hears(message_of(qos::at_most_once, 0, "t", "x"))
      .tells("message t 'x' qos 0")
      .after(10s - 1us)
      .does([](session& s) { EXPECT_TRUE(s.online()); })
      .after(1us)
      .tells("closed: the server does not answer PINGREQ")
      .once()
      .check();
}

TEST(session_edges, no_patience_is_longer_than_time) {
  dialogue{}
      .connects({.keep_alive_s = 1, .connect_timeout = duration::max(), .ping_timeout = duration::max()})
      .after(1s)
      .sends(raw({0xc0, 0}))
      .does([](session& s) { EXPECT_EQ(s.deadline(), instant{} + 2s) << "the next PINGREQ"; })
      .once()
      .check();
}

// [MQTT-3.1.2-20]: an answer that is late excuses nobody from keep alive.
TEST(session_edges, pings_go_on_while_an_answer_is_late) {
  dialogue{}
      .connects({.keep_alive_s = 10, .ping_timeout = 35s})
      .after(10s)
      .sends(raw({0xc0, 0}))
      .after(4s)
      .does([](session& s) { ASSERT_TRUE(s.publish({.topic = "t"}).has_value()); })
      .sends(message_of(qos::at_most_once, 0, "t", ""))
      .after(10s)
      .sends(raw({0xc0, 0}))
      .hears(raw({0xd0, 0}))
      .hears(raw({0xd0, 0}))
      .after(10s)
      .sends(raw({0xc0, 0}))
      .after(10s)
      .sends(raw({0xc0, 0}))
      .after(10s)
      .sends(raw({0xc0, 0}))
      .after(10s)
      .sends(raw({0xc0, 0}))
      .after(5s)
      .tells("closed: the server does not answer PINGREQ")
      .once()
      .check();
}

TEST(session_edges, a_server_is_not_blamed_for_what_nobody_reads) {
  dialogue{}
      .connects({.keep_alive_s = 10, .ping_timeout = 5s})
      .after(10s)
      .sends(raw({0xc0, 0}))
      .after(4s)
      .does([](session& s) { s.not_reading(instant{} + 14s); })
      .after(4s)
      .does([](session& s) { EXPECT_TRUE(s.online()); })
      .hears(raw({0xd0, 0}))
      .after(2s)
      .sends(raw({0xc0, 0}))
      .after(5s)
      .tells("closed: the server does not answer PINGREQ")
      .once()
      .check();
}

TEST(session_edges, a_ping_waits_for_the_end_of_a_slow_message) {
  subject who{{}};
  session& s = who.machine;
  dialogue{}.connects({.keep_alive_s = 10}).play({}, who);
  ASSERT_TRUE(s.publish({.topic = "t", .payload_from_source = 4}).has_value());
  s.sent(s.pending(instant{}).size());
  bytes nothing;
  ASSERT_TRUE(s.receive(nothing, instant{}));  // wants_payload
  EXPECT_FALSE(s.receive(nothing, instant{} + 10s));
  EXPECT_TRUE(s.pending(instant{} + 10s).empty()) << "nothing may stand within a packet";
  EXPECT_EQ(s.deadline(), instant{} + 20s) << "and no busy loop";
  ASSERT_TRUE(s.disconnect().has_value());
  EXPECT_TRUE(s.pending(instant{} + 10s).empty()) << "no DISCONNECT either";
}

TEST(session_edges, a_driver_need_not_ask_while_the_wire_is_full) {
  subject who{{}};
  session& s = who.machine;
  dialogue{}.connects({.keep_alive_s = 10}).play({}, who);
  ASSERT_TRUE(s.publish({.topic = "t"}).has_value());
  EXPECT_FALSE(s.pending(instant{} + 1s).empty());
  s.sent(1);  // and no more
  EXPECT_EQ(s.deadline(), instant{} + 11s);
  bytes nothing;
  EXPECT_FALSE(s.receive(nothing, instant{} + 11s));
  EXPECT_EQ(s.deadline(), instant{} + 21s) << "no busy loop";
  const auto end = s.receive(nothing, instant{} + 21s);
  ASSERT_TRUE(end);
  EXPECT_EQ(tell(*end), "closed: the stream has taken no bytes for a whole keep alive interval");
}

TEST(session_edges, a_goodbye_within_a_message_in_pieces) {
  subject who{{.receive = 16}};
  dialogue{sizes{.receive = 16}}.connects().play({}, who);
  dialogue_wire<session> line{who.machine, {.read = 8}};
  line.hear(bytes{wire(message_of(qos::at_least_once, 1, "t", "abcdefghijklmnopqrstuvwxyz"))}.first(16));
  line.told.clear();
  ASSERT_TRUE(who.machine.disconnect().has_value());
  line.turn();
  EXPECT_EQ(line.told, (std::deque<std::string>{"aborted", "closed"}));
}

TEST(session_edges, a_goodbye_within_a_message_in_pieces_and_a_loss_at_once) {
  subject who{{.receive = 16}};
  dialogue{sizes{.receive = 16}}.connects().play({}, who);
  dialogue_wire<session> line{who.machine, {.read = 8}};
  line.hear(bytes{wire(message_of(qos::at_least_once, 1, "t", "abcdefghijklmnopqrstuvwxyz"))}.first(16));
  ASSERT_TRUE(who.machine.disconnect().has_value());
  who.machine.lost({}, {});
  bytes nothing;
  EXPECT_EQ(tell(*who.machine.receive(nothing, {})), "aborted");
  EXPECT_FALSE(who.machine.receive(nothing, {}));
}

TEST(session_edges, the_end_within_a_duplicate_in_pieces_aborts_nothing) {  // [MQTT-4.3.3-10]
  const sizes small{.receive = 16};
  subject who{small};
  dialogue{small}.connects({.keep_alive_s = 10, .ping_timeout = 5s}).play({}, who);
  dialogue_wire<session> line{who.machine, {.read = 8}};
  const octets data = wire(message_of(qos::exactly_once, 1, "t", "abcdefghijklmnopqrstuvwxyz"));
  line.hear(data);
  EXPECT_EQ(line.told.back(), "end");
  line.told.clear();
  line.hear(bytes{data}.first(16));
  line.wait(20s);
  EXPECT_EQ(line.told, std::deque<std::string>{"closed: the server does not answer PINGREQ"});
}

TEST(session_edges, a_goodbye_may_change_the_session_expiry) {  // [MQTT-3.14.2-a]
  static const property_value later[] = {{property::session_expiry_interval, 5U}};
  mqtt::disconnect bye;
  bye.properties = properties{later};
  dialogue{}
      .connects({.session_expiry_s = 100})
      .does([](session& s) { EXPECT_TRUE(s.disconnect({.properties = properties{later}}).has_value()); })
      .sends(bye)
      .tells("closed")
      .does([](session& s) { EXPECT_EQ(s.deadline(), never) << "nothing more is to be done"; })
      .once()
      .check();
}

TEST(session_edges, deferred_acknowledgements_that_did_not_leave) {  // [MQTT-4.3.3-9] [MQTT-4.3.3-10]
  const connect_options options{
      .client_identifier = "c", .clean_start = false, .session_expiry_s = 9, .acknowledge = acknowledge_when::deferred};
  connack present;
  present.session_present = true;
  dialogue talk{sizes{.received = received_bitmap_words}};
  talk.connects(options);
  for (std::uint16_t id = 1; id <= 4; ++id)
    talk.hears(message_of(qos::exactly_once, id, "t", "x")).tells("message t 'x' qos 2 owed");
  talk.does([](session& s) {  // the numbers of the receipts count up; 1 holds back the others
        EXPECT_TRUE(s.acknowledge({2}).has_value());
        EXPECT_TRUE(s.acknowledge({3}, reason::not_authorized).has_value());
      })
      .loses()
      .connects(options, present);
  for (std::uint16_t id = 1; id <= 4; ++id) talk.hears(message_of(qos::exactly_once, id, "t", "x", true));
  talk.tells("message t 'x' qos 2 dup owed")  // all but 2
      .tells("message t 'x' qos 2 dup owed")
      .tells("message t 'x' qos 2 dup owed")
      .plain();
}

TEST(session_edges, deferring_needs_its_table) {
  subject who{{.owed = 0}};
  EXPECT_EQ(error_of(who.machine.connect({.acknowledge = acknowledge_when::deferred})), error::deferring_not_possible);
  dialogue{sizes{.owed = 3}}.connects({.acknowledge = acknowledge_when::deferred}).check();  // Receive Maximum 3
}

TEST(session_edges, deferred_acknowledgements_make_room_for_more) {  // [MQTT-3.3.4-9]
  const connect_options options{.receive_maximum = 1, .acknowledge = acknowledge_when::deferred};
  dialogue talk;
  talk.connects(options);
  for (const std::uint32_t round : {1U, 2U, 3U})
    talk.hears(message_of(qos::at_least_once, 7, "t", "x"))
        .tells("message t 'x' qos 1 owed")
        .does([round](session& s) { EXPECT_TRUE(s.acknowledge({round}).has_value()); })
        .sends(answer(puback, 7));
  talk.hears(message_of(qos::at_least_once, 8, "t", "x", true))  // [MQTT-4.3.2-5]
      .tells("message t 'x' qos 1 dup owed")
      .hears(message_of(qos::at_least_once, 9, "t", "x"))
      .tells("closed: the server sent more messages than Receive Maximum allows")
      .sends(raw({0xe0, 1, 0x93}))
      .once()
      .check();
}

}  // namespace
}  // namespace recado::mqtt::test
