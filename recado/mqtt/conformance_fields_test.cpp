// Statements of both standards about packets and their fields that no other test shows, by their identifiers: what is
// written, what is refused before it is sent, and what is refused when it comes.
#include <tests/support/mqtt_dialogue.hpp>

#include <recado/mqtt/annotated_test.hpp>
#include <recado/mqtt/topic.hpp>

namespace recado::mqtt::test {
namespace {

class conformance_fields : public ::testing::TestWithParam<version> {
 protected:
  bool v5() const { return GetParam() == version::v5_0; }
  dialogue talk(const sizes& s = {}) {
    dialogue out{s};
    out.speaks(GetParam());
    return out;
  }
  /// What CONNECT says, or why not.
  std::string said_by(connect_options options) {
    options.version = GetParam();
    subject who{{.received = received_bitmap_words, .incoming_aliases = 0}};
    const auto done = who.machine.connect(options);
    if (!done) return std::string{words(done.error())};
    who.machine.opened({});
    return hex(who.machine.pending({}));
  }
  std::string bytes_of(std::string_view of_5, std::string_view of_3) {
    return hex(mqtt::testing::wire(v5() ? of_5 : of_3));
  }
};
INSTANTIATE_TEST_SUITE_P(mqtt, conformance_fields, ::testing::Values(version::v5_0, version::v3_1_1),
                         [](const auto& which) { return which.param == version::v5_0 ? "v5_0" : "v3_1_1"; });

will last_will(std::string_view topic, qos level = qos::at_most_once, bool retain = false) {
  return {.topic = topic, .payload = as_bytes("xy"), .qos = level, .retain = retain, .properties = {}};
}
std::string named(error code) { return std::string{words(code)}; }

// [MQTT-2.2.2-1] [MQTT-3.1.2-1] [MQTT-3.1.2-3] [MQTT-3.1.2-9] [MQTT-3.1.2-11] [MQTT-3.1.2-12] [MQTT-3.1.2-13]
// [MQTT-3.1.2-16] [MQTT-3.1.2-17] [MQTT-3.1.2-18] [MQTT-3.1.2-19] [MQTT-3.1.3-1] [MQTT-3.1.3-3]
// [MQTT311-3.1.2-1] [MQTT311-3.1.2-3] [MQTT311-3.1.2-9] [MQTT311-3.1.2-11] [MQTT311-3.1.2-13] [MQTT311-3.1.2-14]
// [MQTT311-3.1.2-15] [MQTT311-3.1.2-18] [MQTT311-3.1.2-19] [MQTT311-3.1.2-20] [MQTT311-3.1.2-21] [MQTT311-3.1.3-1]
// [MQTT311-3.1.3-3]
TEST_P(conformance_fields, connect_carries_what_its_flags_say_in_their_order) {
  EXPECT_EQ(said_by({.client_identifier = "id"}),
            bytes_of("10 0f 00 04 'MQTT' 05 02 00 3c 00 00 02 'id'", "10 0e 00 04 'MQTT' 04 02 00 3c 00 02 'id'"));
  EXPECT_EQ(said_by({.client_identifier = "id", .clean_start = false, .user_name = "u"}),
            bytes_of("10 12 00 04 'MQTT' 05 80 00 3c 00 00 02 'id' 00 01 'u'",
                     "10 11 00 04 'MQTT' 04 80 00 3c 00 02 'id' 00 01 'u'"));
  for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once})
    for (const bool retain : {false, true}) {
      std::string of_5 = "10 1d 00 04 'MQTT' 05 c6 00 3c 00 00 02 'id' 00 00 01 'w' 00 02 'xy' 00 01 'u' 00 01 'p'",
                  of_3 = "10 1b 00 04 'MQTT' 04 c6 00 3c 00 02 'id' 00 01 'w' 00 02 'xy' 00 01 'u' 00 01 'p'";
      const std::string flags = hex(raw({0xc6 | static_cast<int>(level) << 3 | (retain ? 0x20 : 0)}));
      for (std::string* one : {&of_5, &of_3}) one->replace(one->find("c6 "), 3, flags);
      EXPECT_EQ(said_by({.client_identifier = "id",
                         .user_name = "u",
                         .password = as_bytes("p"),
                         .will = last_will("w", level, retain)}),
                bytes_of(of_5, of_3));
    }
}

