#include <cstring>
#include <span>

#include <recado/mqtt/error.hpp>
#include <recado/mqtt/property.hpp>
#include <recado/mqtt/reason.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

namespace {

/// One of `texts`, which stand one behind the other, each with a zero at its end, and an empty one behind the last:
/// that takes less flash than a table of where they are.
phrase nth(const char* texts, std::size_t index) {
  for (; index != 0 && *texts != '\0'; --index) texts += std::strlen(texts) + 1;
  return phrase{texts};
}

/// Where `number` stands among them; behind the last one if it doesn't.
template <class Number>
std::size_t index_of(std::span<const Number> numbers, Number number) {
  std::size_t at = 0;
  while (at != numbers.size() && numbers[at] != number) ++at;
  return at;
}

}  // namespace

std::string_view words(version value) { return value == version::v5_0 ? "MQTT 5.0" : "MQTT 3.1.1"; }

phrase words(packet_type value) {
  static constexpr const char* names =
      "CONNECT\0CONNACK\0PUBLISH\0PUBACK\0PUBREC\0PUBREL\0PUBCOMP\0SUBSCRIBE\0SUBACK\0UNSUBSCRIBE\0UNSUBACK\0"
      "PINGREQ\0PINGRESP\0DISCONNECT\0AUTH\0"_packed;
  return nth(names, static_cast<std::size_t>(value) - 1);  // of 0 nothing
}

phrase words(field value) {
  static constexpr const char* names =
      "packet type\0fixed header flags\0remaining length\0protocol name\0protocol version\0connect flags\0keep alive\0"
      "properties\0client identifier\0will properties\0will topic\0will payload\0user name\0password\0"
      "acknowledge flags\0reason code\0topic name\0packet identifier\0payload\0topic filter\0subscription options\0"
      "DUP\0QoS\0retain\0clean start\0will QoS\0will retain\0session present\0"_packed;
  const auto number = static_cast<std::size_t>(value);
  return number < 0x80 ? words(static_cast<property>(value)) : nth(names, number - 0x80);
}

phrase words(property id) {
  static constexpr property numbers[] = {
#define RECADO_MQTT_PROPERTY_NUMBER(name, identifier, kind, packets, rule, text) property::name,
      RECADO_MQTT_PROPERTIES(RECADO_MQTT_PROPERTY_NUMBER)
#undef RECADO_MQTT_PROPERTY_NUMBER
  };
#define RECADO_MQTT_PROPERTY_WORDS(name, identifier, kind, packets, rule, text) text "\0"
  static constexpr const char* names = RECADO_MQTT_PROPERTIES(RECADO_MQTT_PROPERTY_WORDS) ""_packed;
#undef RECADO_MQTT_PROPERTY_WORDS
  return nth(names, index_of<property>(numbers, id));
}

phrase words(reason code) {
  static constexpr reason numbers[] = {
#define RECADO_MQTT_REASON_NUMBER(name, value, packets, text) reason::name,
      RECADO_MQTT_REASONS(RECADO_MQTT_REASON_NUMBER)
#undef RECADO_MQTT_REASON_NUMBER
  };
#define RECADO_MQTT_REASON_WORDS(name, value, packets, text) text "\0"
  static constexpr const char* names = RECADO_MQTT_REASONS(RECADO_MQTT_REASON_WORDS) "unknown reason code\0"_packed;
#undef RECADO_MQTT_REASON_WORDS
  return nth(names, index_of<reason>(numbers, code));
}

phrase words(reason code, packet_type type) {
  if (code == reason::success && type == packet_type::disconnect) return phrase{"Normal disconnection"_packed};
  if (code == reason::success && type == packet_type::suback) return phrase{"Granted QoS 0"_packed};
  return words(code);
}

std::string_view words(connect_return_code code) {
  using enum connect_return_code;
  switch (code) {
    case connection_accepted:
      return "Connection Accepted";
    case unacceptable_protocol_version:
      return "Connection Refused, unacceptable protocol version";
    case identifier_rejected:
      return "Connection Refused, identifier rejected";
    case server_unavailable:
      return "Connection Refused, Server unavailable";
    case bad_user_name_or_password:
      return "Connection Refused, bad user name or password";
    case not_authorized:
      return "Connection Refused, not authorized";
  }
  return "unknown return code";
}

namespace {

// Pointers alone, which the compiler puts into a table; views would be code for each text.
constexpr const char* cause_of(error code) {
  switch (code) {
    case error::none:
      return "nothing is wrong"_packed;
#define RECADO_MQTT_ERROR_CAUSE(name, answer, cause, advice) \
  case error::name:                                          \
    return cause ""_packed;
      RECADO_MQTT_ERRORS(RECADO_MQTT_ERROR_CAUSE)
#undef RECADO_MQTT_ERROR_CAUSE
  }
  return "unknown MQTT error"_packed;
}

// A literal by itself, as packing wants it.
#define broken_peer \
  "the other side breaks the MQTT standard: check that it is an MQTT broker and report the defect to its maker"

constexpr const char* advice_of(error code) {
  switch (code) {
    case error::none:
      return "nothing to do"_packed;
#define RECADO_MQTT_ERROR_REMEDY(name, answer, cause, advice) \
  case error::name:                                           \
    return advice ""_packed;
      RECADO_MQTT_ERRORS(RECADO_MQTT_ERROR_REMEDY)
#undef RECADO_MQTT_ERROR_REMEDY
#undef broken_peer
  }
  return ""_packed;
}

}  // namespace

phrase words(error code) { return phrase{cause_of(code)}; }
phrase remedy(error code) { return phrase{advice_of(code)}; }

}  // namespace recado::mqtt
