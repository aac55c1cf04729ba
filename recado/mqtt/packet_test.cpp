// Every packet of both versions as annotated bytes.
#include <recado/mqtt/annotated_test.hpp>

namespace recado::mqtt {
namespace {
using namespace testing;
using enum version;
using enum sender;

const bytes hello = as_bytes("hello");
const property_value user[] = {{"k", "v"}};
const property_value reason_and_user[] = {{property::reason_string, "why"}, {"k", "1"}, {"k", "2"}};

connect with_everything() {
  static const property_value of_connect[] = {
      {property::session_expiry_interval, 10}, {property::receive_maximum, 20}, {property::maximum_packet_size, 256}};
  static const property_value of_will[] = {{property::will_delay_interval, 5}, {property::content_type, "text"}};
  connect one;
  one.keep_alive_s = 10;
  one.client_identifier = "id";
  one.properties = of_connect;
  one.will = will{"w/t", hello, qos::at_least_once, true, of_will};
  one.user_name = "user";
  one.password = as_bytes("secret");
  return one;
}

connect of_311() {
  connect one = with_everything();
  one.protocol = v3_1_1;
  one.clean_start = false;
  one.properties = {}, one.will->properties = {};
  return one;
}

// The variable header example of 3.1.2.12: user name, password, will QoS 1, clean start, keep alive 10,
// session expiry interval 10.
TEST(packet, connect) {
  check({"minimal", v5_0, client, "10 0d  00 04 'MQTT' 05 02 00 3c  00  00 00", connect{}});
  check({"everything", v5_0, client,
         "10 43  00 04 'MQTT' 05 ee 00 0a  0d 11 00 00 00 0a 21 00 14 27 00 00 01 00  00 02 'id'"
         "  0c 18 00 00 00 05 03 00 04 'text'  00 03 'w/t' 00 05 'hello'  00 04 'user' 00 06 'secret'",
         with_everything()});
  check({"3.1.1", v3_1_1, client,
         "10 28  00 04 'MQTT' 04 ec 00 0a  00 02 'id' 00 03 'w/t' 00 05 'hello'  00 04 'user' 00 06 'secret'",
         of_311()});
  connect password_only;
  password_only.password = as_bytes("p");
  check({"password without user name", v5_0, client, "10 10  00 04 'MQTT' 05 42 00 3c  00  00 00  00 01 'p'",
         password_only});
}

TEST(packet, connack) {
  static const property_value all[] = {{property::session_expiry_interval, 7},
                                       {property::receive_maximum, 9},
                                       {property::maximum_qos, 1},
                                       {property::retain_available, 0},
                                       {property::maximum_packet_size, 1000},
                                       {property::assigned_client_identifier, "me"},
                                       {property::topic_alias_maximum, 3},
                                       {property::reason_string, "ok"},
                                       {"k", "v"},
                                       {property::wildcard_subscription_available, 1},
                                       {property::subscription_identifiers_available, 0},
                                       {property::shared_subscription_available, 0},
                                       {property::server_keep_alive, 30},
                                       {property::response_information, "r/i"},
                                       {property::server_reference, "other"},
                                       {property::authentication_method, "M"},
                                       {property::authentication_data, hello}};
  check({"accepted", v5_0, server, "20 03  00 00  00", connack{}});
  check({"session present", v5_0, server, "20 03  01 00  00", connack{true, reason::success, {}}});
  check({"all properties", v5_0, server,
         "20 4b  01 00  48  11 00 00 00 07  21 00 09  24 01  25 00  27 00 00 03 e8  12 00 02 'me'  22 00 03"
         "  1f 00 02 'ok'  26 00 01 'k' 00 01 'v'  28 01  29 00  2a 00  13 00 1e  1a 00 03 'r/i'  1c 00 05 'other'"
         "  15 00 01 'M'  16 00 05 'hello'",
         connack{true, reason::success, all}});
  check({"refused", v5_0, server, "20 03  00 87  00", connack{false, reason::not_authorized, {}}});
  check({"3.1.1 accepted", v3_1_1, server, "20 02  01 00", connack{true, reason::success, {}}});
  const std::pair<const char*, reason> codes[] = {{"20 02 00 01", reason::unsupported_protocol_version},
                                                  {"20 02 00 02", reason::client_identifier_not_valid},
                                                  {"20 02 00 03", reason::server_unavailable},
                                                  {"20 02 00 04", reason::bad_user_name_or_password},
                                                  {"20 02 00 05", reason::not_authorized}};
  for (const auto& [annotated, code] : codes) check({annotated, v3_1_1, server, annotated, connack{false, code, {}}});
}

publish message(qos quality, std::uint16_t identifier, properties list = {}) {
  publish one;
  one.qos = quality, one.packet_identifier = identifier, one.topic = "a/b", one.properties = list, one.payload = hello;
  return one;
}

TEST(packet, publish) {
  // [MQTT-2.2.1-2] [MQTT311-2.3.1-5]
  static const property_value of_message[] = {{property::payload_format_indicator, 1},
                                              {property::message_expiry_interval, 60},
                                              {property::topic_alias, 4},
                                              {property::response_topic, "r/t"},
                                              {property::correlation_data, hello},
                                              {"k", "v"},
                                              {"k", "w"},
                                              {property::content_type, "text/plain"}};
  static const property_value identifiers[] = {{property::subscription_identifier, 1},
                                               {property::subscription_identifier, 268'435'455}};
  static const property_value alias[] = {{property::topic_alias, 4}};
  check({"QoS 0", v5_0, server, "30 0b  00 03 'a/b'  00  'hello'", message(qos::at_most_once, 0)});
  check({"QoS 1, as the example of 3.3.2.4", v5_0, client, "32 0d  00 03 'a/b'  00 0a  00  'hello'",
         message(qos::at_least_once, 10)});
  publish again = message(qos::exactly_once, 0xffff);
  again.duplicate = again.retain = true;
  check({"QoS 2, DUP, retain", v5_0, server, "3d 0d  00 03 'a/b'  ff ff  00  'hello'", again});
  check({"3.1.1", v3_1_1, server, "3d 0c  00 03 'a/b'  ff ff  'hello'", again});
  check({"all properties", v5_0, server,
         "32 40  00 03 'a/b'  00 0a  33  01 01  02 00 00 00 3c  23 00 04  08 00 03 'r/t'  09 00 05 'hello'"
         "  26 00 01 'k' 00 01 'v'  26 00 01 'k' 00 01 'w'  03 00 0a 'text/plain'  'hello'",
         message(qos::at_least_once, 10, of_message)});
  check({"several subscription identifiers", v5_0, server, "30 12  00 03 'a/b'  07 0b 01 0b ff ff ff 7f  'hello'",
         message(qos::at_most_once, 0, identifiers)});
  publish by_alias = message(qos::at_most_once, 0, alias);
  by_alias.topic = {};
  check({"alias instead of a topic", v5_0, server, "30 0b  00 00  03 23 00 04  'hello'", by_alias});
  publish empty = message(qos::at_most_once, 0);
  empty.payload = {};
  check({"without a payload", v3_1_1, client, "30 05  00 03 'a/b'", empty});
}

// The packet types 4 to 7 (3.4 to 3.7).
TEST(packet, acknowledgements) {
  // [MQTT-3.4.2-a]
  const std::pair<packet_type, std::string> types[] = {{packet_type::puback, "40"},
                                                       {packet_type::pubrec, "50"},
                                                       {packet_type::pubrel, "62"},
                                                       {packet_type::pubcomp, "70"}};
  for (const auto& [type, first] : types) {
    const reason refused = type == packet_type::puback || type == packet_type::pubrec
                               ? reason::quota_exceeded
                               : reason::packet_identifier_not_found;
    const std::string code = refused == reason::quota_exceeded ? "97" : "92";
    for (const sender from : {client, server}) {
      for (const version v : {v3_1_1, v5_0})
        check({"short", v, from, (first + " 02  12 34").c_str(), acknowledgement{type, 0x1234, reason::success, {}}});
      check({"code", v5_0, from, (first + " 03  12 34  " + code).c_str(), acknowledgement{type, 0x1234, refused, {}}});
      check({"properties", v5_0, from,
             (first + " 18  12 34  " + code + "  14 1f 00 03 'why'  26 00 01 'k' 00 01 '1'  26 00 01 'k' 00 01 '2'")
                 .c_str(),
             acknowledgement{type, 0x1234, refused, reason_and_user}});
      check({"success in words", v5_0, from, (first + " 04  12 34  00 00").c_str(),
             acknowledgement{type, 0x1234, reason::success, {}}, false});
    }
  }
}

// The payload examples of 3.8.3 and 3.10.3: a/b and c/d.
TEST(packet, subscribe_and_unsubscribe) {
  static const subscription two[] = {{"a/b", qos::at_least_once, true, true, retain_handling::do_not_send},
                                     {"$share/g/c/#", qos::exactly_once, false, false, retain_handling::send_if_new}};
  static const subscription old[] = {{"a/b", qos::at_least_once}, {"c/d", qos::exactly_once}};
  static const property_value identifier[] = {{property::subscription_identifier, 128}, {"k", "v"}};
  static const std::string_view filters[] = {"a/b", "c/d"};
  check(
      {"SUBSCRIBE", v5_0, client, "82 18  00 0a  00  00 03 'a/b' 2d  00 0c '$share/g/c/#' 12", subscribe{10, {}, two}});
  check({"with an identifier", v5_0, client,
         "82 19  00 80  0a 0b 80 01 26 00 01 'k' 00 01 'v'  00 03 'a/b' 01  00 03 'c/d' 02",
         subscribe{128, identifier, old}});  // original defect 2: 128 isn't 256
  check({"3.1.1", v3_1_1, client, "82 0e  80 00  00 03 'a/b' 01  00 03 'c/d' 02", subscribe{32768, {}, old}});
  check({"UNSUBSCRIBE", v5_0, client, "a2 0d  00 80  00  00 03 'a/b'  00 03 'c/d'", unsubscribe{128, {}, filters}});
  check({"with a property", v5_0, client, "a2 14  00 80  07 26 00 01 'k' 00 01 'v'  00 03 'a/b'  00 03 'c/d'",
         unsubscribe{128, user, filters}});
  check({"3.1.1", v3_1_1, client, "a2 0c  80 00  00 03 'a/b'  00 03 'c/d'", unsubscribe{32768, {}, filters}});
}

TEST(packet, suback_and_unsuback) {
  static const std::byte granted[] = {std::byte{0}, std::byte{1}, std::byte{2}, std::byte{0x80}};
  static const std::byte gone[] = {std::byte{0}, std::byte{0x11}, std::byte{0x87}};  // original defect 11
  using answer = subscribe_acknowledgement;
  check({"SUBACK", v5_0, server, "90 07  00 0a  00  00 01 02 80", answer{packet_type::suback, 10, {}, granted}});
  check({"with properties", v5_0, server,
         "90 1b  00 0a  14 1f 00 03 'why'  26 00 01 'k' 00 01 '1'  26 00 01 'k' 00 01 '2'  00 01 02 80",
         answer{packet_type::suback, 10, reason_and_user, granted}});
  check({"3.1.1 SUBACK", v3_1_1, server, "90 06  00 0a  00 01 02 80", answer{packet_type::suback, 10, {}, granted}});
  check({"UNSUBACK", v5_0, server, "b0 06  00 0a  00  00 11 87", answer{packet_type::unsuback, 10, {}, gone}});
  check({"3.1.1 UNSUBACK", v3_1_1, server, "b0 02  00 0a", answer{packet_type::unsuback, 10, {}, {}}});
}

TEST(packet, ping) {
  for (const version v : {v3_1_1, v5_0}) {
    check({"PINGREQ", v, client, "c0 00", ping{packet_type::pingreq}});
    check({"PINGRESP", v, server, "d0 00", ping{packet_type::pingresp}});
  }
}

// original defect 14: a DISCONNECT of the server is an answer, with its reason.
TEST(packet, disconnect) {
  static const property_value expiry[] = {{property::session_expiry_interval, 0xffffffffU}};
  static const property_value moved[] = {{property::reason_string, "why"}, {property::server_reference, "b:1883"}};
  check({"normal", v5_0, client, "e0 00", disconnect{}});
  check({"normal", v3_1_1, client, "e0 00", disconnect{}});
  check({"with will", v5_0, client, "e0 01  04", disconnect{reason::disconnect_with_will_message, {}}});
  check({"expiry", v5_0, client, "e0 07  00  05 11 ff ff ff ff", disconnect{reason::normal_disconnection, expiry}});
  check({"taken over", v5_0, server, "e0 01  8e", disconnect{reason::session_taken_over, {}}});
  check({"moved", v5_0, server, "e0 11  9d  0f 1f 00 03 'why' 1c 00 06 'b:1883'",
         disconnect{reason::server_moved, moved}});
  check({"in words", v5_0, server, "e0 02  00 00", disconnect{}, false});
}

TEST(packet, auth) {
  static const property_value challenge[] = {
      {property::authentication_method, "SCRAM"}, {property::authentication_data, hello}, {"k", "v"}};
  static const property_value method[] = {{property::authentication_method, "SCRAM"}};
  for (const sender from : {client, server})
    check({"continue", v5_0, from, "f0 19  18  17 15 00 05 'SCRAM'  16 00 05 'hello'  26 00 01 'k' 00 01 'v'",
           auth{reason::continue_authentication, challenge}});
  check({"again", v5_0, client, "f0 0a  19  08 15 00 05 'SCRAM'", auth{reason::reauthenticate, method}});
  check({"success", v5_0, server, "f0 00", auth{}});
}

TEST(packet, prints_on_one_line_and_hides_secrets) {
  EXPECT_EQ(
      printed(with_everything()),
      "CONNECT version MQTT 5.0, clean start, will QoS 1, will retain, keep alive 10, Session Expiry Interval 10, "
      "Receive Maximum 20, Maximum Packet Size 256, client identifier \"id\", will's Will Delay Interval 5, "
      "will's Content Type \"text\", will topic \"w/t\", will payload \"hello\", user name \"user\", "
      "password (6 bytes)");
  EXPECT_NE(printed(with_everything(), {.show_secrets = true}).find("password \"secret\""), std::string::npos);
  EXPECT_EQ(printed(connack{false, reason::not_authorized, {}}, {v3_1_1}),
            "CONNACK return code Connection Refused, not authorized (5)");
  EXPECT_EQ(printed(message(qos::at_least_once, 10)),
            "PUBLISH QoS 1, topic name \"a/b\", packet identifier 10, payload \"hello\"");
  EXPECT_EQ(printed(disconnect{reason::disconnect_with_will_message, {}}),
            "DISCONNECT reason code Disconnect with Will Message (0x04)");
  EXPECT_EQ(printed(message(qos::at_most_once, 0), {.one_line = false}),
            "PUBLISH\n  QoS 0\n  retain no\n  DUP no\n  topic name \"a/b\"\n  payload \"hello\"");
  static const property_value data[] = {{property::authentication_method, "M"}, {property::authentication_data, hello}};
  EXPECT_EQ(
      printed(auth{reason::continue_authentication, data}),
      "AUTH reason code Continue authentication (0x18), Authentication Method \"M\", Authentication Data (5 bytes)");
}

}  // namespace
}  // namespace recado::mqtt