// [MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-3.1.3-4] [MQTT-3.1.3-11] [MQTT-3.1.3-12] [MQTT-3.8.3-1] [MQTT-3.8.3-2]
// [MQTT-3.10.3-1] [MQTT-3.10.3-2] [MQTT-4.7.0-1] [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2]
// [MQTT-4.7.3-3] [MQTT311-1.5.3-1] [MQTT311-1.5.3-2] [MQTT311-3.1.3-4] [MQTT311-3.1.3-10] [MQTT311-3.1.3-11]
// [MQTT311-3.3.2-2] [MQTT311-3.8.3-1] [MQTT311-3.8.3-3] [MQTT311-3.10.3-1] [MQTT311-3.10.3-2] [MQTT311-4.7.1-1]
// [MQTT311-4.7.1-2] [MQTT311-4.7.1-3] [MQTT311-4.7.3-1] [MQTT311-4.7.3-2] [MQTT311-4.7.3-3]
TEST_P(conformance_fields, ill_formed_text_is_never_sent) {
  const std::string longest(65'535, 'x'), too_long(65'536, 'x');
  const std::pair<std::string_view, error> rows[] = {{"\xff", error::bad_utf8},
                                                     {"\xc0\x80", error::bad_utf8},
                                                     {"a\xed\xa0\x80", error::bad_utf8},
                                                     {"a\xed\xbf\xbf", error::bad_utf8},
                                                     {std::string_view{"a\0b", 3}, error::null_character},
                                                     {too_long, error::string_too_long}};
  for (const auto& [text, why] : rows) {
    SCOPED_TRACE(named(why));
    const std::string_view bad = text;
    // CONNECT finds out what is too long when it is written, and first that there is no room for it.
    if (why != error::string_too_long) {
      EXPECT_EQ(said_by({.client_identifier = bad}), named(why));
      EXPECT_EQ(said_by({.client_identifier = "c", .user_name = bad}), named(why));
    }
    EXPECT_EQ(said_by({.client_identifier = "c", .will = last_will(bad)}), named(why));
    const subscription filter[] = {{.filter = "good"}, {.filter = bad}};
    const std::string_view name[] = {"good", bad};
    talk()
        .connects()
        .does(refuses(why, [&](session& s) { return error_of(s.publish({.topic = bad})); }))
        .does(refuses(why, [&](session& s) { return error_of(s.subscribe(filter)); }))
        .does(refuses(why, [&](session& s) { return error_of(s.unsubscribe(name)); }))
        .plain();
  }
  EXPECT_EQ(said_by({.client_identifier = "c", .will = last_will("")}), named(error::bad_topic_name));
  EXPECT_EQ(said_by({.client_identifier = "c", .will = last_will("a/+")}), named(error::bad_topic_name));
  talk()
      .connects()
      .does(refuses(error::bad_topic_name, [](session& s) { return error_of(s.publish({.topic = ""})); }))
      .does(refuses(error::bad_topic_name, [](session& s) { return error_of(s.publish({.topic = "a/#"})); }))
      .does(refuses(error::no_room, [&](session& s) { return error_of(s.publish({.topic = longest})); }))
      .does(refuses(error::no_topic_filters, [](session& s) { return error_of(s.subscribe({})); }))
      .does(refuses(error::no_topic_filters, [](session& s) { return error_of(s.unsubscribe({})); }))
      .plain();
  for (const std::string_view filter : {"", "a#", "a/#/b", "#/a", "a+", "+a/b", "a/b+"}) {
    SCOPED_TRACE(filter);
    const subscription wanted[] = {{.filter = filter}};
    const std::string_view unwanted[] = {filter};
    talk()
        .connects()
        .does(refuses(error::bad_topic_filter, [&](session& s) { return error_of(s.subscribe(wanted)); }))
        .does(refuses(error::bad_topic_filter, [&](session& s) { return error_of(s.unsubscribe(unwanted)); }))
        .plain();
  }
}

