// What only the one may say who was asked for it, and what must not be said at all: client identifiers, Response and
// Problem Information, text that is none.
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

const property_value reason_string[] = {{property::reason_string, "why"}};
const property_value user_property[] = {{"k", "v"}};
const property_value response_information[] = {{property::response_information, "r"}};
const property_value assigned[] = {{property::assigned_client_identifier, "you"}};
const property_value text[] = {{property::payload_format_indicator, 1U}};
const property_value no_text[] = {{property::payload_format_indicator, 0U}};

connack accepting(std::span<const property_value> list) {
  connack out;
  out.properties = properties{list};
  return out;
}

/// What the session says of that CONNACK.
std::string told_of(const connect_options& options, const connack& heard) {
  subject who{{}};
  EXPECT_TRUE(who.machine.connect(options).has_value());
  who.machine.opened({});
  who.machine.sent(who.machine.pending({}).size());
  const octets data = wire(heard, options.version);
  bytes in = data;
  const auto what = who.machine.receive(in, {});
  return what ? tell(*what) : "nothing";
}

TEST(session_unasked, a_client_without_a_name_is_given_one) {  // [MQTT-3.2.2-16] [MQTT-3.1.3-7]
  EXPECT_EQ(told_of({}, connack{}), "closed: the server assigned no client identifier although none was given");
  EXPECT_EQ(told_of({}, accepting(assigned)), "connected as you");
  EXPECT_EQ(told_of({.may_stay_nameless = true}, connack{}), "connected");
  EXPECT_EQ(told_of({.client_identifier = "me"}, connack{}), "connected");
  EXPECT_EQ(told_of({.version = version::v3_1_1}, connack{}), "connected");  // [MQTT311-3.1.3-6]
}

TEST(session_unasked, response_information) {  // [MQTT-3.1.2-28]
  connect_options options{.client_identifier = "me"};
  EXPECT_EQ(told_of(options, accepting(response_information)),
            "closed: the server sent Response Information that nobody asked for");
  options.request_response_information = true;
  EXPECT_EQ(told_of(options, accepting(response_information)), "connected");
}

TEST(session_unasked, problem_information) {  // [MQTT-3.1.2-29]
  const std::string_view name[] = {"a"};
  const subscription filter[] = {{.filter = "a"}};
  const std::byte success{0};
  for (const auto list :
       {std::span<const property_value>{reason_string}, std::span<const property_value>{user_property}})
    for (const bool declined : {true, false}) {
      const properties more{list};
      const property_value method_and[] = {{property::authentication_method, "M"}, list[0]};
      const auto of = [&](packet_type type, std::uint16_t id) {
        return wire(acknowledgement{.type = type, .packet_identifier = id, .properties = more});
      };
      const auto of_subscriptions = [&](packet_type type, std::uint16_t id) {
        return wire(subscribe_acknowledgement{type, id, more, {&success, 1}});
      };
      mqtt::publish message = message_of(qos::at_most_once, 0, "t", "");
      message.properties = properties{user_property};
      // PUBLISH 1 (QoS 1), PUBLISH 2 (QoS 2), SUBSCRIBE 3, UNSUBSCRIBE 4 and a re-authentication wait for answers.
      const std::pair<octets, bool> rows[] = {
          {of(puback, 1), true},
          {of(pubrec, 2), true},
          {of(pubrec, 9), true},
          {of(pubrel, 7), true},
          {of(pubcomp, 9), true},
          {of_subscriptions(packet_type::suback, 3), true},
          {of_subscriptions(packet_type::unsuback, 4), true},
          {wire(mqtt::auth{.reason = reason::success, .properties = properties{method_and}}), true},
          {wire(message), false},
          {wire(mqtt::disconnect{.reason = reason::server_busy, .properties = more}), false}};
      for (const auto& [heard, forbidden] : rows) {
        SCOPED_TRACE(hex(heard));
        subject who{{}};
        session& s = who.machine;
        ASSERT_TRUE(
            s.connect(
                 {.client_identifier = "c", .request_problem_information = !declined, .authentication_method = "M"})
                .has_value());
        s.opened({});
        s.sent(s.pending({}).size());
        const property_value in_connack[] = {{property::authentication_method, "M"}, list[0]};
        const octets accepted = wire(accepting(in_connack));
        bytes in = accepted;
        ASSERT_EQ(tell(*s.receive(in, {})), "connected") << "CONNACK may always say why";
        ASSERT_TRUE(s.publish({.topic = "a", .qos = qos::at_least_once}).has_value());
        ASSERT_TRUE(s.publish({.topic = "a", .qos = qos::exactly_once}).has_value());
        ASSERT_TRUE(s.subscribe(filter).has_value());
        ASSERT_TRUE(s.unsubscribe(name).has_value());
        ASSERT_TRUE(s.reauthenticate("M", {}).has_value());
        s.sent(s.pending({}).size());
        in = heard;
        const auto what = s.receive(in, {});
        const bool refused = what && tell(*what).find("although problem information was declined") != std::string::npos;
        EXPECT_EQ(refused, forbidden && declined);
        if (refused) {
          EXPECT_EQ(hex(s.pending({})), hex(raw({0xe0, 1, 0x82})));
        }
      }
    }
}

