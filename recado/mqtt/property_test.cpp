// Every property in every packet: allowed exactly where table 2-4 of MQTT 5.0 has it.
#include <recado/mqtt/annotated_test.hpp>
#include <recado/mqtt/check.hpp>

namespace recado::mqtt {
namespace {
using namespace testing;

const property_value one_of_each[] = {
    {property::payload_format_indicator, 1},
    {property::message_expiry_interval, 0xffffffffU},
    {property::content_type, "t"},
    {property::response_topic, "r/\xc3\xa9"},
    {property::correlation_data, std::string_view{"\0\xff", 2}},
    {property::subscription_identifier, 268'435'455},
    {property::session_expiry_interval, 1},
    {property::assigned_client_identifier, "c"},
    {property::server_keep_alive, 65535},
    {property::authentication_method, "m"},
    {property::request_problem_information, 0},
    {property::will_delay_interval, 2},
    {property::request_response_information, 1},
    {property::response_information, "i"},
    {property::server_reference, "s"},
    {property::reason_string, ""},
    {property::receive_maximum, 1},
    {property::topic_alias_maximum, 0},
    {property::topic_alias, 1},
    {property::maximum_qos, 0},
    {property::retain_available, 1},
    {"", ""},
    {property::maximum_packet_size, 1},
    {property::wildcard_subscription_available, 0},
    {property::subscription_identifiers_available, 1},
    {property::shared_subscription_available, 1},
};
constexpr std::byte granted{0};

struct place {
  const char* letter;  // as table 2-4 would name it
  sender from;
  any_packet packet;
};

std::vector<place> places(properties list) {
  connect with, willing;
  with.properties = list;
  willing.will = will{"w", {}, qos::at_most_once, false, list};
  static const subscription filter[] = {{"a"}};
  static const std::string_view name[] = {"a"};
  publish message;
  message.topic = "t", message.properties = list;
  std::vector<place> result = {
      {"connect", sender::client, with},
      {"will", sender::client, willing},
      {"connack", sender::server, connack{false, reason::success, list}},
      {"publish", sender::server, message},
      {"subscribe", sender::client, subscribe{1, list, filter}},
      {"unsubscribe", sender::client, unsubscribe{1, list, name}},
      {"suback", sender::server, subscribe_acknowledgement{packet_type::suback, 1, list, {&granted, 1}}},
      {"unsuback", sender::server, subscribe_acknowledgement{packet_type::unsuback, 1, list, {&granted, 1}}},
      {"disconnect", sender::client, disconnect{reason::success, list}},
      {"auth", sender::client, auth{reason::continue_authentication, list}},
  };
  for (auto type : {packet_type::puback, packet_type::pubrec, packet_type::pubrel, packet_type::pubcomp})
    result.push_back({"answer", sender::server, acknowledgement{type, 1, reason::success, list}});
  return result;
}

/// Table 2-4, written down a second time.
bool in_table(property id, std::string_view where) {
  const auto any_of = [where](std::initializer_list<std::string_view> list) {
    return std::find(list.begin(), list.end(), where) != list.end();
  };
  switch (id) {
    case property::payload_format_indicator:
    case property::message_expiry_interval:
    case property::content_type:
    case property::response_topic:
    case property::correlation_data:
      return any_of({"publish", "will"});
    case property::subscription_identifier:
      return any_of({"publish", "subscribe"});
    case property::session_expiry_interval:
      return any_of({"connect", "connack", "disconnect"});
    case property::authentication_method:
    case property::authentication_data:
      return any_of({"connect", "connack", "auth"});
    case property::request_problem_information:
    case property::request_response_information:
      return any_of({"connect"});
    case property::will_delay_interval:
      return any_of({"will"});
    case property::server_reference:
      return any_of({"connack", "disconnect"});
    case property::reason_string:
      return any_of({"connack", "answer", "suback", "unsuback", "disconnect", "auth"});
    case property::receive_maximum:
    case property::topic_alias_maximum:
    case property::maximum_packet_size:
      return any_of({"connect", "connack"});
    case property::topic_alias:
      return any_of({"publish"});
    case property::user_property:
      return true;
    default:
      return any_of({"connack"});
  }
}

decoded sent(const any_packet& packet, sender from) {
  std::vector<std::byte> memory(200);
  memory.resize(encode(packet, version::v5_0, memory).value());
  return decode_all(exact_copy{memory}, {version::v5_0, from});
}

TEST(property, stands_only_where_the_standard_has_it) {
  // [MQTT-2.2.2-a]
  for (const property_value& value : one_of_each) {
    // AUTH never goes without its method.
    const property_value with_method[] = {{property::authentication_method, "m"}, value};
    const bool is_method = value.id == property::authentication_method;
    for (const place& at : places(std::span{&value, 1})) {
      SCOPED_TRACE(std::string{words(value.id)} + " in " + at.letter);
      if (std::string_view{at.letter} == "auth" && !is_method) continue;
      const decoded seen = sent(at.packet, at.from);
      if (in_table(value.id, at.letter)) EXPECT_FALSE(seen.what);
      else EXPECT_EQ(seen.what.code, error::misplaced_property);
    }
    if (is_method) continue;
    const decoded seen = sent(auth{reason::continue_authentication, with_method}, sender::client);
    EXPECT_EQ(seen.what.code, in_table(value.id, "auth") ? error::none : error::misplaced_property);
  }
}

TEST(property, appears_once_but_for_user_properties_and_subscription_identifiers) {
  for (const property_value& value : one_of_each) {
    const property_value twice[] = {value, value};
    for (const place& at : places(twice)) {
      if (!in_table(value.id, at.letter)) continue;
      SCOPED_TRACE(std::string{words(value.id)} + " in " + at.letter);
      const bool repeats = value.id == property::user_property ||
                           (value.id == property::subscription_identifier && std::string_view{at.letter} == "publish");
      const error missing = std::string_view{at.letter} == "auth" && value.id != property::authentication_method
                                ? error::missing_authentication_method
                                : error::none;
      EXPECT_EQ(sent(at.packet, at.from).what.code, repeats ? missing : error::duplicated_property);
    }
  }
}

// Checked before it is written, since a number that doesn't fit would be cut off.
TEST(property, of_a_command_has_a_value_in_its_range) {
  const std::pair<property_value, bool> rows[] = {{{property::receive_maximum, 0U}, false},
                                                  {{property::receive_maximum, 1U}, true},
                                                  {{property::receive_maximum, 0xffffU}, true},
                                                  {{property::receive_maximum, 0x1'0000U}, false},
                                                  {{property::topic_alias_maximum, 0x1'0001U}, false},
                                                  {{property::maximum_packet_size, 0U}, false},
                                                  {{property::maximum_packet_size, 0xffff'ffffU}, true},
                                                  {{property::subscription_identifier, 0U}, false},
                                                  {{property::subscription_identifier, 268'435'455U}, true},
                                                  {{property::subscription_identifier, 268'435'456U}, false},
                                                  {{property::payload_format_indicator, 1U}, true},
                                                  {{property::payload_format_indicator, 2U}, false},
                                                  {{property::request_problem_information, 0x100U}, false}};
  for (const auto& [value, good] : rows) {
    SCOPED_TRACE(std::string{words(value.id)} + " " + std::to_string(value.number));
    const properties list{std::span{&value, 1}};
    EXPECT_EQ(check_properties(list, traits_of(value.id).packets), good ? error::none : error::bad_property_value);
  }
}

TEST(property, lists_read_the_same_from_values_and_from_the_wire) {
  const property_value first[] = {{property::topic_alias, 7}, {"a", "1"}};
  const property_value second[] = {{"a", "2"}, {property::content_type, "text"}};
  const properties tail{second};
  const properties none;
  const properties both{properties{first}.followed_by(tail)};
  EXPECT_EQ(both.count(), 4u);
  EXPECT_EQ(both.number(property::topic_alias), 7u);
  EXPECT_EQ(both.text(property::content_type), "text");
  EXPECT_EQ(both.number(property::receive_maximum, 65535), 65535u);
  EXPECT_FALSE(both.has(property::response_topic));
  EXPECT_TRUE(none.followed_by(none).empty());
  EXPECT_TRUE(properties{none.followed_by(tail)} == tail);
  EXPECT_TRUE(properties{tail.followed_by(none)} == tail);
  publish message;
  message.topic = "t", message.properties = both;
  std::vector<std::byte> memory(100);
  memory.resize(encode(message, version::v5_0, memory).value());
  const decoded seen = decode_all(memory, {});
  ASSERT_FALSE(seen.what);
  const auto& received = std::get<publish>(seen.packet).properties;
  EXPECT_TRUE(received == both);
  std::vector<std::string_view> users;
  for (const property_value& one : received)
    if (one.id == property::user_property) users.push_back(one.text);
  EXPECT_EQ(users, (std::vector<std::string_view>{"1", "2"}));  // in order [MQTT-3.3.2-18]
}

TEST(reason, has_words_and_stands_only_in_its_packets) {
  int known = 0;
  for (unsigned value = 0; value < 256; ++value) {
    const auto code = static_cast<reason>(value);
    bool anywhere = false;
    for (unsigned type = 0; type < 16; ++type)
      for (sender from : {sender::client, sender::server})
        anywhere = anywhere || allowed(code, static_cast<packet_type>(type), from);
    EXPECT_EQ(anywhere, words(code) != "unknown reason code") << value;
    known += anywhere ? 1 : 0;
  }
  EXPECT_EQ(known, 43);  // table 2-6
  EXPECT_EQ(words(reason::success, packet_type::disconnect), "Normal disconnection");
  EXPECT_EQ(words(reason::success, packet_type::suback), "Granted QoS 0");
  for (unsigned value = 0; value < 6; ++value) {
    const auto code = static_cast<connect_return_code>(value);
    EXPECT_EQ(to_return_code(to_reason(code)), code);
    EXPECT_FALSE(words(code).empty());
  }
  EXPECT_EQ(to_return_code(reason::banned), connect_return_code::server_unavailable);
}

}  // namespace
}  // namespace recado::mqtt
