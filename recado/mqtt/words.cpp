#include <recado/mqtt/error.hpp>
#include <recado/mqtt/property.hpp>
#include <recado/mqtt/reason.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

namespace {
constexpr std::string_view broken_peer =
    "the other side breaks the MQTT standard: check that it is an MQTT broker and report the defect to its maker";
}

std::string_view words(version value) { return value == version::v5_0 ? "MQTT 5.0" : "MQTT 3.1.1"; }

std::string_view words(packet_type value) {
  static constexpr std::string_view names[] = {
      "",          "CONNECT", "CONNACK",     "PUBLISH",  "PUBACK",  "PUBREC",   "PUBREL",     "PUBCOMP",
      "SUBSCRIBE", "SUBACK",  "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"};
  const auto index = static_cast<std::size_t>(value);
  return index < std::size(names) ? names[index] : "";
}

std::string_view words(field value) {
  static constexpr std::string_view names[] = {"packet type",
                                               "fixed header flags",
                                               "remaining length",
                                               "protocol name",
                                               "protocol version",
                                               "connect flags",
                                               "keep alive",
                                               "properties",
                                               "client identifier",
                                               "will properties",
                                               "will topic",
                                               "will payload",
                                               "user name",
                                               "password",
                                               "acknowledge flags",
                                               "reason code",
                                               "topic name",
                                               "packet identifier",
                                               "payload",
                                               "topic filter",
                                               "subscription options",
                                               "DUP",
                                               "QoS",
                                               "retain",
                                               "clean start",
                                               "will QoS",
                                               "will retain",
                                               "session present"};
  const auto number = static_cast<std::size_t>(value);
  if (number < 0x80) return words(static_cast<property>(value));
  return number - 0x80 < std::size(names) ? names[number - 0x80] : "";
}

std::string_view words(property id) {
  switch (id) {
#define RECADO_MQTT_PROPERTY_WORDS(name, identifier, kind, packets, rule, text) \
  case property::name:                                                          \
    return text;
    RECADO_MQTT_PROPERTIES(RECADO_MQTT_PROPERTY_WORDS)
#undef RECADO_MQTT_PROPERTY_WORDS
  }
  return "";
}

std::string_view words(reason code) {
  switch (code) {
#define RECADO_MQTT_REASON_WORDS(name, value, packets, text) \
  case reason::name:                                         \
    return text;
    RECADO_MQTT_REASONS(RECADO_MQTT_REASON_WORDS)
#undef RECADO_MQTT_REASON_WORDS
  }
  return "unknown reason code";
}

std::string_view words(reason code, packet_type type) {
  if (code == reason::success && type == packet_type::disconnect) return "Normal disconnection";
  if (code == reason::success && type == packet_type::suback) return "Granted QoS 0";
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

std::string_view words(error code) {
  switch (code) {
    case error::none:
      return "nothing is wrong";
#define RECADO_MQTT_ERROR_WORDS(name, answer, cause, remedy) \
  case error::name:                                          \
    return cause;
      RECADO_MQTT_ERRORS(RECADO_MQTT_ERROR_WORDS)
#undef RECADO_MQTT_ERROR_WORDS
  }
  return "unknown MQTT error";
}

std::string_view remedy(error code) {
  switch (code) {
    case error::none:
      return "nothing to do";
#define RECADO_MQTT_ERROR_REMEDY(name, answer, cause, advice) \
  case error::name:                                           \
    return advice;
      RECADO_MQTT_ERRORS(RECADO_MQTT_ERROR_REMEDY)
#undef RECADO_MQTT_ERROR_REMEDY
  }
  return "";
}

}  // namespace recado::mqtt
