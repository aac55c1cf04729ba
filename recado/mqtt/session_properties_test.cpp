// Every property in every packet to the server (5.0, table 2-4): what the application gives by a command or an
// `explainer` stands on the wire byte by byte, or is refused.
#include <recado/mqtt/property_rows_test.hpp>

namespace recado::mqtt::test {
namespace {

struct request {
  const char* name;
  const char* place;
  int first;
  const char* before;
  const char* always;  // properties that stand there in any case
  const char* behind;
  std::function<error(session&, const property_value&)> command;
  error otherwise = error::misplaced_property;
};

error answer_with(session& s, const property_value& one, qos level) {
  const octets data = test::wire(message_of(level, 5, "t", ""));
  bytes in = data;
  const auto what = s.receive(in, {});
  return error_of(s.acknowledge(std::get<message_received>(*what).receipt, reason::success, only(one)));
}

const request requests[] = {
    {"PUBLISH of QoS 0", "publish", 0x30, "00 01 't'", "", "'p'",
     [](session& s, const property_value& one) {
       if (one.id == P::topic_alias)
         return error_of(s.publish({.topic = "t", .payload = as_bytes("p"), .topic_alias = 1}));
       return error_of(s.publish({.topic = "t", .payload = as_bytes("p"), .properties = only(one)}));
     }},
    {"PUBLISH of QoS 2", "publish", 0x34, "00 01 't' 00 01", "", "'p'",
     [](session& s, const property_value& one) {
       return error_of(
           s.publish({.topic = "t", .payload = as_bytes("p"), .qos = qos::exactly_once, .properties = only(one)}));
     }},
    {"PUBACK", "answer", 0x40, "00 05 00", "", "",
     [](session& s, const property_value& one) { return answer_with(s, one, qos::at_least_once); }},
    {"PUBREC", "answer", 0x50, "00 05 00", "", "",
     [](session& s, const property_value& one) { return answer_with(s, one, qos::exactly_once); }},
    {"SUBSCRIBE", "subscribe", 0x82, "00 01", "", "00 01 'f' 00",
     [](session& s, const property_value& one) {
       const subscription filter[] = {{.filter = "f"}};
       if (one.id == P::subscription_identifier)
         return error_of(s.subscribe(filter, {.subscription_identifier = one.number, .user_properties = {}}));
       return error_of(s.subscribe(filter, {.user_properties = only(one)}));
     }},
    {"UNSUBSCRIBE", "unsubscribe", 0xa2, "00 01", "", "00 01 'f'",
     [](session& s, const property_value& one) {
       const std::string_view filter[] = {"f"};
       return error_of(s.unsubscribe(filter, only(one)));
     }},
    {"DISCONNECT", "disconnect", 0xe0, "04", "", "",
     [](session& s, const property_value& one) {
       return error_of(s.disconnect({.reason = reason::disconnect_with_will_message, .properties = only(one)}));
     }},
    {"AUTH", "auth", 0xf0, "19", "15 00 01 'M'", "",
     [](session& s, const property_value& one) {
       if (one.id == P::authentication_data) return error_of(s.reauthenticate("M", one.binary()));
       return error_of(s.reauthenticate("M", {}, only(one)));
     }},
};

// [MQTT-2.2.2-a] [MQTT-3.3.4-6] [MQTT-1.5.7-1]
TEST(session_properties, given_by_a_command_they_stand_on_the_wire_or_are_refused) {
  for (const request& what : requests)
    for (const row& one : rows) {
      SCOPED_TRACE(std::string{what.name} + " " + std::string{words(one.value.id)});
      online o{{.session_expiry_s = 1,
                .authentication_method = "M",
                .acknowledge = acknowledge_when::deferred,
                .automatic_topic_aliases = false}};
      error wanted = may_stand(one, what.place) ? error::none : error::misplaced_property;
      if (what.place == std::string_view{"publish"}) {
        if (one.value.id == P::subscription_identifier) wanted = error::forbidden_property;
        if (one.value.id == P::topic_alias && what.first != 0x30) wanted = error::alias_not_available;
      }
      // AUTH has a place of its own for it.
      if (what.first == 0xf0 && one.value.id == P::authentication_method) wanted = error::duplicated_property;
      EXPECT_EQ(named(what.command(o.s, one.value)), named(wanted));
      const octets said = packet(what.first, what.before, std::string{what.always} + one.annotated, what.behind);
      EXPECT_EQ(all_sent(o.s), wanted == error::none ? hex(said) : "");
    }
}

// 5.0 §1.5.4: a length has two bytes.
TEST(session_properties, too_long_for_their_length_are_refused) {
  const std::string longest(65'535, 'x'), longer(65'536, 'x');
  const std::pair<property_value, error> values[] = {{{longest, longest}, error::no_room},
                                                     {{longer, "v"}, error::string_too_long},
                                                     {{"k", longer}, error::string_too_long},
                                                     {{P::content_type, longer}, error::string_too_long},
                                                     {{P::correlation_data, longer}, error::string_too_long}};
  for (const auto& [one, why] : values) {
    online o;
    EXPECT_EQ(named(error_of(o.s.publish({.topic = "t", .properties = only(one)}))), named(why));
    EXPECT_EQ(all_sent(o.s), "");
  }
}

TEST(session_properties, of_3_1_1_are_refused_by_every_command) {
  for (const row& one : rows) {
    SCOPED_TRACE(std::string{words(one.value.id)});
    for (const request& what : requests) {
      if (what.first == 0xf0) continue;
      SCOPED_TRACE(what.name);
      online o{{.version = version::v3_1_1, .acknowledge = acknowledge_when::deferred}};
      EXPECT_EQ(named(what.command(o.s, one.value)), named(error::needs_version_5));
      EXPECT_EQ(all_sent(o.s), "");
    }
    subject who{roomy};
    EXPECT_EQ(error_of(who.machine.connect(
                  {.version = version::v3_1_1, .client_identifier = "c", .user_properties = only(one.value)})),
              error::needs_version_5);
    EXPECT_EQ(error_of(who.machine.connect({.version = version::v3_1_1,
                                            .client_identifier = "c",
                                            .will = will{.topic = "w", .payload = {}, .properties = only(one.value)}})),
              error::needs_version_5);
  }
}

/// Puts it where the options have a place for it, else among the User Properties.
void put(connect_options& how, sizes& room, const property_value& one) {
  switch (one.id) {
    case P::session_expiry_interval:
      how.session_expiry_s = one.number;
      return;
    case P::receive_maximum:
      how.receive_maximum = static_cast<std::uint16_t>(one.number);
      return;
    case P::maximum_packet_size:
      how.maximum_packet_size = one.number;
      return;
    case P::topic_alias_maximum:
      room.incoming_aliases = static_cast<std::uint16_t>(one.number);
      return;
    case P::request_response_information:
      how.request_response_information = true;
      return;
    case P::request_problem_information:
      how.request_problem_information = false;
      return;
    case P::authentication_method:
      how.authentication_method = one.text;
      return;
    case P::authentication_data:
      how.authentication_method = "M", how.authentication_data = one.binary();
      return;
    default:
      how.user_properties = only(one);
  }
}

TEST(session_properties, connect_and_its_will_say_what_the_options_say) {
  for (const row& one : rows) {
    SCOPED_TRACE(std::string{words(one.value.id)});
    sizes room = roomy;
    connect_options how{.client_identifier = "id"};
    put(how, room, one.value);
    subject who{room};
    const bool good = may_stand(one, "connect");
    EXPECT_EQ(named(error_of(who.machine.connect(how))), named(good ? error::none : error::misplaced_property));
    who.machine.opened({});
    const std::string method = one.value.id == P::authentication_data ? "15 00 01 'M'" : "";
    EXPECT_EQ(all_sent(who.machine),
              good ? hex(packet(0x10, "00 04 'MQTT' 05 02 00 3c", method + one.annotated, "00 02 'id'")) : "");

    subject willing{roomy};
    const bool may = may_stand(one, "will");
    const auto asked =
        willing.machine.connect({.client_identifier = "id",
                                 .will = will{.topic = "w", .payload = as_bytes("x"), .properties = only(one.value)}});
    EXPECT_EQ(named(error_of(asked)), named(may ? error::none : error::misplaced_property));
    willing.machine.opened({});
    const octets inner = packet(0, "", one.annotated, "");  // only for its length and its properties
    std::string list = hex(bytes{inner}.subspan(2));
    EXPECT_EQ(
        all_sent(willing.machine),
        may ? hex(packet(0x10, "00 04 'MQTT' 05 06 00 3c", "", "00 02 'id' " + list + "00 01 'w' 00 01 'x'")) : "");
  }
}

// Each option that CONNECT has a place for is said there, and only there.
TEST(session_properties, connect_takes_nothing_but_user_properties_as_such) {
  for (const row& one : rows) {
    SCOPED_TRACE(std::string{words(one.value.id)});
    subject who{roomy};
    const bool user = one.value.id == P::user_property;
    EXPECT_EQ(named(error_of(who.machine.connect({.client_identifier = "id", .user_properties = only(one.value)}))),
              named(user ? error::none : error::misplaced_property));
    online o;
    const subscription filter[] = {{.filter = "f"}};
    EXPECT_EQ(named(error_of(o.s.subscribe(filter, {.user_properties = only(one.value)}))),
              named(user ? error::none : error::misplaced_property));
  }
}

TEST(session_properties, auth_has_its_method_and_data_once) {
  for (const property_value& one : {property_value{P::authentication_method, "M"}, {P::authentication_data, "d"}}) {
    online o{{.authentication_method = "M"}};
    EXPECT_EQ(named(error_of(o.s.reauthenticate("M", as_bytes("d"), only(one)))), named(error::duplicated_property));
    EXPECT_EQ(all_sent(o.s), "");
  }
}

// ---- with the answers that the session writes by itself ----

class explains_by final : public explainer {
 public:
  explicit explains_by(properties list) : list_(list) {}
  properties explain(const outgoing_answer& what) override {
    asked += hex(raw({static_cast<int>(what.packet) << 4, what.packet_identifier, static_cast<int>(what.reason)}));
    return list_;
  }
  void left_out(const outgoing_answer& what, error why) override {
    missing += hex(raw({static_cast<int>(what.packet) << 4, what.packet_identifier})) + std::string{words(why)};
  }
  std::string asked, missing;

