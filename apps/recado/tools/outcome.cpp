#include "outcome.hpp"

#include <recado/chain/words.hpp>
#include <recado/mqtt/error.hpp>

namespace recado::app::tools {
namespace {

class string_sink final : public text_sink {
 public:
  void write(std::string_view piece) override { text.append(piece); }
  std::string text;
};

std::string numbered(mqtt::reason code, mqtt::version protocol, mqtt::packet_type where) {
  if (protocol == mqtt::version::v3_1_1 && where == mqtt::packet_type::connack) {
    const mqtt::connect_return_code old = mqtt::to_return_code(code);
    return std::string{words(old)} + " (return code " + std::to_string(static_cast<unsigned>(old)) + ")";
  }
  return std::string{words(code, where)} + " (" + std::to_string(static_cast<unsigned>(code)) + ")";
}

std::string with_more(std::string cause, std::string_view reason, std::string_view reference) {
  if (!reason.empty()) cause += ": \"" + printable(reason) + "\"";
  if (!reference.empty()) cause += ", it names " + printable(reference);
  return cause;
}

int status_of(const fault& why) {
  if (why.where == layer::tls) return status::tls;
  if (why.where == layer::stream) {
    const auto code = static_cast<stream_error>(why.code);
    const bool lost = code == stream_error::closed_by_peer || code == stream_error::reset;
    return lost ? status::connection_lost : code == stream_error::timed_out ? status::timed_out : status::failed;
  }
  if (why.where != layer::mqtt) return status::failed;
  const auto code = static_cast<mqtt::error>(why.code);
  if (code == mqtt::error::ping_timed_out) return status::keep_alive;
  if (code == mqtt::error::connect_timed_out || code == mqtt::error::stream_stalled) return status::timed_out;
  if (code == mqtt::error::larger_than_server_takes) return status::oversize_packet;
  switch (mqtt::answer_to(code)) {
    case mqtt::reason::malformed_packet:
      return status::malformed;
    case mqtt::reason::packet_too_large:
      return status::oversize_packet;
    case mqtt::reason::success:
      return status::failed;
    default:
      return status::protocol_error;
  }
}

}  // namespace

std::string printable(std::string_view text) {
  string_sink out;
  out.quoted(as_bytes(text));
  return out.text.substr(1, out.text.size() - 2);
}

std::string_view remedy_of(mqtt::reason code) {
  using mqtt::reason;
  switch (code) {
    case reason::bad_user_name_or_password:
      return "check -u and the password";
    case reason::not_authorized:
      return "check -u and the password, and what the broker's access list allows this client";
    case reason::client_identifier_not_valid:
      return "give another client identifier by -i";
    case reason::unsupported_protocol_version:
      return "try the other version: -V 311 or -V 5";
    case reason::server_unavailable:
    case reason::server_busy:
    case reason::server_shutting_down:
    case reason::connection_rate_exceeded:
      return "try again later";
    case reason::use_another_server:
    case reason::server_moved:
      return "connect to the server that it names";
    case reason::session_taken_over:
      return "another client uses the same identifier: give another one by -i";
    case reason::packet_too_large:
      return "send smaller messages, or raise the broker's limit";
    case reason::quota_exceeded:
    case reason::message_rate_too_high:
      return "send less, or raise the broker's limit";
    case reason::qos_not_supported:
      return "use a lower QoS by -q";
    case reason::retain_not_supported:
      return "leave -r and --will-retain out";
    case reason::topic_name_invalid:
    case reason::topic_filter_invalid:
      return "check the topic, and what the broker allows";
    case reason::wildcard_subscriptions_not_supported:
      return "subscribe to each topic by its name";
    case reason::shared_subscriptions_not_supported:
      return "subscribe without $share";
    case reason::subscription_identifiers_not_supported:
      return "leave the subscription identifier out";
    case reason::bad_authentication_method:
      return "give the authentication method that the broker expects";
    case reason::banned:
    case reason::administrative_action:
      return "ask the broker's administrator";
    case reason::payload_format_invalid:
      return "send UTF-8, or leave the payload format indicator out";
    case reason::malformed_packet:
    case reason::protocol_error:
      return "record it by --pcapng, one of both sides breaks the standard";
    default:
      return "the broker's log says more";
  }
}

outcome outcome_of(const fault& why, std::string_view cause) {
  string_sink said;
  said << chain::name_of(why.where) << ": ";
  if (cause.empty()) chain::describe_cause(why, said);
  else said << cause;
  return {status_of(why), said.text, std::string{chain::remedy_of(why)}};
}

outcome outcome_of(const mqtt::closed& what, mqtt::version protocol) {
  const bool refused = is(what.why, mqtt::error::refused);
  if (!refused && !is(what.why, mqtt::error::disconnected)) {
    outcome result = outcome_of(what.why);
    const mqtt::reason answer = mqtt::answer_to(static_cast<mqtt::error>(what.why.code));
    if (what.why.where == layer::mqtt && answer != mqtt::reason::success)
      result.cause = "the broker broke the standard: " + result.cause.substr(result.cause.find(": ") + 2);
    return result;
  }
  const auto where = refused ? mqtt::packet_type::connack : mqtt::packet_type::disconnect;
  outcome result;
  result.cause =
      with_more(std::string{refused ? "the broker refused the connection: " : "the broker ended the connection: "} +
                    numbered(what.reason, protocol, where),
                what.reason_string, what.server_reference);
  result.remedy = remedy_of(what.reason);
  result.status = refused && protocol == mqtt::version::v3_1_1 ? static_cast<int>(mqtt::to_return_code(what.reason))
                                                               : static_cast<int>(what.reason);
  if (!mqtt::is_failure(what.reason)) result.status = status::connection_lost;
  return result;
}

outcome refusal(std::string_view what, mqtt::reason code, const mqtt::properties& more) {
  const std::string cause = "the broker refused " + std::string{what} + ": " + std::string{words(code)} + " (" +
                            std::to_string(static_cast<unsigned>(code)) + ")";
  return {static_cast<int>(code), with_more(cause, more.text(mqtt::property::reason_string), {}),
          std::string{remedy_of(code)}};
}

}  // namespace recado::app::tools
