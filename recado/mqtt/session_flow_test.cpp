// Limits and their keeping: quotas, aliases, long payloads, deferred acknowledgements, authentication.
#include <tests/support/mqtt_dialogue.hpp>

#include <recado/mqtt/topic.hpp>

namespace recado::mqtt::test {
namespace {

auto try_publish(message what) {
  return [what](session& s) { return error_of(s.publish(what)); };
}
auto try_subscribe(subscription what, std::uint32_t identifier = 0) {
  return [=](session& s) {
    return error_of(s.subscribe(std::span{&what, 1}, {.subscription_identifier = identifier, .user_properties = {}}));
  };
}

// original defect 12: what CONNACK says was not looked at
TEST(session_flow, what_the_server_forbids_is_refused_before_it_is_sent) {
  // [MQTT-3.2.2-a]
  // [MQTT-3.2.2-9] [MQTT-3.2.2-11] [MQTT-3.2.2-14] [MQTT-3.2.2-15]
  dialogue{}
      .connects({}, announcing({{property::maximum_qos, 0U},
                                {property::retain_available, 0U},
                                {property::maximum_packet_size, 30U},
                                {property::wildcard_subscription_available, 0U},
                                {property::subscription_identifiers_available, 0U},
                                {property::shared_subscription_available, 0U}}))
      .does(refuses(error::qos_not_available, try_publish({.topic = "a", .qos = qos::at_least_once})))
      .does(refuses(error::retain_not_available, try_publish({.topic = "a", .retain = true})))
      .does(refuses(error::larger_than_server_takes,
                    try_publish({.topic = "a", .payload = as_bytes("123456789012345678901234567890")})))
      .does(refuses(error::larger_than_server_takes, try_publish({.topic = "a", .payload_from_source = 1000})))
      .does(refuses(error::alias_not_available, try_publish({.topic = "a", .topic_alias = 1})))
      .does(refuses(error::wildcards_not_available, try_subscribe({.filter = "a/#"})))
      .does(refuses(error::shared_subscriptions_not_available, try_subscribe({.filter = "$share/g/a"})))
      .does(refuses(error::subscription_identifiers_not_available, try_subscribe({.filter = "a"}, 1)))
      .check();
}

TEST(session_flow, what_is_not_valid_is_refused) {  // original defect 18
  // [MQTT-3.8.3-4]
  // [MQTT-3.14.2-a]
  const std::string long_topic(65'536, 't');
  dialogue{}
      .connects()
      .does(refuses(error::bad_topic_name, try_publish({.topic = ""})))
      .does(refuses(error::bad_topic_name, try_publish({.topic = "a/+"})))
      .does(refuses(error::bad_utf8, try_publish({.topic = "\xff"})))
      .does(refuses(error::null_character, try_publish({.topic = std::string_view{"a\0b", 3}})))
      .does(refuses(error::string_too_long, try_publish({.topic = long_topic})))
      .does(refuses(error::message_too_large, try_publish({.topic = "a", .payload_from_source = 268'435'455})))
      .does(refuses(error::misplaced_property,
                    try_publish({.topic = "a", .properties = keep({{property::server_keep_alive, 1U}})})))
      .does(refuses(error::forbidden_property,
                    try_publish({.topic = "a", .properties = keep({{property::subscription_identifier, 1U}})})))
      .does(refuses(error::duplicated_property,
                    try_publish({.topic = "a",
                                 .properties = keep({{property::content_type, "x"}, {property::content_type, "y"}})})))
      .does(refuses(error::bad_topic_name,
                    try_publish({.topic = "a", .properties = keep({{property::response_topic, "#"}})})))
      .does(refuses(error::bad_topic_filter, try_subscribe({.filter = "a#"})))
      .does(refuses(error::shared_no_local, try_subscribe({.filter = "$share/g/a", .no_local = true})))
      .does(refuses(error::no_topic_filters, [](session& s) { return error_of(s.subscribe({})); }))
      .does(refuses(error::no_room, try_publish({.topic = "a", .payload = as_bytes(long_topic)})))
      .does(refuses(error::already_connected, [](session& s) { return error_of(s.connect({})); }))
      .does(refuses(error::bad_reason_code,
                    [](session& s) { return error_of(s.disconnect({.reason = reason::server_busy})); }))
      .does(refuses(error::session_expiry_forbidden,
                    [](session& s) {
                      return error_of(s.disconnect({.properties = keep({{property::session_expiry_interval, 5U}})}));
                    }))
      .check();
}

TEST(session_flow, version_3_1_1_has_less) {
  dialogue{}
      .speaks(version::v3_1_1)
      .connects()
      .does(refuses(error::needs_version_5, try_publish({.topic = "a", .properties = keep({{"k", "v"}})})))
      .does(refuses(error::needs_version_5, try_publish({.topic = "a", .topic_alias = 1})))
      .does(refuses(error::needs_version_5, try_subscribe({.filter = "a", .no_local = true})))
      .does(refuses(error::needs_version_5, try_subscribe({.filter = "a"}, 5)))
      .does(
          refuses(error::needs_version_5,
                  [](session& s) { return error_of(s.disconnect({.reason = reason::disconnect_with_will_message})); }))
      .does(refuses(error::authentication_not_expected, [](session& s) { return error_of(s.authenticate("", {})); }))
      .check();
  subject who{{}};
  EXPECT_EQ(error_of(who.machine.connect({.version = version::v3_1_1, .clean_start = false})),
            error::client_identifier_needed);
  EXPECT_EQ(error_of(who.machine.connect({.version = version::v3_1_1, .password = as_bytes("x")})),
            error::password_without_user_name);
  const connect_options of_version_5[] = {
      {.version = version::v3_1_1, .session_expiry_s = 1},
      {.version = version::v3_1_1, .receive_maximum = 1},
      {.version = version::v3_1_1, .maximum_packet_size = 1},
      {.version = version::v3_1_1, .request_response_information = true},
      {.version = version::v3_1_1, .request_problem_information = false},
      {.version = version::v3_1_1, .authentication_method = "m"},
      {.version = version::v3_1_1, .user_properties = keep({{"k", "v"}})},
  };
  for (const connect_options& each : of_version_5)
    EXPECT_EQ(error_of(who.machine.connect(each)), error::needs_version_5) << &each - of_version_5;
  EXPECT_EQ(error_of(who.machine.publish({.topic = "a"})), error::not_connected);
  EXPECT_EQ(error_of(who.machine.disconnect()), error::not_connected);
}

TEST(session_flow, connect_says_all_it_is_told) {
  mqtt::connect said;
  said.clean_start = false, said.keep_alive_s = 7, said.client_identifier = "me", said.user_name = "joe";
  said.password = as_bytes("secret");
  said.properties = keep({{property::session_expiry_interval, 9U},
                          {property::receive_maximum, 8U},
                          {property::maximum_packet_size, 1000U},
                          {property::topic_alias_maximum, 2U},
                          {property::request_response_information, 1U},
                          {property::request_problem_information, 0U},
                          {"k", "v"}});
  said.will = will{.topic = "gone",
                   .payload = as_bytes("bye"),
                   .qos = qos::at_least_once,
                   .retain = true,
                   .properties = keep({{property::will_delay_interval, 3U}})};
  dialogue{}
      .does([&](session& s) {
        const connect_options options{.client_identifier = "me",
                                      .clean_start = false,
                                      .keep_alive_s = 7,
                                      .user_name = "joe",
                                      .password = as_bytes("secret"),
                                      .will = said.will,
                                      .session_expiry_s = 9,
                                      .maximum_packet_size = 1000,
                                      .request_response_information = true,
                                      .request_problem_information = false,
                                      .user_properties = keep({{"k", "v"}})};
        EXPECT_TRUE(s.connect(options).has_value());
      })
      .opens()
      .sends(said)
      .hears(announcing({{property::assigned_client_identifier, "you"}, {property::server_keep_alive, 5U}}))
      .tells("connected as you")
      .does([](session& s) { EXPECT_EQ(s.announced().keep_alive_s, 5); })
      .after(5s)  // [MQTT-3.1.2-21]
      .sends(raw({0xc0, 0}))
      .hears(raw({0xd0, 0}))
      .check();
}

TEST(session_flow, a_refusal_is_told_with_all_the_server_says) {  // original defect 10
  connack refusal = announcing({{property::reason_string, "go away"}, {property::server_reference, "other:1883"}});
  refusal.reason = reason::use_another_server;
  dialogue{}
      .does([](session& s) { EXPECT_TRUE(s.connect({}).has_value()); })
      .opens()
      .sends(raw({0x10, 0x13, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 60, 6, 0x21, 0, 8, 0x22, 0, 2, 0, 0}))
      .hears(refusal)
      .tells("closed: the server refused the connection: Use another server (go away) -> other:1883")
      .check();
}

TEST(session_flow, the_server_says_goodbye) {  // original defect 14
  mqtt::disconnect bye;
  bye.reason = reason::server_shutting_down;
  bye.properties = keep({{property::reason_string, "upgrade"}});
  dialogue{}
      .connects()
      .hears(bye)
      .tells("closed: the server ended the connection: Server shutting down (upgrade)")
      .check();
}

TEST(session_flow, the_server_is_silent) {
  dialogue{}
      .does([](session& s) { EXPECT_TRUE(s.connect({.connect_timeout = 3s}).has_value()); })
      .opens()
      .sends(raw({0x10, 0x13, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 60, 6, 0x21, 0, 8, 0x22, 0, 2, 0, 0}))
      .after(3s - 1us)
      .after(1us)
      .tells("closed: the server did not answer CONNECT in time")
      .once()
      .check();
}

TEST(session_flow, a_stream_that_takes_nothing_is_given_up) {
  subject who{{}};
  dialogue{}.connects({.keep_alive_s = 10}).play({}, who);
  session& s = who.machine;
  ASSERT_TRUE(s.publish({.topic = "a"}).has_value());
  bytes nothing;
  EXPECT_FALSE(s.receive(nothing, instant{} + 10s)) << "what was just published will do instead of PINGREQ";
  EXPECT_EQ(hex(s.pending(instant{} + 10s)), "30 04 00 01 61 00 ");
  EXPECT_EQ(s.deadline(), instant{} + 20s);
  EXPECT_FALSE(s.receive(nothing, instant{} + 20s - 1us));
  const auto end = s.receive(nothing, instant{} + 20s);
  ASSERT_TRUE(end);
  EXPECT_EQ(tell(*end), "closed: the stream has taken no bytes for a whole keep alive interval");
}

TEST(session_flow, aliases_in_are_resolved) {  // [MQTT-3.3.2-10]
  mqtt::publish named = message_of(qos::at_most_once, 0, "long/topic", "1");
  named.properties = keep({{property::topic_alias, 2U}});
  mqtt::publish short_one = message_of(qos::at_most_once, 0, "", "2");
  short_one.properties = named.properties;
  mqtt::publish renamed = message_of(qos::at_most_once, 0, "other", "3");
  renamed.properties = named.properties;
  dialogue{}
      .connects()
      .hears(named)
      .hears(short_one)
      .hears(renamed)
      .hears(short_one)
      .tells("message long/topic '1' qos 0")
      .tells("message long/topic '2' qos 0")
      .tells("message other '3' qos 0")
      .tells("message other '2' qos 0")
      .check();
}

TEST(session_flow, aliases_end_with_their_connection) {  // [MQTT-3.3.2-7]
  // [MQTT-3.3.2-b]
  mqtt::publish named = message_of(qos::at_most_once, 0, "topic", "1");
  named.properties = keep({{property::topic_alias, 1U}});
  mqtt::publish short_one = message_of(qos::at_most_once, 0, "", "2");
  short_one.properties = named.properties;
  dialogue{}
      .connects()
      .hears(named)
      .tells("message topic '1' qos 0")
      .loses()
      .connects()
      .hears(short_one)
      .tells("closed: the topic alias was not set before")
      .sends(raw({0xe0, 1, 0x82}))
      .check();
}

TEST(session_flow, aliases_out_are_automatic_for_qos_0_only) {
  const std::string_view topic = "some/topic";
  mqtt::publish first = message_of(qos::at_most_once, 0, topic, "1"), then = message_of(qos::at_most_once, 0, "", "2");
  first.properties = then.properties = keep({{property::topic_alias, 1U}});
  dialogue{sizes{.outgoing_aliases = 4}}
      .connects({}, announcing({{property::topic_alias_maximum, 1U}}))
      .does(publishes(qos::at_most_once, topic, "1"))
      .does(publishes(qos::at_most_once, topic, "2"))
      .does(publishes(qos::at_least_once, topic, "3"))
      .does(publishes(qos::at_most_once, "x", "4"))
      .sends(first)
      .sends(then)
      .sends(message_of(qos::at_least_once, 1, topic, "3"))
      .sends(message_of(qos::at_most_once, 0, "x", "4"))
      .loses()
      .connects({}, announcing({{property::topic_alias_maximum, 1U}}))
      .sends(message_of(qos::at_least_once, 1, topic, "3"))
      .does(publishes(qos::at_most_once, topic, "1"))
      .sends(first)
      .once()
      .check();
}

TEST(session_flow, aliases_out_by_hand) {
  mqtt::publish first = message_of(qos::at_most_once, 0, "t", "1"), then = message_of(qos::at_most_once, 0, "", "2");
  first.properties = then.properties = keep({{property::topic_alias, 3U}});
  dialogue{}
      .connects({.automatic_topic_aliases = false}, announcing({{property::topic_alias_maximum, 3U}}))
      .does([](session& s) {
        EXPECT_TRUE(s.publish({.topic = "t", .payload = as_bytes("1"), .topic_alias = 3}).has_value());
        EXPECT_TRUE(s.publish({.topic = "", .payload = as_bytes("2"), .topic_alias = 3}).has_value());
      })
      .does(refuses(error::alias_not_available, try_publish({.topic = "t", .topic_alias = 4})))
      .does(
          refuses(error::alias_not_available, try_publish({.topic = "t", .qos = qos::at_least_once, .topic_alias = 3})))
      .sends(first)
      .sends(then)
      .check();
}

TEST(session_flow, long_payloads_arrive_in_pieces) {  // original defect 15
  for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
    const auto identifier = static_cast<std::uint16_t>(level == qos::at_most_once ? 0 : 6);
    subject who{{.receive = 16}};
    dialogue{sizes{.receive = 16}}.connects().play({}, who);
    dialogue_wire<session> line{who.machine, {.read = 8}};
    const octets data = wire(message_of(level, identifier, "t", "abcdefghijklmnopqrstuvwxyz"));
    line.hear(data);
    std::string text;
    std::string all;
    for (const std::string& one : line.told) {
      if (one.starts_with("part")) all += one.substr(one.find('\'') + 1, one.rfind('\'') - one.find('\'') - 1);
      else text += one + "/";
    }
    EXPECT_EQ(all, "abcdefghijklmnopqrstuvwxyz");
    EXPECT_EQ(text, "begin t 26 qos " + std::to_string(static_cast<int>(level)) + "/end/");
    EXPECT_EQ(line.outbox.size(), level == qos::at_most_once ? 0u : 4u);
    line.told.clear();
    if (level == qos::exactly_once) {
      line.hear(data);
      EXPECT_TRUE(line.told.empty()) << "a duplicate";
      EXPECT_EQ(line.outbox.size(), 8u);
    }
    line.hear(bytes{data}.first(18));
    line.told.clear();
    who.machine.lost({}, {});
    bytes nothing;
    const auto aborted = who.machine.receive(nothing, {});
    EXPECT_EQ(aborted.has_value(), level != qos::exactly_once);
    if (aborted) {
      EXPECT_EQ(tell(*aborted), "aborted");
    }
  }
}

TEST(session_flow, long_payloads_leave_in_pieces) {
  const std::string payload = [] {
    std::string out;
    for (int i = 0; i < 5000; ++i) out += static_cast<char>('a' + i % 26);
    return out;
  }();
  for (const unsigned round : {0U, 1U, 2U, 3U, 4U, 5U}) {
    const qos level = static_cast<qos>(round % 3);
    const sizes small{.transmit = 300};
    subject who{small};
    session& s = who.machine;
    const connect_options options{.client_identifier = "c", .clean_start = false};
    dialogue{small}.connects(options).play({}, who);
    dialogue_wire<session> line{s, {.written = round < 3 ? 33U : 1U}};
    const auto feed = [&](std::size_t until) {
      bytes nothing;
      for (int bound = 0; bound < 20'000 && line.outbox.size() < until; ++bound) {
        while (auto what = s.receive(nothing, {})) {
          const auto* wants = std::get_if<wants_payload>(&*what);
          if (wants == nullptr) continue;
          EXPECT_EQ(wants->tag, 42u);
          EXPECT_EQ(wants->token.packet_identifier, level == qos::at_most_once ? 0 : 1);
          const bytes rest = as_bytes(payload).subspan(wants->offset);
          const auto taken = s.supply(rest);
          EXPECT_EQ(taken.value_or(0), std::min<std::size_t>(rest.size(), wants->room));
        }
        line.flush();
      }
    };
    ASSERT_TRUE(s.publish({.topic = "t", .qos = level, .payload_from_source = 5000, .tag = 42}).has_value());
    EXPECT_EQ(error_of(s.publish({.topic = "u"})), error::payload_pending);
    octets expected = wire(message_of(level, level == qos::at_most_once ? 0 : 1, "t", payload));
    feed(expected.size());
    EXPECT_TRUE(line.outbox == expected);
    line.outbox.clear();
    EXPECT_TRUE(s.publish({.topic = "u"}).has_value()) << "after it";
    line.flush();
    if (level == qos::at_most_once) continue;
    s.lost({}, {});
    line.outbox.clear();
    connack answer_present;
    answer_present.session_present = true;
    ASSERT_TRUE(s.connect(options).has_value());
    s.opened({});
    while (line.flush()) {
    }
    line.outbox.clear();
    const octets accepted = wire(answer_present);
    bytes in = accepted;
    EXPECT_EQ(tell(*s.receive(in, {})), "connected present");
    expected = wire(message_of(level, 1, "t", payload, true));
    feed(expected.size());
    EXPECT_TRUE(line.outbox == expected) << "again, from the start";
    line.outbox.clear();
    line.hear(wire(level == qos::at_least_once ? answer(puback, 1) : answer(pubrec, 1, reason::quota_exceeded)));
    EXPECT_EQ(s.in_flight(), 0u);
  }
}

TEST(session_flow, deferred_acknowledgements_leave_in_the_order_of_arrival) {  // [MQTT-4.6.0-2] [MQTT-4.6.0-3]
  subject who{{}};
  session& s = who.machine;
  dialogue{}.connects({.acknowledge = acknowledge_when::deferred}).play({}, who);
  std::vector<receipt> receipts;
  octets data;
  for (std::uint16_t id = 1; id <= 4; ++id) {
    const octets one = wire(message_of(id % 2 == 0 ? qos::exactly_once : qos::at_least_once, id, "t", "x"));
    data.insert(data.end(), one.begin(), one.end());
  }
  bytes in = data;
  while (auto what = s.receive(in, {})) receipts.push_back(std::get<message_received>(*what).receipt);
  ASSERT_EQ(receipts.size(), 4u);
  EXPECT_TRUE(s.pending({}).empty());
  EXPECT_TRUE(s.acknowledge(receipts[2]).has_value());
  EXPECT_TRUE(s.acknowledge(receipts[1], reason::not_authorized).has_value());
  EXPECT_EQ(error_of(s.acknowledge(receipts[1])), error::unknown_receipt);
  EXPECT_TRUE(s.pending({}).empty()) << "the first one comes first";
  EXPECT_TRUE(s.acknowledge(receipts[0]).has_value());
  EXPECT_EQ(hex(s.pending({})), "40 02 00 01 50 03 00 02 87 40 02 00 03 ");
  EXPECT_EQ(error_of(s.acknowledge(receipts[3], reason::server_moved)), error::bad_reason_code);
  s.sent(s.pending({}).size());
  s.lost({}, {});
  EXPECT_EQ(error_of(s.acknowledge(receipts[3])), error::unknown_receipt);
}

TEST(session_flow, authentication_step_by_step) {  // [MQTT-4.12.0-2] [MQTT-4.12.0-5], §4.12.1
  const auto& step1 = keep({{property::authentication_method, "M"}, {property::authentication_data, "server-1"}});
  const auto& step2 = keep({{property::authentication_method, "M"}, {property::authentication_data, "client-2"}});
  mqtt::connect said;
  said.keep_alive_s = 60;
  said.properties = keep({{property::receive_maximum, 8U},
                          {property::topic_alias_maximum, 2U},
                          {property::authentication_method, "M"},
                          {property::authentication_data, "client-1"}});
  const auto auth_of = [](reason code, const properties& list) {
    mqtt::auth out;
    out.reason = code, out.properties = list;
    return out;
  };
  dialogue{}
      .does([](session& s) {
        EXPECT_TRUE(s.connect({.authentication_method = "M", .authentication_data = as_bytes("client-1")}).has_value());
      })
      .opens()
      .sends(said)
      .hears(auth_of(reason::continue_authentication, step1))
      .tells("challenge M 'server-1'")
      .does(refuses(error::wrong_authentication_method, [](session& s) { return error_of(s.authenticate("N", {})); }))
      .does([](session& s) { EXPECT_TRUE(s.authenticate("M", as_bytes("client-2")).has_value()); })
      .sends(auth_of(reason::continue_authentication, step2))
      .hears(announcing({{property::authentication_method, "M"}, {property::assigned_client_identifier, "you"}}))
      .tells("connected as you")
      .does(refuses(error::authentication_not_expected, [](session& s) { return error_of(s.authenticate("M", {})); }))
      .does([](session& s) { EXPECT_TRUE(s.reauthenticate("M", as_bytes("client-2")).has_value()); })
      .sends(auth_of(reason::reauthenticate, step2))
      .hears(auth_of(reason::success, step1))
      .tells("authenticated 'server-1'")
      .hears(auth_of(reason::continue_authentication, step1))
      .tells("closed: this packet may not be sent by this side")
      .sends(raw({0xe0, 1, 0x82}))
      .once()
      .check();
}

TEST(session_flow, a_challenge_may_be_answered_by_goodbye) {  // [MQTT-3.1.2-30]
  static const property_value asked[] = {{property::authentication_method, "M"}};
  mqtt::connect said;
  said.properties = keep(
      {{property::receive_maximum, 8U}, {property::topic_alias_maximum, 2U}, {property::authentication_method, "M"}});
  dialogue{}
      .does([](session& s) { EXPECT_TRUE(s.connect({.authentication_method = "M"}).has_value()); })
      .opens()
      .sends(said)
      .hears(mqtt::auth{.reason = reason::continue_authentication, .properties = asked})
      .tells("challenge M ''")
      .does(
          [](session& s) { EXPECT_TRUE(s.disconnect({.reason = reason::implementation_specific_error}).has_value()); })
      .sends(raw({0xe0, 1, 0x83}))
      .tells("closed")
      .once()
      .check();
}

TEST(session_flow, subscription_options_and_identifiers) {
  static const subscription filter[] = {{.filter = "a",
                                         .qos = qos::at_least_once,
                                         .no_local = true,
                                         .retain_as_published = true,
                                         .retain_handling = retain_handling::do_not_send}};
  mqtt::subscribe sub;
  sub.packet_identifier = 1, sub.subscriptions = filter;
  sub.properties = keep({{property::subscription_identifier, 200U}, {"k", "v"}});
  mqtt::publish matched = message_of(qos::at_most_once, 0, "a", "\xff");
  matched.properties = keep({{property::payload_format_indicator, 1U},
                             {property::subscription_identifier, 200U},
                             {property::subscription_identifier, 3U}});
  dialogue{}
      .connects()
      .does([](session& s) {
        EXPECT_TRUE(
            s.subscribe(filter, {.subscription_identifier = 200, .user_properties = keep({{"k", "v"}})}).has_value());
      })
      .sends(sub)
      .hears(matched)
      .tells("message a '\xff' qos 0 not as announced")
      .check();
}

}  // namespace
}  // namespace recado::mqtt::test
