// What a peer may not send, with the field, the offset and the reason code that the standard wants.
#include <recado/mqtt/annotated_test.hpp>
#include <recado/mqtt/topic.hpp>

namespace recado::mqtt {
namespace {
using namespace testing;
using enum version;
using enum sender;

struct wrong {
  const char* annotated;
  version protocol;
  sender from;
  error code;
  field where;
  std::uint32_t offset;
  reason answer;
};

void check(const wrong& one) {
  SCOPED_TRACE(one.annotated);
  const exact_copy in{wire(one.annotated)};
  const decode_options options{one.protocol, one.from};
  const decoded seen = decode_all(in, options);
  EXPECT_EQ(words(seen.what.code), words(one.code));
  EXPECT_EQ(words(seen.what.where), words(one.where));
  EXPECT_EQ(seen.what.offset, one.offset);
  EXPECT_EQ(answer_to(seen.what.code), one.answer);
  check_take(in, options, seen);
  EXPECT_EQ(defect::from(seen.what), seen.what);
}

constexpr auto of(property id) { return static_cast<field>(id); }
constexpr reason malformed = reason::malformed_packet, wrong_protocol = reason::protocol_error;

TEST(malformed, fixed_header) {
  // [MQTT-1.5.5-1]
  // [MQTT-1.5.5-a]
  // [MQTT311-2.2.2-1] [MQTT311-2.2.2-2] [MQTT311-3.6.1-1]
  const wrong rows[] = {
      {"00 00", v5_0, server, error::unknown_packet_type, field::packet_type, 0, malformed},
      {"f0 00", v3_1_1, server, error::unknown_packet_type, field::packet_type, 0, malformed},
      {"10 00", v5_0, server, error::unexpected_packet, field::packet_type, 0, wrong_protocol},
      {"c0 00", v5_0, server, error::unexpected_packet, field::packet_type, 0, wrong_protocol},
      {"20 03 00 00 00", v5_0, client, error::unexpected_packet, field::packet_type, 0, wrong_protocol},
      {"e0 00", v3_1_1, server, error::unexpected_packet, field::packet_type, 0, wrong_protocol},
      {"21 03 00 00 00", v5_0, server, error::reserved_flags, field::flags, 0, malformed},  // [MQTT-2.1.3-1]
      {"60 02 00 01", v5_0, server, error::reserved_flags, field::flags, 0, malformed},     // [MQTT-3.6.1-1]
      {"80 06 00 01 00 01 61 00", v3_1_1, client, error::reserved_flags, field::flags, 0, malformed},
      {"e1 00", v5_0, server, error::reserved_flags, field::flags, 0, malformed},        // [MQTT-3.14.1-1]
      {"f8 00", v5_0, server, error::reserved_flags, field::flags, 0, malformed},        // [MQTT-3.15.1-1]
      {"d1", v5_0, server, error::reserved_flags, field::flags, 0, malformed},           // at once, on one byte
      {"36 05 00 01 61 00 01", v5_0, server, error::bad_qos, field::qos, 0, malformed},  // [MQTT-3.3.1-4]
      {"38 04 00 01 61 00", v5_0, server, error::duplicate_with_qos_0, field::duplicate, 0, wrong_protocol},
      // original defect 8: no end to Remaining Length
      {"30 ff ff ff ff", v5_0, server, error::bad_variable_byte_integer, field::remaining_length, 1, malformed},
      {"30 ff ff ff ff 7f", v3_1_1, server, error::bad_variable_byte_integer, field::remaining_length, 1, malformed},
      {"d0 80 00", v5_0, server, error::bad_variable_byte_integer, field::remaining_length, 1, malformed},
      {"d0 01 00", v5_0, server, error::surplus_bytes, field::remaining_length, 2, malformed},
  };
  for (const wrong& one : rows) check(one);
}

TEST(malformed, publish) {
  // [MQTT-2.2.2-a]
  const wrong rows[] = {
      {"30 01 00", v5_0, server, error::truncated, field::topic_name, 2, malformed},
      // original defect 6: a topic length larger than the packet
      {"30 05 00 04 61 62 00", v5_0, server, error::truncated, field::topic_name, 2, malformed},
      {"30 03 00 01 61", v5_0, server, error::truncated, field::properties, 5, malformed},
      {"30 04 00 01 61 01", v5_0, server, error::truncated, field::properties, 5, malformed},
      {"30 05 00 01 61 80 80", v5_0, server, error::truncated, field::properties, 5, malformed},
      {"30 06 00 01 61 80 80 00", v5_0, server, error::bad_variable_byte_integer, field::properties, 5, malformed},
      {"32 06 00 01 61 00 00 00", v5_0, server, error::packet_identifier_zero, field::packet_identifier, 5,
       wrong_protocol},
      {"32 04 00 01 61 00", v5_0, server, error::truncated, field::packet_identifier, 5, malformed},
      {"30 03 00 00 00", v5_0, server, error::empty_topic, field::topic_name, 5, wrong_protocol},
      {"30 02 00 00", v3_1_1, server, error::empty_topic, field::topic_name, 4, wrong_protocol},  // [MQTT-4.7.3-1]
      // [MQTT-3.3.2-2]
      {"30 06 00 03 'a/+' 00", v5_0, server, error::bad_topic_name, field::topic_name, 2, reason::topic_name_invalid},
      {"30 1a 00 17 'a/b/c/d/e/f/g/h/i/j/k/#' 00", v5_0, server, error::bad_topic_name, field::topic_name, 2,
       reason::topic_name_invalid},
      // [MQTT-1.5.4-1] [MQTT-1.5.4-2]
      {"30 05 00 02 c0 80 00", v5_0, server, error::bad_utf8, field::topic_name, 2, malformed},
      {"30 06 00 03 ed a0 80 00", v5_0, server, error::bad_utf8, field::topic_name, 2, malformed},
      {"30 05 00 03 ed a0 80", v3_1_1, server, error::bad_utf8, field::topic_name, 2, malformed},
      {"30 06 00 03 'a' 00 'b' 00", v5_0, server, error::null_character, field::topic_name, 2, malformed},
      {"30 07 00 01 'a' 03 23 00 00", v5_0, server, error::bad_topic_alias, of(property::topic_alias), 6,
       reason::topic_alias_invalid},  // [MQTT-3.3.2-8]
      {"30 06 00 01 'a' 02 01 02", v5_0, server, error::bad_property_value, of(property::payload_format_indicator), 6,
       wrong_protocol},
      {"30 06 00 01 'a' 02 0b 00", v5_0, server, error::bad_property_value, of(property::subscription_identifier), 6,
       wrong_protocol},
      {"30 09 00 01 'a' 05 0b ff ff ff ff", v5_0, server, error::truncated, of(property::subscription_identifier), 6,
       malformed},
      // [MQTT-3.3.4-6]
      {"30 06 00 01 'a' 02 0b 01", v5_0, client, error::forbidden_property, of(property::subscription_identifier), 6,
       wrong_protocol},
      // [MQTT-3.3.2-14]
      {"30 0a 00 01 'a' 06 08 00 03 'a/#'", v5_0, server, error::bad_topic_name, of(property::response_topic), 6,
       reason::topic_name_invalid},
      {"30 0a 00 01 'a' 06 03 00 03 ed a0 80", v5_0, server, error::bad_utf8, of(property::content_type), 6, malformed},
      // [MQTT-1.5.7-1]
      {"30 0b 00 01 'a' 07 26 00 01 00 00 01 'v'", v5_0, server, error::null_character, of(property::user_property), 6,
       malformed},
      {"30 0b 00 01 'a' 07 26 00 01 'k' 00 01 ff", v5_0, server, error::bad_utf8, of(property::user_property), 6,
       malformed},
      {"30 05 00 01 'a' 01 7f", v5_0, server, error::unknown_property, field::properties, 6, malformed},
      {"30 05 00 01 'a' 01 81", v5_0, server, error::unknown_property, field::properties, 6, malformed},
      {"30 07 00 01 'a' 03 21 00 01", v5_0, server, error::misplaced_property, of(property::receive_maximum), 6,
       malformed},
      {"30 08 00 01 'a' 04 01 01 01 01", v5_0, server, error::duplicated_property,
       of(property::payload_format_indicator), 8, wrong_protocol},
      {"30 06 00 01 'a' 02 23 00", v5_0, server, error::truncated, of(property::topic_alias), 6, malformed},
  };
  for (const wrong& one : rows) check(one);
}

TEST(malformed, answers) {
  // [MQTT-3.15.2-a]
  const wrong rows[] = {
      // original defect 10: the refusal is behind more than 127 bytes, or isn't there at all
      {"20 01 00", v5_0, server, error::truncated, field::reason_code, 3, malformed},
      {"20 02 00 00", v5_0, server, error::truncated, field::properties, 4, malformed},
      {"20 03 02 00 00", v5_0, server, error::reserved_flags, field::acknowledge_flags, 2,
       malformed},  // [MQTT-3.2.2-1]
      {"20 03 01 87 00", v5_0, server, error::session_present_with_refusal, field::session_present, 4, wrong_protocol},
      {"20 02 01 05", v3_1_1, server, error::session_present_with_refusal, field::session_present, 4, wrong_protocol},
      {"20 03 00 01 00", v5_0, server, error::bad_reason_code, field::reason_code, 3,
       wrong_protocol},  // [MQTT-3.2.2-8]
      {"20 02 00 06", v3_1_1, server, error::bad_reason_code, field::reason_code, 3, wrong_protocol},
      {"20 03 00 00 00", v3_1_1, server, error::surplus_bytes, field::remaining_length, 4, malformed},
      {"20 06 00 00 03 21 00 00", v5_0, server, error::bad_property_value, of(property::receive_maximum), 5,
       wrong_protocol},
      {"20 05 00 00 02 24 02", v5_0, server, error::bad_property_value, of(property::maximum_qos), 5, wrong_protocol},
      {"20 08 00 00 05 27 00 00 00 00", v5_0, server, error::bad_property_value, of(property::maximum_packet_size), 5,
       wrong_protocol},
      {"20 06 00 00 03 16 00 00", v5_0, server, error::missing_authentication_method,
       of(property::authentication_method), 5, wrong_protocol},
      {"40 01 00", v5_0, server, error::truncated, field::packet_identifier, 2, malformed},
      {"40 02 00 00", v5_0, server, error::packet_identifier_zero, field::packet_identifier, 2, wrong_protocol},
      {"40 03 00 01 92", v5_0, server, error::bad_reason_code, field::reason_code, 4,
       wrong_protocol},  // [MQTT-3.4.2-1]
      {"62 03 00 01 10", v5_0, server, error::bad_reason_code, field::reason_code, 4,
       wrong_protocol},  // [MQTT-3.6.2-1]
      {"40 03 00 01 00", v3_1_1, server, error::surplus_bytes, field::remaining_length, 4, malformed},
      {"40 05 00 01 00 00 00", v5_0, server, error::surplus_bytes, field::remaining_length, 6, malformed},
      {"90 03 00 01 00", v5_0, server, error::no_reason_codes, field::reason_code, 5, wrong_protocol},
      {"90 02 00 01", v3_1_1, server, error::no_reason_codes, field::reason_code, 4, wrong_protocol},
      {"90 04 00 01 00 03", v5_0, server, error::bad_reason_code, field::reason_code, 5, wrong_protocol},
      {"90 03 00 01 81", v3_1_1, server, error::bad_reason_code, field::reason_code, 4, wrong_protocol},
      {"b0 04 00 01 00 01", v5_0, server, error::bad_reason_code, field::reason_code, 5, wrong_protocol},
      {"b0 03 00 01 00", v3_1_1, server, error::surplus_bytes, field::remaining_length, 4, malformed},
      {"e0 01 04", v5_0, server, error::bad_reason_code, field::reason_code, 2, wrong_protocol},  // [MQTT-3.14.2-1]
      {"e0 01 8e", v5_0, client, error::bad_reason_code, field::reason_code, 2, wrong_protocol},
      {"e0 07 00 05 11 00 00 00 00", v5_0, server, error::forbidden_property, of(property::session_expiry_interval), 4,
       wrong_protocol},  // [MQTT-3.14.2-2]
      {"f0 01 18", v5_0, server, error::truncated, field::properties, 3, malformed},
      {"f0 02 18 00", v5_0, server, error::missing_authentication_method, of(property::authentication_method), 4,
       wrong_protocol},
      {"f0 06 19 04 15 00 01 'M'", v5_0, server, error::bad_reason_code, field::reason_code, 2, wrong_protocol},
  };
  for (const wrong& one : rows) check(one);
}

TEST(malformed, requests) {
  // [MQTT-3.8.3-2] [MQTT-3.10.3-2] [MQTT311-3.8.3-3] [MQTT311-3.8.3-4] [MQTT311-3.10.3-2]
  const reason no_version = reason::unsupported_protocol_version;
  const wrong rows[] = {
      {"10 0f 00 06 'MQIsdp' 03 02 00 3c 00 01 'a'", v5_0, client, error::bad_protocol_name, field::protocol_name, 2,
       no_version},
      {"10 0d 00 04 'MQTT' 06 02 00 3c 00 00 00", v5_0, client, error::bad_protocol_version, field::protocol_version, 8,
       no_version},
      {"10 0d 00 04 'MQTT' 05 03 00 3c 00 00 00", v5_0, client, error::bad_connect_flags, field::connect_flags, 9,
       malformed},  // [MQTT-3.1.2-3]
      {"10 0d 00 04 'MQTT' 05 0a 00 3c 00 00 00", v5_0, client, error::bad_connect_flags, field::connect_flags, 9,
       malformed},  // [MQTT-3.1.2-11]
      {"10 0d 00 04 'MQTT' 05 1e 00 3c 00 00 00", v5_0, client, error::bad_connect_flags, field::connect_flags, 9,
       malformed},  // [MQTT-3.1.2-12]
      {"10 0d 00 04 'MQTT' 05 22 00 3c 00 00 00", v5_0, client, error::bad_connect_flags, field::connect_flags, 9,
       malformed},  // [MQTT-3.1.2-13]
      {"10 0f 00 04 'MQTT' 04 42 00 3c 00 00 00 01 'p'", v3_1_1, client, error::bad_connect_flags, field::connect_flags,
       9, malformed},  // [MQTT311-3.1.2-22]
      {"10 0c 00 04 'MQTT' 04 00 00 3c 00 00", v3_1_1, client, error::bad_client_identifier, field::client_identifier,
       14, reason::client_identifier_not_valid},
      {"82 03 00 01 00", v5_0, client, error::no_topic_filters, field::topic_filter, 5, wrong_protocol},
      {"a2 02 00 01", v3_1_1, client, error::no_topic_filters, field::topic_filter, 4, wrong_protocol},
      {"82 07 00 01 00 00 01 'a' 03", v5_0, client, error::bad_subscription_options, field::subscription_options, 8,
       malformed},
      {"82 07 00 01 00 00 01 'a' 30", v5_0, client, error::bad_subscription_options, field::subscription_options, 8,
       malformed},
      {"82 07 00 01 00 00 01 'a' 40", v5_0, client, error::bad_subscription_options, field::subscription_options, 8,
       malformed},  // [MQTT-3.8.3-5]
      {"82 06 00 01 00 01 'a' 04", v3_1_1, client, error::bad_subscription_options, field::subscription_options, 7,
       malformed},
      {"82 10 00 01 00 00 0a '$share/g/a' 04", v5_0, client, error::shared_no_local, field::subscription_options, 17,
       wrong_protocol},  // [MQTT-3.8.3-4]
      {"82 08 00 01 00 00 02 'a#' 00", v5_0, client, error::bad_topic_filter, field::topic_filter, 5,
       reason::topic_filter_invalid},
      {"82 06 00 01 00 00 01 'a'", v5_0, client, error::truncated, field::subscription_options, 8, malformed},
      {"a2 06 00 01 00 00 02 'a'", v5_0, client, error::truncated, field::topic_filter, 5, malformed},
  };
  for (const wrong& one : rows) check(one);
}

TEST(malformed, too_large_is_said_before_it_arrives) {
  fixed_header header;
  const auto in = wire("30 ff 7f");
  EXPECT_EQ(read_header(in, {v5_0, server, false, 1000}, header).code, error::packet_too_large);
  EXPECT_EQ(answer_to(error::packet_too_large), reason::packet_too_large);
}

TEST(malformed, a_trusted_broker_may_send_any_characters_but_nothing_is_read_past_the_end) {
  const exact_copy in{wire("30 06 00 03 ed '+' 00 00")};
  EXPECT_FALSE(decode_all(in, {v5_0, server, true}).what);
  EXPECT_TRUE(decode_all(in, {v5_0, server, false}).what);
  EXPECT_EQ(decode_all(exact_copy{wire("30 05 00 04 61 62 00")}, {v5_0, server, true}).what.code, error::truncated);
}

TEST(malformed, every_error_has_words_a_remedy_and_a_reason) {
  for (std::uint16_t i = 0; !words(static_cast<error>(i)).starts_with("unknown MQTT"); ++i) {
    EXPECT_FALSE(remedy(static_cast<error>(i)).empty()) << i;
    EXPECT_NE(words(answer_to(static_cast<error>(i))), "unknown reason code") << i;
  }
}

}  // namespace
}  // namespace recado::mqtt