 private:
  properties list_;
};

struct answering {
  const char* name;
  int first;
  const char* before;
  octets heard;
};
std::vector<answering> answers() {
  return {{"PUBACK", 0x40, "00 05 00", test::wire(message_of(qos::at_least_once, 5, "t", ""))},
          {"PUBREC", 0x50, "00 05 00", test::wire(message_of(qos::exactly_once, 5, "t", ""))},
          {"PUBREL", 0x62, "00 01 00", test::wire(answer(pubrec, 1))},
          {"PUBREL to a stranger", 0x62, "00 09 92", test::wire(answer(pubrec, 9))},
          {"PUBCOMP", 0x70, "00 06 00", test::wire(answer(pubrel, 6))},
          {"PUBCOMP to a stranger", 0x70, "00 09 92", test::wire(answer(pubrel, 9))}};
}
/// In the midst of a message 1 of QoS 2 to the server, and of 6 from it.
void begin_exchanges(online& o) {
  EXPECT_TRUE(o.s.publish({.topic = "t", .qos = qos::exactly_once}).has_value());
  o.hear(test::wire(message_of(qos::exactly_once, 6, "t", "")));
  all_sent(o.s);
}

TEST(session_properties, an_explainer_says_what_goes_with_each_answer) {
  for (const answering& what : answers())
    for (const row& one : rows) {
      SCOPED_TRACE(std::string{what.name} + " " + std::string{words(one.value.id)});
      explains_by why{only(one.value)};
      online o{{.explainer = &why}};
      begin_exchanges(o);
      why.asked.clear(), why.missing.clear();
      o.hear(what.heard);
      const bool good = may_stand(one, "answer");
      octets plain = mqtt::testing::wire(what.before);
      const int code = std::to_integer<int>(plain[2]), identifier = std::to_integer<int>(plain[1]);
      if (code == 0) plain.pop_back();
      plain.insert(plain.begin(), {static_cast<std::byte>(what.first), static_cast<std::byte>(plain.size())});
      EXPECT_EQ(all_sent(o.s), good ? hex(packet(what.first, what.before, one.annotated, "")) : hex(plain));
      EXPECT_EQ(why.asked, hex(raw({what.first & 0xf0, identifier, code})));
      EXPECT_EQ(why.missing, good ? "" : hex(raw({what.first & 0xf0, identifier})) + named(error::misplaced_property));
    }
}

TEST(session_properties, an_explainer_is_asked_when_a_deferred_answer_leaves) {
  const property_value reasons[] = {{P::reason_string, "full"}, {"k", "v"}};
  explains_by why{properties{reasons}};
  online o{{.explainer = &why, .acknowledge = acknowledge_when::deferred}};
  std::vector<receipt> receipts;
  for (const std::uint16_t id : {std::uint16_t{7}, std::uint16_t{8}})
    receipts.push_back(
        std::get<message_received>(*o.hear(test::wire(message_of(qos::at_least_once, id, "t", "")))).receipt);
  EXPECT_TRUE(o.s.acknowledge(receipts[1], reason::quota_exceeded).has_value());
  EXPECT_EQ(why.asked, "") << "its turn has not come";
  EXPECT_TRUE(o.s.acknowledge(receipts[0]).has_value());
  const char list[] = "1f 00 04 'full' 26 00 01 'k' 00 01 'v'";
  EXPECT_EQ(all_sent(o.s), hex(packet(0x40, "00 07 00", list, "")) + hex(packet(0x40, "00 08 97", list, "")));
}

// [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2]
// [MQTT-3.7.2-3]
TEST(session_properties, an_explanation_that_is_too_long_is_left_out) {
  static const std::string text(200, 'x');
  const property_value reasons[] = {{P::reason_string, text}};
  for (const answering& what : answers()) {
    SCOPED_TRACE(what.name);
    for (const bool limited : {true, false}) {
      explains_by why{properties{reasons}};
      subject who{{.transmit = limited ? 1024U : 200U, .received = received_bitmap_words, .incoming_aliases = 0}};
      session& s = who.machine;
      ASSERT_TRUE(s.connect({.client_identifier = "id", .explainer = &why}).has_value());
      s.opened({});
      all_sent(s);
      octets heard = packet(0x20, "00 00", limited ? "27 00 00 00 64" : "", "");
      const auto hear = [&](octets data) {
        heard = std::move(data);
        bytes in = heard;
        s.receive(in, {});
      };
      hear(heard);
      ASSERT_TRUE(s.publish({.topic = "t", .qos = qos::exactly_once}).has_value());
      hear(test::wire(message_of(qos::exactly_once, 6, "t", "")));
      all_sent(s);
      why.missing.clear();
      hear(what.heard);
      EXPECT_EQ(all_sent(s).substr(0, 2), hex(raw({what.first})).substr(0, 2));
      EXPECT_TRUE(why.missing.ends_with(named(limited ? error::larger_than_server_takes : error::no_room)))
          << why.missing;
    }
  }
}

TEST(session_properties, an_explainer_is_not_asked_while_a_long_message_is_being_sent) {
  explains_by why{properties{}};
  subject who{{.incoming_aliases = 0}};
  session& s = who.machine;
  ASSERT_TRUE(s.connect({.client_identifier = "id", .explainer = &why}).has_value());
  s.opened({});
  all_sent(s);
  const octets accepted = packet(0x20, "00 00", "", "");
  bytes in = accepted;
  s.receive(in, {});
  ASSERT_TRUE(s.publish({.topic = "t", .payload_from_source = 2}).has_value());
  all_sent(s);
  const octets heard = test::wire(message_of(qos::at_least_once, 5, "t", ""));
  in = heard;
  while (s.receive(in, {})) continue;
  EXPECT_EQ(why.asked, "");
  ASSERT_TRUE(s.supply(as_bytes("xy")).has_value());
  EXPECT_EQ(all_sent(s), hex(raw({'x', 'y', 0x40, 2, 0, 5})));
  EXPECT_EQ(why.asked, hex(raw({0x40, 5, 0})));
}

TEST(session_properties, an_explainer_needs_version_5) {
  explains_by why{properties{}};
  subject who{roomy};
  EXPECT_EQ(error_of(who.machine.connect({.version = version::v3_1_1, .client_identifier = "c", .explainer = &why})),
            error::needs_version_5);
}

}  // namespace
}  // namespace recado::mqtt::test