// [MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-3.3.2-1] [MQTT-3.3.2-2] [MQTT311-1.5.3-1] [MQTT311-1.5.3-2] [MQTT311-3.3.2-1]
// [MQTT311-3.3.2-2] [MQTT311-3.3.1-2] [MQTT311-3.3.1-4] [MQTT311-2.3.1-1] [MQTT311-3.9.3-2] [MQTT311-4.8.0-1]
TEST_P(conformance_fields, ill_formed_packets_end_the_connection) {
  const auto message = [this](std::initializer_list<int> topic, int first = 0x30) {
    octets out = raw({first, 0, 0, static_cast<int>(topic.size())});
    for (const int one : topic) out.push_back(static_cast<std::byte>(one));
    if ((first & 6) != 0) out.push_back(std::byte{0}), out.push_back(std::byte{0});
    if (v5()) out.push_back(std::byte{0});
    out[1] = static_cast<std::byte>(out.size() - 2);
    return out;
  };
  const std::pair<octets, error> rows[] = {
      {message({'a', 0xff}), error::bad_utf8},
      {message({0xed, 0xa0, 0x80}), error::bad_utf8},
      {message({'a', 0, 'b'}), error::null_character},
      {message({'a', '/', '#'}), error::bad_topic_name},
      {message({'+'}), error::bad_topic_name},
      {message({'a'}, 0x38), error::duplicate_with_qos_0},
      {message({'a'}, 0x36), error::bad_qos},
      {message({'a'}, 0x32), error::packet_identifier_zero},
      {message({}), error::empty_topic},
      {v5() ? raw({0x90, 4, 0, 1, 0, 3}) : raw({0x90, 3, 0, 1, 3}), error::bad_reason_code}};
  for (const auto& [heard, why] : rows) {
    SCOPED_TRACE(hex(heard));
    subject who{{}};
    talk().connects().play({}, who);
    bytes in = heard;
    const auto what = who.machine.receive(in, {});
    ASSERT_TRUE(what);
    EXPECT_EQ(tell(*what), "closed: " + named(why));
  }
}

// [MQTT-1.5.4-3] [MQTT311-1.5.3-3]
TEST_P(conformance_fields, a_byte_order_mark_is_a_character) {
  const std::string_view topic =
      "\xef\xbb\xbf"
      "a\xef\xbb\xbf";
  EXPECT_FALSE(matches(topic, "a"));
  EXPECT_FALSE(matches("a", topic));
  talk()
      .connects()
      .does(publishes(qos::at_most_once, topic, ""))
      .sends(message_of(qos::at_most_once, 0, topic, ""))
      .hears(message_of(qos::at_most_once, 0, topic, "x"))
      .tells("message " + std::string{topic} + " 'x' qos 0")
      .check();
}

// [MQTT-2.2.1-2] [MQTT-2.2.2-1] [MQTT-3.3.1-2] [MQTT-3.3.2-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] [MQTT-4.3.1-1]
// [MQTT-4.3.2-2] [MQTT-4.3.3-2] [MQTT-3.14.1-1] [MQTT311-2.2.2-1] [MQTT311-2.3.1-5] [MQTT311-3.3.1-2]
// [MQTT311-3.3.2-1] [MQTT311-3.6.1-1] [MQTT311-3.8.1-1] [MQTT311-3.8.3-4] [MQTT311-3.10.1-1] [MQTT311-3.14.1-1]
// [MQTT311-4.3.1-1]
TEST_P(conformance_fields, requests_look_as_the_standard_draws_them) {
  static const subscription filter[] = {{.filter = "f", .qos = qos::exactly_once}};
  static const std::string_view name[] = {"f"};
  subject who{{}};
  session& s = who.machine;
  talk().connects().play({}, who);
  publishes(qos::at_most_once, "t", "p")(s);
  publishes(qos::at_least_once, "t", "p")(s);
  publishes(qos::exactly_once, "t", "p")(s);
  ASSERT_TRUE(s.subscribe(filter).has_value());
  ASSERT_TRUE(s.unsubscribe(name).has_value());
  ASSERT_TRUE(s.disconnect().has_value());
  std::string said;
  while (!s.pending({}).empty()) said += hex(s.pending({})), s.sent(s.pending({}).size());
  EXPECT_EQ(said, bytes_of("30 05 00 01 't' 00 'p'  32 07 00 01 't' 00 01 00 'p'  34 07 00 01 't' 00 02 00 'p'"
                           "82 07 00 03 00 00 01 'f' 02  a2 06 00 04 00 00 01 'f'  e0 00",
                           "30 04 00 01 't' 'p'  32 06 00 01 't' 00 01 'p'  34 06 00 01 't' 00 02 'p'"
                           "82 06 00 03 00 01 'f' 02  a2 05 00 04 00 01 'f'  e0 00"));
}