TEST(session_unasked, text_that_is_none_is_not_sent) {  // §3.3.2.3.2, §3.1.3.2.3
  // [MQTT-3.3.2-a]
  const auto publish = [](std::string_view payload, properties list) {
    return [=](session& s) {
      return error_of(s.publish({.topic = "t", .payload = as_bytes(payload), .properties = list}));
    };
  };
  dialogue{}
      .connects()
      .does(refuses(error::payload_not_utf8, publish("\xff", properties{text})))
      .does(refuses(error::payload_not_utf8, publish("a\xe2\x82", properties{text})))
      .does(refuses(error::none, publish("\xff", properties{no_text})))
      .sends(raw({0x30, 7, 0, 1, 't', 2, 1, 0, 0xff}))
      .does(refuses(error::none, publish("\xe2\x82\xac", properties{text})))
      .sends(raw({0x30, 9, 0, 1, 't', 2, 1, 1, 0xe2, 0x82, 0xac}))
      .check();
  for (const std::string_view last_words : {"\xff", "bye"}) {
    subject who{{}};
    will left{.topic = "t", .payload = as_bytes(last_words), .properties = properties{text}};
    EXPECT_EQ(error_of(who.machine.connect({.client_identifier = "c", .will = left})),
              last_words == "bye" ? error::none : error::payload_not_utf8);
    left.properties = {};
    EXPECT_TRUE(who.machine.connect({.client_identifier = "c", .will = left}).has_value());
  }
}

TEST(session_unasked, text_in_pieces_is_checked_as_it_leaves_and_when_it_leaves_again) {  // §3.3.2.3.2
  // [MQTT-3.3.2-a]
  const connect_options options{.client_identifier = "c", .clean_start = false};
  subject who{{}};
  session& s = who.machine;
  dialogue{}.connects(options).play({}, who);
  ASSERT_TRUE(
      s.publish({.topic = "t", .qos = qos::at_least_once, .payload_from_source = 6, .properties = properties{text}})
          .has_value());
  const auto supply = [&](std::string_view payload) { return error_of(s.supply(as_bytes(payload))); };
  for (const bool session_present : {false, true, false}) {
    SCOPED_TRACE(session_present);
    s.sent(s.pending({}).size());
    bytes nothing;
    ASSERT_EQ(tell(*s.receive(nothing, {})), "wants payload #1 tag 0 from 0");
    EXPECT_EQ(supply("\xff"), error::payload_not_utf8);
    EXPECT_EQ(supply("k\xc3"), error::none) << "cut within a character";
    EXPECT_EQ(supply("k"), error::payload_not_utf8);
    EXPECT_EQ(supply("\xa4"), error::none);
    EXPECT_EQ(supply("ab\xc3"), error::payload_not_utf8) << "the end is within a character";
    EXPECT_EQ(supply("abc"), error::none);
    EXPECT_EQ(as_text(s.pending({})),
              "k\xc3\xa4"
              "abc");
    s.sent(6);
    s.lost({}, {});
    ASSERT_TRUE(s.connect(options).has_value());
    s.opened({});
    s.sent(s.pending({}).size());
    connack answer;
    answer.session_present = !session_present;
    const octets accepted = wire(answer);
    bytes in = accepted;
    ASSERT_TRUE(s.receive(in, {}));
  }
}

TEST(session_unasked, an_acknowledgement_says_why) {  // [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3]
  const property_value both[] = {{property::reason_string, "full"}, {"k", "1"}, {"k", "2"}};
  const property_value not_there[] = {{property::content_type, "x"}};
  const std::string long_text(40, 'x');
  const property_value too_long[] = {{property::reason_string, long_text}};
  static const property_value limit[] = {{property::maximum_packet_size, 40U}};
  const auto try_it = [](receipt what, reason code, properties list) {
    return [=](session& s) { return error_of(s.acknowledge(what, code, list)); };
  };
  acknowledgement first = answer(puback, 3, reason::quota_exceeded), second = answer(pubrec, 4, reason::not_authorized);
  first.properties = second.properties = properties{both};
  dialogue{}
      .connects({.acknowledge = acknowledge_when::deferred}, accepting(limit))
      .hears(message_of(qos::at_least_once, 3, "t", "x"))
      .hears(message_of(qos::exactly_once, 4, "t", "y"))
      .tells("message t 'x' qos 1 owed")
      .tells("message t 'y' qos 2 owed")
      .does(refuses(error::acknowledgement_must_wait, try_it({2}, reason::success, properties{both})))
      .does(refuses(error::misplaced_property, try_it({1}, reason::success, properties{not_there})))
      .does(refuses(error::larger_than_server_takes, try_it({1}, reason::success, properties{too_long})))
      .does(refuses(error::bad_reason_code, try_it({1}, reason::server_moved, properties{both})))
      .does(refuses(error::none, try_it({1}, reason::quota_exceeded, properties{both})))
      .does(refuses(error::unknown_receipt, try_it({1}, reason::success, properties{both})))
      .sends(first)
      .does(refuses(error::none, try_it({2}, reason::not_authorized, properties{both})))
      .sends(second)
      .hears(message_of(qos::exactly_once, 4, "t", "z"))  // [MQTT-4.3.3-9]
      .tells("message t 'z' qos 2 owed")
      .does([](session& s) { EXPECT_TRUE(s.disconnect().has_value()); })
      .does(refuses(error::not_connected, try_it({3}, reason::success, properties{both})))  // [MQTT-3.14.4-1]
      .sends(raw({0xe0, 0}))
      .tells("closed")
      .once()
      .check();
  dialogue of_3_1_1;
  of_3_1_1.speaks(version::v3_1_1)
      .connects({.acknowledge = acknowledge_when::deferred})
      .hears(message_of(qos::at_least_once, 3, "t", "x"))
      .tells("message t 'x' qos 1 owed")
      .does(refuses(error::needs_version_5, try_it({1}, reason::success, properties{both})))
      .once()
      .check();
}

}  // namespace
}  // namespace recado::mqtt::test
