// Every property in every packet from the server (5.0, table 2-4): it is told by the packet's event and obeyed, or ends
// the connection with the reason code that the standard names.
#include <recado/mqtt/property_rows_test.hpp>

namespace recado::mqtt::test {
namespace {

struct arrival {
  const char* name;
  const char* place;
  int first;
  const char* before;
  const char* always;
  std::string behind;
  std::function<void(online&)> setup{};
};

const std::vector<arrival>& arrivals() {
  static const auto publishes_1 = [](qos level) {
    return [level](online& o) { EXPECT_TRUE(o.s.publish({.topic = "t", .qos = level}).has_value()); };
  };
  static const auto reauthenticates = [](online& o) { EXPECT_TRUE(o.s.reauthenticate("M", {}).has_value()); };
  static const std::vector<arrival> all{
      {"PUBLISH", "publish", 0x30, "00 01 't'", "", "'p'"},
      {"PUBLISH of QoS 1", "publish", 0x32, "00 01 't' 00 05", "", "'p'"},
      {"PUBLISH of QoS 2", "publish", 0x34, "00 01 't' 00 05", "", "'p'"},
      {"PUBLISH in pieces", "publish", 0x30, "00 01 't'", "", "'" + std::string(80, 'p') + "'"},
      {"PUBACK", "answer", 0x40, "00 01 00", "", "", publishes_1(qos::at_least_once)},
      {"PUBACK of a refusal", "answer", 0x40, "00 01 87", "", "", publishes_1(qos::at_least_once)},
      {"PUBREC", "answer", 0x50, "00 01 00", "", "", publishes_1(qos::exactly_once)},
      {"PUBREC again", "answer", 0x50, "00 01 10", "", "",
       [](online& o) {
         publishes_1(qos::exactly_once)(o), all_sent(o.s);
         o.hear(test::wire(answer(pubrec, 1)));
       }},
      {"PUBREC of a refusal", "answer", 0x50, "00 01 97", "", "", publishes_1(qos::exactly_once)},
      {"PUBREC of a stranger", "answer", 0x50, "00 09 00", "", ""},
      {"PUBREL", "answer", 0x62, "00 05 00", "", "",
       [](online& o) { o.hear(test::wire(message_of(qos::exactly_once, 5, "t", ""))); }},
      {"PUBREL of a stranger", "answer", 0x62, "00 09 92", "", ""},
      {"PUBCOMP", "answer", 0x70, "00 01 00", "", "",
       [](online& o) {
         publishes_1(qos::exactly_once)(o), all_sent(o.s);
         o.hear(test::wire(answer(pubrec, 1)));
       }},
      {"PUBCOMP of a stranger", "answer", 0x70, "00 09 92", "", ""},
      {"SUBACK", "suback", 0x90, "00 01", "", "00",
       [](online& o) {
         const subscription filter[] = {{.filter = "f"}};
         EXPECT_TRUE(o.s.subscribe(filter).has_value());
       }},
      {"UNSUBACK", "unsuback", 0xb0, "00 01", "", "00",
       [](online& o) {
         const std::string_view filter[] = {"f"};
         EXPECT_TRUE(o.s.unsubscribe(filter).has_value());
       }},
      {"DISCONNECT", "disconnect", 0xe0, "8b", "", ""},
      {"AUTH, continue", "auth", 0xf0, "18", "15 00 01 'M'", "", reauthenticates},
      {"AUTH, success", "auth", 0xf0, "00", "15 00 01 'M'", "", reauthenticates}};
  return all;
}

std::vector<property_value> told_by(const session_event& what) {
  std::vector<property_value> out;
  std::visit(
      [&](const auto& one) {
        if constexpr (requires { one.properties; })
          for (const property_value& each : one.properties) out.push_back(each);
      },
      what);
  return out;
}

/// What the server hears when it sends that property in a packet where it may not stand (§2.2.2.2, §4.13).
error wrong_there(const row& one, std::string_view place) {
  if (!may_stand(one, place)) return error::misplaced_property;
  const bool expiry_at_goodbye = one.value.id == P::session_expiry_interval && place == "disconnect";
  return expiry_at_goodbye ? error::forbidden_property : error::none;  // [MQTT-3.14.2-2]
}
void ends_by(online& o, const std::optional<session_event>& what, error why) {
  ASSERT_TRUE(what);
  EXPECT_EQ(tell(*what), "closed: " + named(why));
  const int code = why == error::misplaced_property ? 0x81 : 0x82;
  EXPECT_TRUE(all_sent(o.s).ends_with(hex(raw({0xe0, 1, code}))));
  EXPECT_FALSE(o.s.online());
}

// [MQTT-3.14.2-2] [MQTT-4.13.1-1]
TEST(session_properties_received, of_the_server_are_told_or_end_the_connection) {
  for (const arrival& what : arrivals())
    for (const row& one : rows) {
      SCOPED_TRACE(std::string{what.name} + " " + std::string{words(one.value.id)});
      online o{{.authentication_method = "M"}, {.received = received_bitmap_words, .receive = 60}};
      if (what.setup) what.setup(o);
      all_sent(o.s);
      const bool again = what.first == 0xf0 && one.value.id == P::authentication_method;
      const std::string list = again ? what.always : std::string{what.always} + one.annotated;
      const octets whole = packet(what.first, what.before, list, what.behind);
      const auto heard = o.hear(
          octets{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(whole.size(), 60))});
      if (const error why = wrong_there(one, what.place); why != error::none) {
        ends_by(o, heard, why);
        continue;
      }
      ASSERT_TRUE(heard);
      std::vector<property_value> expected;
      if (what.first == 0xf0) expected.emplace_back(P::authentication_method, "M");
      if (!again) expected.push_back(one.value);
      EXPECT_EQ(told_by(*heard), expected) << tell(*heard);
    }
}

TEST(session_properties_received, of_connack_are_told_and_obeyed_or_end_the_connection) {
  for (const int code : {0, 0x87})
    for (const row& one : rows) {
      SCOPED_TRACE(std::to_string(code) + " " + std::string{words(one.value.id)});
      const bool method = one.value.id == P::authentication_method, data = one.value.id == P::authentication_data;
      connect_options how{.client_identifier = "id", .session_expiry_s = 60, .request_response_information = true};
      if (method || data) how.authentication_method = "M";
      subject who{roomy};
      session& s = who.machine;
      ASSERT_TRUE(s.connect(how).has_value());
      s.opened({});
      all_sent(s);
      const octets heard =
          packet(0x20, code == 0 ? "00 00" : "00 87", (data ? "15 00 01 'M'" : "") + std::string{one.annotated}, "");
      bytes in = heard;
      const auto what = s.receive(in, {});
      ASSERT_TRUE(what);
      if (!may_stand(one, "connack")) {
        EXPECT_EQ(tell(*what), "closed: " + named(error::misplaced_property));
        EXPECT_EQ(all_sent(s), hex(raw({0xe0, 1, 0x81})));
        continue;
      }
      std::vector<property_value> expected;
      if (data) expected.emplace_back(P::authentication_method, "M");
      expected.push_back(one.value);
      EXPECT_EQ(told_by(*what), expected);
      if (code != 0) {
        EXPECT_EQ(std::get<closed>(*what).reason, reason::not_authorized);
        continue;
      }
      const announcements& now = s.announced();
      const auto is = [&](P id) { return one.value.id == id; };
      EXPECT_EQ(now.maximum_qos, is(P::maximum_qos) ? qos::at_least_once : qos::exactly_once);
      EXPECT_EQ(now.retain_available, !is(P::retain_available));
      EXPECT_EQ(now.wildcard_subscription_available, !is(P::wildcard_subscription_available));
      EXPECT_EQ(now.subscription_identifiers_available, !is(P::subscription_identifiers_available));
      EXPECT_EQ(now.shared_subscription_available, !is(P::shared_subscription_available));
      EXPECT_EQ(now.receive_maximum, is(P::receive_maximum) ? 3 : 65'535);
      EXPECT_EQ(now.topic_alias_maximum, is(P::topic_alias_maximum) ? 2 : 0);
      EXPECT_EQ(now.keep_alive_s, is(P::server_keep_alive) ? 7 : 60);
      EXPECT_EQ(now.maximum_packet_size, is(P::maximum_packet_size) ? 100 : packet_bytes_max);
      EXPECT_EQ(now.session_expiry_s, is(P::session_expiry_interval) ? 5u : 60u);
      EXPECT_EQ(std::get<connected>(*what).assigned_client_identifier, is(P::assigned_client_identifier) ? "c" : "");
    }
}

// A PUBREC says of QoS 2 what PUBCOMP doesn't: that nobody is subscribed.
TEST(session_properties_received, a_remark_is_told_and_the_exchange_goes_on) {
  const auto text = [](packet_type type, std::uint16_t id, reason code, const properties& list) {
    return acknowledgement{.type = type, .packet_identifier = id, .reason = code, .properties = list};
  };
  static const property_value why[] = {{P::reason_string, "why"}};
  const properties more{std::span{why}};
  dialogue{}
      .connects()
      .does(publishes(qos::exactly_once, "a", "1", 7))
      .sends(message_of(qos::exactly_once, 1, "a", "1"))
      .hears(answer(pubrec, 1, reason::no_matching_subscribers))
      .tells("remark pubrec #1 tag 7 No matching subscribers")
      .sends(answer(pubrel, 1))
      .hears(text(pubrec, 1, reason::success, more))
      .tells("remark pubrec #1 tag 7")
      .sends(answer(pubrel, 1))
      .hears(answer(pubcomp, 1))
      .tells("acknowledged #1 tag 7")
      .hears(message_of(qos::exactly_once, 3, "t", "2"))
      .tells("message t '2' qos 2")
      .sends(answer(pubrec, 3))
      .hears(text(pubrel, 3, reason::success, more))
      .tells("remark pubrel #3")
      .sends(answer(pubcomp, 3))
      .hears(text(pubcomp, 9, reason::packet_identifier_not_found, more))
      .tells("remark pubcomp #9 Packet Identifier not found")
      .once()
      .check();
}

}  // namespace
}  // namespace recado::mqtt::test