// [MQTT311-3.1.2-22] [MQTT311-3.1.3-7] and what 3.1.1 doesn't know
TEST(conformance_3_1_1, connect_without_a_name_or_with_half_a_login) {
  subject who{{}};
  const auto tries = [&](connect_options options) {
    options.version = version::v3_1_1;
    return error_of(who.machine.connect(options));
  };
  EXPECT_EQ(tries({.clean_start = false}), error::client_identifier_needed);
  EXPECT_EQ(tries({.client_identifier = "c", .password = as_bytes("p")}), error::password_without_user_name);
  EXPECT_EQ(tries({.clean_start = true}), error::none);
  EXPECT_EQ(tries({.user_name = "u", .password = as_bytes("p")}), error::none);
}

// [MQTT311-3.2.2-4] [MQTT-3.2.2-6]
TEST_P(conformance_fields, a_refusal_has_no_session) {
  subject who{{}};
  session& s = who.machine;
  ASSERT_TRUE(s.connect({.version = GetParam(), .client_identifier = "c", .clean_start = false}).has_value());
  s.opened({});
  s.sent(s.pending({}).size());
  const octets heard = v5() ? raw({0x20, 3, 1, 0x87, 0}) : raw({0x20, 2, 1, 5});
  bytes in = heard;
  EXPECT_EQ(tell(*s.receive(in, {})), "closed: " + named(error::session_present_with_refusal));
}

// [MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-8] [MQTT-3.3.2-10] [MQTT-3.3.2-11]
TEST(conformance_5_fields, aliases_of_the_server_stay_within_what_connect_said) {
  for (const std::uint16_t most : {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{3}})
    for (std::uint32_t alias = 0; alias <= most + 1U; ++alias) {
      SCOPED_TRACE(std::to_string(most) + " " + std::to_string(alias));
      const sizes how{.incoming_aliases = most};
      subject who{how};
      dialogue{how}.connects().play({}, who);
      const octets heard = raw({0x30, 7, 0, 1, 't', 3, 0x23, 0, static_cast<int>(alias)});
      bytes in = heard;
      const auto what = who.machine.receive(in, {});
      ASSERT_TRUE(what);
      const bool good = alias != 0 && alias <= most;
      EXPECT_EQ(tell(*what), good ? "message t '' qos 0" : "closed: " + named(error::bad_topic_alias));
      if (!good) {
        EXPECT_EQ(hex(who.machine.pending({})), "e0 01 94 ");
      }
    }
}

