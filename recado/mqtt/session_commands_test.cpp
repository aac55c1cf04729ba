// What commands refuse, to the byte and before anything is sent, and what they leave undone after the end.
#include <tests/support/mqtt_dialogue.hpp>

#include <recado/mqtt/authenticator.hpp>

namespace recado::mqtt::test {
namespace {

auto tries(message what) {
  return [what](session& s) { return error_of(s.publish(what)); };
}
mqtt::publish with_alias(std::string_view topic, std::string_view text) {
  static const property_value alias[] = {{property::topic_alias, 1U}};
  mqtt::publish out = message_of(qos::at_most_once, 0, topic, text);
  out.properties = properties{alias};
  return out;
}

TEST(session_commands, a_full_flight_table_and_a_full_log_say_so) {
  subject who{{.transmit = 200, .outgoing = 3}};
  session& s = who.machine;
  dialogue{sizes{.transmit = 200, .outgoing = 3}}.connects().play({}, who);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(s.publish({.topic = "t", .qos = qos::at_least_once}).has_value());
  EXPECT_EQ(s.quota(), 0u);
  EXPECT_EQ(error_of(s.publish({.topic = "t", .qos = qos::at_least_once})), error::flight_table_full);
  EXPECT_EQ(error_of(s.unsubscribe(std::vector<std::string_view>{"t"})), error::flight_table_full);
  int count = 0;
  error why = error::none;
  while ((why = error_of(s.publish({.topic = "t", .payload = as_bytes("0123456789")}))) == error::none) ++count;
  EXPECT_EQ(why, error::no_room);
  EXPECT_GT(count, 5);
  s.sent(s.pending({}).size());
  EXPECT_TRUE(s.publish({.topic = "t"}).has_value());
}

TEST(session_commands, an_alias_has_a_place_of_its_own) {  // [MQTT-3.3.2-9]
  static const property_value alias[] = {{property::topic_alias, 1U}};
  const connack one_alias = announcing({{property::topic_alias_maximum, 1U}});
  for (const bool automatic : {true, false})
    dialogue{}
        .connects({.automatic_topic_aliases = automatic}, one_alias)
        .does(refuses(error::alias_not_available, tries({.topic = "t", .properties = properties{alias}})))
        .does(refuses(automatic ? error::alias_not_available : error::none, tries({.topic = "t", .topic_alias = 1})))
        .sends(automatic ? octets{} : wire(with_alias("t", "")))
        .check();
}

TEST(session_commands, a_topic_too_long_for_the_table_takes_no_alias_from_another) {  // [MQTT-3.3.2-7]
  const std::string long_topic(31, 't');                                              // 30 bytes of room
  dialogue{sizes{.outgoing_aliases = 1}}
      .connects({}, announcing({{property::topic_alias_maximum, 1U}}))
      .does(publishes(qos::at_most_once, "topic", "1"))
      .does(publishes(qos::at_most_once, long_topic, "2"))
      .does(publishes(qos::at_most_once, "topic", "3"))
      .does(publishes(qos::at_most_once, "abc", "4"))
      .sends(with_alias("topic", "1"))
      .sends(message_of(qos::at_most_once, 0, long_topic, "2"))
      .sends(with_alias("", "3"))
      .sends(message_of(qos::at_most_once, 0, "abc", "4"))  // an alias is as long
      .check();
}

TEST(session_commands, a_long_message_counts_whole_for_the_servers_maximum) {  // [MQTT-3.2.2-15]
  // Header 2 or 3, topic 3, packet identifier 2, properties 1
  for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
    const std::uint32_t fits = level == qos::at_most_once ? 94 : 92;
    subject who{{}};
    dialogue{}.connects({}, announcing({{property::maximum_packet_size, 100U}})).play({}, who);
    const auto of_size = [&](std::uint32_t size) {
      return error_of(who.machine.publish({.topic = "t", .qos = level, .payload_from_source = size}));
    };
    EXPECT_EQ(of_size(fits + 1), error::larger_than_server_takes);
    EXPECT_EQ(who.machine.in_flight(), 0u);
    EXPECT_EQ(of_size(fits), error::none);
  }
}

TEST(session_commands, kept_messages_leave_room_to_come_back) {
  for (const std::size_t name : {1U, 120U}) {
    const std::string id(name, 'i');
    const connect_options options{.client_identifier = id, .clean_start = false};
    const sizes small{.transmit = 400, .outgoing = 64};
    subject who{small};
    session& s = who.machine;
    dialogue{small}.connects(options).play({}, who);
    while (s.publish({.topic = "t", .qos = qos::at_least_once})) s.sent(s.pending({}).size());
    EXPECT_GE(s.room(), std::max<std::size_t>(64, name));
    s.lost({}, {});
    EXPECT_TRUE(s.connect(options).has_value());
  }
}

TEST(session_commands, of_3_1_1_unsubscribe_has_no_properties_and_acknowledgements_no_codes) {
  static const property_value user[] = {{"k", "v"}};
  static const std::string_view name[] = {"a"};
  dialogue talk;
  talk.speaks(version::v3_1_1)
      .connects({.acknowledge = acknowledge_when::deferred})
      .does(refuses(error::needs_version_5, [](session& s) { return error_of(s.unsubscribe(name, properties{user})); }))
      .hears(message_of(qos::at_least_once, 1, "t", ""))
      .tells("message t '' qos 1 owed")
      .does(refuses(error::bad_reason_code,
                    [](session& s) { return error_of(s.acknowledge({1}, reason::not_authorized)); }))
      .does(refuses(error::none, [](session& s) { return error_of(s.acknowledge({1})); }))
      .sends(answer(puback, 1))
      .once()
      .check();
}

// [MQTT-3.1.2-12] [MQTT311-3.1.2-14] [MQTT311-3.8.3-4], 5.0 §3.8.3.1
TEST(session_commands, what_is_no_qos_and_no_retain_handling_is_not_sent) {
  static const subscription all[] = {{.filter = "a", .qos = static_cast<qos>(3)},
                                     {.filter = "a", .qos = static_cast<qos>(4)},
                                     {.filter = "a", .retain_handling = static_cast<retain_handling>(3)},
                                     {.filter = "a", .retain_handling = static_cast<retain_handling>(4)}};
  for (const auto each : {version::v5_0, version::v3_1_1}) {
    dialogue talk;
    talk.speaks(each).connects();
    for (const subscription& one : all)
      talk.does(refuses(error::bad_subscription_options, [&](session& s) { return error_of(s.subscribe({&one, 1})); }));
    talk.does(refuses(error::qos_not_available, tries({.topic = "t", .qos = static_cast<qos>(3)}))).check();
    subject who{{}};
    EXPECT_EQ(error_of(who.machine.connect({.version = each, .will = will{"w", {}, static_cast<qos>(3), false, {}}})),
              error::bad_qos);
  }
}

TEST(session_commands, properties_of_requests_are_checked) {  // table 2-4
  static const property_value wrong[] = {{property::content_type, "x"}};
  static const property_value twice[] = {{property::reason_string, "x"}, {property::reason_string, "y"}};
  static const std::string_view name[] = {"a"};
  static const subscription filter[] = {{.filter = "a"}};
  const properties list{wrong};
  dialogue{}
      .connects()
      .does(refuses(error::misplaced_property, [=](session& s) { return error_of(s.unsubscribe(name, list)); }))
      .does(refuses(error::misplaced_property,
                    [=](session& s) {
                      return error_of(s.subscribe(filter, {.subscription_identifier = 0, .user_properties = list}));
                    }))
      .does(
          refuses(error::misplaced_property, [=](session& s) { return error_of(s.disconnect({.properties = list})); }))
      .does(refuses(error::duplicated_property,
                    [](session& s) { return error_of(s.disconnect({.properties = properties{twice}})); }))
      .check();
  subject who{{}};
  EXPECT_EQ(error_of(who.machine.connect({.client_identifier = "c", .user_properties = list})),
            error::misplaced_property);
}

TEST(session_commands, no_more_payload_than_was_asked_for_is_taken) {
  subject who{{}};
  session& s = who.machine;
  dialogue{}.connects().play({}, who);
  ASSERT_TRUE(s.publish({.topic = "t", .payload_from_source = 4}).has_value());
  EXPECT_EQ(error_of(s.supply(as_bytes("x"))), error::no_payload_wanted) << "not asked yet";
  s.sent(s.pending({}).size());
  bytes nothing;
  ASSERT_TRUE(s.receive(nothing, {}));
  EXPECT_EQ(s.supply(as_bytes("abcdef")).value_or(0), 4u);
  EXPECT_EQ(error_of(s.supply(as_bytes("ef"))), error::no_payload_wanted);
  s.sent(4);
  EXPECT_EQ(error_of(s.supply(as_bytes("ef"))), error::no_payload_wanted);
}

TEST(session_commands, no_acknowledgement_follows_a_goodbye) {  // [MQTT-3.14.4-1]
  static const property_value user[] = {{"k", "v"}};
  mqtt::disconnect bye;
  bye.properties = properties{user};
  dialogue{}
      .connects({.acknowledge = acknowledge_when::deferred})
      .hears(message_of(qos::at_least_once, 1, "t", ""))
      .tells("message t '' qos 1 owed")
      .does([](session& s) {
        EXPECT_TRUE(s.disconnect({.properties = properties{user}}).has_value());
        EXPECT_TRUE(s.acknowledge({1}).has_value()) << "of no use any more, but no mistake";
      })
      .sends(bye)
      .tells("closed")
      .once()
      .check();
}

/// Says "data" to whatever it is asked.
struct echo final : authenticator {
  std::string_view method() const override { return "M"; }
  std::expected<bytes, error> begin() override { return as_bytes("data"); }
  std::expected<bytes, error> answer(bytes) override { return as_bytes("data"); }
  error finish(bytes) override { return error::none; }
};

TEST(session_commands, a_challenge_waits_for_the_end_of_a_long_message) {  // [MQTT-4.12.0-3]
  echo method;
  subject who{{}};
  session& s = who.machine;
  const property_value list[] = {{property::authentication_method, "M"}, {property::authentication_data, "data"}};
  const properties both{std::span<const property_value>{list}};
  ASSERT_TRUE(s.connect({.client_identifier = "c", .authenticator = &method}).has_value());
  s.opened({});
  s.sent(s.pending({}).size());
  const octets accepted = wire(announcing({{property::authentication_method, "M"}}));
  bytes in = accepted;
  ASSERT_EQ(tell(*s.receive(in, {})), "connected");
  ASSERT_TRUE(s.reauthenticate().has_value());
  ASSERT_TRUE(s.publish({.topic = "t", .payload_from_source = 4}).has_value());
  s.sent(s.pending({}).size());
  const octets asked = wire(mqtt::auth{.reason = reason::continue_authentication, .properties = both});
  in = asked;
  bytes nothing;
  ASSERT_EQ(tell(*s.receive(nothing, {})), "wants payload #0 tag 0 from 0");
  EXPECT_FALSE(s.receive(in, {}));
  EXPECT_EQ(in.size(), asked.size()) << "unread";
  ASSERT_EQ(s.supply(as_bytes("abcd")).value_or(0), 4u);
  s.sent(4);
  EXPECT_FALSE(s.receive(in, {}));
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(hex(s.pending({})), hex(wire(mqtt::auth{.reason = reason::continue_authentication, .properties = both})));
}

}  // namespace
}  // namespace recado::mqtt::test