// [MQTT-3.2.2-17] [MQTT-3.2.2-18] [MQTT-3.3.2-8] [MQTT-3.3.2-9]
TEST(conformance_5_fields, aliases_to_the_server_stay_within_what_connack_said) {
  const auto by_hand = [](std::uint16_t alias) {
    return [=](session& s) { return error_of(s.publish({.topic = "topic", .topic_alias = alias})); };
  };
  const connect_options options{.automatic_topic_aliases = false};
  dialogue{sizes{.outgoing_aliases = 4}}
      .connects(options)
      .does(refuses(error::alias_not_available, by_hand(1)))
      .does(refuses(error::none, by_hand(0)))
      .sends(message_of(qos::at_most_once, 0, "topic", ""))
      .check();
  dialogue{sizes{.outgoing_aliases = 4}}
      .connects({})
      .does(publishes(qos::at_most_once, "some/topic", ""))
      .does(publishes(qos::at_most_once, "some/topic", ""))
      .sends(message_of(qos::at_most_once, 0, "some/topic", ""))
      .sends(message_of(qos::at_most_once, 0, "some/topic", ""))
      .check();
  dialogue{}
      .connects(options, announcing({{property::topic_alias_maximum, 2U}}))
      .does(refuses(error::alias_not_available, by_hand(3)))
      .does(refuses(error::none, by_hand(2)))
      .sends(raw({0x30, 11, 0, 5, 't', 'o', 'p', 'i', 'c', 3, 0x23, 0, 2}))
      .check();
  // Many topics share few aliases; none of these is above the maximum.
  subject who{{.transmit = 4096, .outgoing_aliases = 8}};
  dialogue{sizes{.transmit = 4096, .outgoing_aliases = 8}}
      .connects({}, announcing({{property::topic_alias_maximum, 3U}}))
      .play({}, who);
  for (int i = 0; i < 50; ++i) publishes(qos::at_most_once, "topic/" + std::to_string(i % 10), "")(who.machine);
  bytes said = who.machine.pending({});
  std::size_t aliases = 0;
  while (!said.empty()) {
    fixed_header header;
    ASSERT_FALSE(read_header(said, {.from = sender::client}, header));
    mqtt::publish one;
    ASSERT_FALSE(decode(header, said.first(header.total()), {.from = sender::client}, one));
    aliases += one.properties.has(property::topic_alias) ? 1U : 0U;
    EXPECT_LE(one.properties.number(property::topic_alias), 3u);
    said = said.subspan(header.total());
  }
  EXPECT_EQ(aliases, 50u);
}

// [MQTT-3.3.2-13] [MQTT-3.3.2-14] [MQTT-3.3.2-19] [MQTT-1.5.7-1]
TEST(conformance_5_fields, properties_with_ill_formed_text_are_neither_sent_nor_taken) {
  const property_value rows[] = {{property::response_topic, "\xff"},
                                 {property::response_topic, "a/#"},
                                 {property::response_topic, "+"},
                                 {property::content_type, "\xed\xa0\x80"},
                                 {property::content_type, std::string_view{"a\0b", 3}},
                                 {"\xff", "v"},
                                 {"k", std::string_view{"\0", 1}}};
  for (const property_value& one : rows) {
    SCOPED_TRACE(std::string{words(one.id)} + hex(as_bytes(one.text)));
    const properties list{std::span<const property_value>{&one, 1}};
    mqtt::publish message = message_of(qos::at_most_once, 0, "t", "");
    message.properties = list;
    const octets heard = wire(message);
    subject who{{}};
    dialogue{}.connects().play({}, who);
    EXPECT_FALSE(who.machine.publish({.topic = "t", .properties = list}).has_value());
    EXPECT_TRUE(who.machine.pending({}).empty());
    bytes in = heard;
    const auto what = who.machine.receive(in, {});
    ASSERT_TRUE(what);
    EXPECT_TRUE(session::ends(*what)) << tell(*what);
  }
}

// [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3] [MQTT-3.14.2-3] [MQTT-3.14.2-4] [MQTT-3.15.2-2]
// [MQTT-3.15.2-3]: PUBREL and PUBCOMP have them only from an explainer, see session_properties
TEST(conformance_5_fields, explanations_stay_within_the_servers_maximum) {
  static const std::string text(60, 'x');
  static const property_value why[] = {{property::reason_string, text}}, user[] = {{"k", text}};
  for (const auto list : {std::span<const property_value>{why}, std::span<const property_value>{user}}) {
    const properties more{list};
    subject who{{}};
    session& s = who.machine;
    ASSERT_TRUE(s.connect({.client_identifier = "c", .authentication_method = "M"}).has_value());
    s.opened({});
    s.sent(s.pending({}).size());
    const octets accepted =
        wire(announcing({{property::authentication_method, "M"}, {property::maximum_packet_size, 60U}}));
    bytes in = accepted;
    ASSERT_EQ(tell(*s.receive(in, {})), "connected");
    EXPECT_EQ(error_of(s.reauthenticate("M", {}, more)), error::larger_than_server_takes);
    EXPECT_EQ(error_of(s.disconnect({.properties = more})), error::larger_than_server_takes);
    EXPECT_TRUE(s.pending({}).empty());
    EXPECT_TRUE(s.online());
    EXPECT_EQ(error_of(s.disconnect()), error::none);
  }
  dialogue{}
      .connects({}, announcing({{property::maximum_packet_size, 10U}}))
      .does(publishes(qos::exactly_once, "a", ""))
      .sends(message_of(qos::exactly_once, 1, "a", ""))
      .hears(answer(pubrec, 1))
      .sends(raw({0x62, 2, 0, 1}))
      .hears(answer(pubrec, 7))
      .sends(raw({0x62, 3, 0, 7, 0x92}))
      .hears(answer(pubrel, 8))
      .sends(raw({0x70, 3, 0, 8, 0x92}))
      .check();
}

// [MQTT-3.3.4-3] [MQTT-3.3.4-4] [MQTT-3.3.4-5] [MQTT-3.3.2-18]
TEST(conformance_5_fields, all_subscription_identifiers_and_user_properties_are_told_in_order) {
  const property_value list[] = {{property::subscription_identifier, 7U},           {"k", "2"},
                                 {property::subscription_identifier, 268'435'455U}, {"k", "1"},
                                 {property::subscription_identifier, 7U},           {"a", ""}};
  subject who{{}};
  dialogue{}.connects().play({}, who);
  for (const std::size_t count : {6U, 1U}) {
    mqtt::publish message = message_of(qos::at_most_once, 0, "t", "");
    message.properties = properties{std::span{list}.first(count)};
    const octets heard = wire(message);
    bytes in = heard;
    const auto what = who.machine.receive(in, {});
    ASSERT_TRUE(what);
    std::vector<property_value> told;
    for (const property_value& one : std::get<message_received>(*what).properties) told.push_back(one);
    EXPECT_TRUE(std::equal(told.begin(), told.end(), list, list + count));
    EXPECT_EQ(told.size(), count);
  }
}

// [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] [MQTT-3.9.3-2] [MQTT-3.11.3-2] [MQTT-3.14.2-1]
// [MQTT-3.15.2-1] [MQTT-3.2.2-8]
TEST(conformance_5_fields, reason_codes_are_those_of_their_packet) {
  const std::vector<int> of_answers{0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}, of_releases{0, 0x92},
      of_suback{0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2},
      of_unsuback{0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91},
      of_disconnect{0,    0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8c /* table 2-6 */,
                    0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97,
                    0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0,
                    0xa1, 0xa2},
      of_auth{0, 0x18};
  const std::tuple<octets, octets, std::vector<int>> rows[] = {
      {raw({0x40, 3, 0, 1}), raw({}), of_answers},   {raw({0x50, 3, 0, 1}), raw({}), of_answers},
      {raw({0x62, 3, 0, 1}), raw({}), of_releases},  {raw({0x70, 3, 0, 1}), raw({}), of_releases},
      {raw({0x90, 4, 0, 1, 0}), raw({}), of_suback}, {raw({0xb0, 4, 0, 1, 0}), raw({}), of_unsuback},
      {raw({0xe0, 1}), raw({}), of_disconnect},      {raw({0xf0, 6}), raw({4, 0x15, 0, 1, 'M'}), of_auth}};
  for (const auto& [before, behind, good] : rows)
    for (int code = 0; code < 256; ++code) {
      octets heard = before;
      heard.push_back(static_cast<std::byte>(code));
      heard.insert(heard.end(), behind.begin(), behind.end());
      const auto seen = mqtt::testing::decode_all(heard, {});
      const bool allowed = std::find(good.begin(), good.end(), code) != good.end();
      EXPECT_EQ(words(seen.what.code), words(allowed ? error::none : error::bad_reason_code)) << hex(heard);
    }
}

}  // namespace
}  // namespace recado::mqtt::test
