#include "outcome.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <recado/chain/prospect.hpp>
#include <recado/chain/words.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/transport/error.hpp>

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

int status_of(transport::error code) {
  using enum transport::error;
  switch (code) {
    case proxy_refused:
    case proxy_wants_credentials:
    case not_socks:
    case socks_credentials:
    case socks_refused:
      return status::proxy;
    case timed_out:
      return status::timed_out;
    case closed_by_server:
      return status::connection_lost;
    case no_room:
    case bad_target:
    case bad_credentials:
      return status::failed;
    default:
      return status::protocol_error;
  }
}

int status_of(mqtt::error why) {
  switch (why) {
    case mqtt::error::larger_than_server_takes:
    case mqtt::error::message_too_large:
      return status::oversize_packet;
    case mqtt::error::qos_not_available:
      return status::qos_not_offered;
    case mqtt::error::retain_not_available:
      return status::retain_not_offered;
    default:
      return status::failed;
  }
}

int status_of(const fault& why) {
  if (why.where == layer::tls) return status::tls;
  if (why.where == layer::stream) {
    const auto code = static_cast<stream_error>(why.code);
    const bool lost = code == stream_error::closed_by_peer || code == stream_error::reset;
    return lost ? status::connection_lost : code == stream_error::timed_out ? status::timed_out : status::failed;
  }
  if (why.where == layer::transport) return status_of(static_cast<transport::error>(why.code));
  if (why.where != layer::mqtt) return status::failed;
  const auto code = static_cast<mqtt::error>(why.code);
  if (code == mqtt::error::ping_timed_out) return status::keep_alive;
  if (code == mqtt::error::connect_timed_out || code == mqtt::error::stream_stalled) return status::timed_out;
  if (const int number = status_of(code); number != status::failed) return number;
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

/// A packet that may not come, or not now.
std::string unexpected(mqtt::packet_type type, mqtt::version protocol) {
  switch (type) {
    case mqtt::packet_type::connack:
      return "a second CONNACK";
    case mqtt::packet_type::auth:
      return "AUTH that was not asked for";
    case mqtt::packet_type::pingresp:
      return "PINGRESP without a PINGREQ";
    case mqtt::packet_type::disconnect:
      return "DISCONNECT, which in " + std::string{words(protocol)} + " only clients send";
    default:
      return std::string{words(type)} + ", which only clients send";
  }
}

/// The number at which a defect points, where it says more than its name; nothing of texts and payloads.
std::string value_of(const mqtt::defect& found, bytes packet) {
  const auto octet = [&](std::size_t i) {
    return found.offset + i < packet.size() ? std::to_integer<unsigned>(packet[found.offset + i]) : 0U;
  };
  const bool first = found.where == mqtt::field::packet_type || found.where == mqtt::field::flags;
  if (found.offset >= packet.size() || (found.offset == 0 && !first)) return {};
  char text[16];
  switch (found.where) {
    case mqtt::field::packet_identifier:
      if (found.code == mqtt::error::truncated) return {};
      return " " + std::to_string(octet(0) << 8 | octet(1));
    case mqtt::field::properties:
      if (found.code != mqtt::error::unknown_property) return {};
      [[fallthrough]];
    case mqtt::field::packet_type:
    case mqtt::field::flags:
    case mqtt::field::acknowledge_flags:
    case mqtt::field::reason_code:
      std::snprintf(text, sizeof text, " 0x%02x", octet(0));
      return text;
    default:
      return {};
  }
}

/// Another attempt would end the same way. A server that names another one isn't followed: it is told.
bool ends_it(const fault& why) { return chain::prospect_of(why) != chain::prospect::passing; }

/// What a packet breaks: its name, the field with its place, and the rule.
std::string defect_of(const mqtt::closed& what, mqtt::version protocol) {
  const auto found = mqtt::defect::from(what.why);
  const auto code = static_cast<mqtt::error>(what.why.code);
  if (what.packet.empty()) return std::string{words(code)};
  const auto type = static_cast<mqtt::packet_type>(std::to_integer<unsigned>(what.packet[0]) >> 4);
  const std::string name{words(type)};
  if (code == mqtt::error::unexpected_packet) return unexpected(type, protocol);
  if (code == mqtt::error::packet_before_connack)
    return (name.empty() ? "something else" : name) + " came before CONNACK";
  std::string result = name.empty() ? std::string{} : "in " + name + ", ";
  if (found.where != mqtt::field::none) {
    const std::string value = value_of(found, what.packet);
    result += std::string{words(found.where)} + value;
    if (found.offset != 0 || !value.empty()) result += " at byte " + std::to_string(found.offset);
    result += ": ";
  }
  return result + std::string{words(code)};
}

}  // namespace

std::string in_seconds(duration time) {
  char text[32];
  const double value = std::chrono::duration<double>(time).count();
  std::snprintf(text, sizeof text, "%.12g s", value);
  return text;
}

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

std::string_view remedy_of(tls::error code) {
  using tls::error;
  using tls::verdict;
  switch (tls::verdict_of(code)) {
    case verdict::unknown_authority:
    case verdict::self_signed:
      return "if you trust it add its certificate by --cafile FILE";
    case verdict::intermediate_missing:
      return "let the server send its intermediate certificates, or add the authority by --cafile FILE";
    case verdict::wrong_name:
      return "connect by -h to a name that it is issued for; --insecure accepts any name";
    case verdict::crl_missing:
      return "add that authority's CRL to the file of --crlfile, or leave it out";
    default:
      break;
  }
  switch (code) {
    case error::not_tls:
      return "check -p (MQTT over TLS is usually at 8883), or leave the TLS options out";
    case error::client_certificate_required:
      return "give a certificate by --cert FILE and its key by --key FILE, signed by an authority that the server "
             "trusts";
    case error::closed_in_handshake:
      return "check that this port speaks TLS, and whether a client certificate (--cert, --key) is required; the "
             "server's log says more";
    case error::key_missing:
      return "give the key by --key FILE";
    case error::key_encrypted:
    case error::pass_phrase_wrong:
      return "give the right one by --passphrase-file FILE, or on a terminal";
    default:
      return tls::remedy(code);
  }
}

outcome outcome_of(const fault& why, std::string_view cause) {
  string_sink said;
  if (why.where != layer::stream) said << chain::name_of(why.where) << ": ";
  if (!cause.empty()) {
    said << cause;
  } else if (why.where == layer::stream) {
    said << words(static_cast<stream_error>(why.code));
    if (why.detail != 0) said << " (" << std::strerror(static_cast<int>(why.detail)) << ')';
  } else {
    chain::describe_cause(why, said);
  }
  const bool of_tls = why.where == layer::tls;
  return {status_of(why), said.text,
          std::string{of_tls ? remedy_of(static_cast<tls::error>(why.code)) : chain::remedy_of(why)}, ends_it(why)};
}

outcome misuse(std::string_view what, mqtt::error why) {
  const bool of_peers = mqtt::answer_to(why) != mqtt::reason::success;  // their remedy speaks of the other side
  return {status_of(why), std::string{what} + ": " + std::string{words(why)},
          of_peers ? "correct the options" : std::string{remedy(why)}};
}

outcome outcome_of(const mqtt::closed& what, mqtt::version protocol) {
  const bool refused = is(what.why, mqtt::error::refused);
  if (!refused && !is(what.why, mqtt::error::disconnected)) {
    outcome result = outcome_of(what.why);
    if (what.why.where != layer::mqtt) return result;
    const mqtt::reason answer = mqtt::answer_to(static_cast<mqtt::error>(what.why.code));
    if (answer == mqtt::reason::success) return result;
    result.cause = "the broker broke the standard: " + std::string{words(answer)} + ": " + defect_of(what, protocol);
    const bool publish = !what.packet.empty() && std::to_integer<unsigned>(what.packet[0]) >> 4 ==
                                                     static_cast<unsigned>(mqtt::packet_type::publish);
    const bool no_message = result.status == status::oversize_packet && !publish;  // no limit of messages helps there
    if (result.status == status::malformed || result.status == status::protocol_error || no_message)
      result.remedy = "check that it is an MQTT broker, and report the defect to its maker; --pcapng records it";
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
  result.verdict = ends_it(what.why);
  return result;
}

std::string reason_words(mqtt::reason code) {
  return std::string{words(code)} + " (" + std::to_string(static_cast<unsigned>(code)) + ")";
}

std::string with_reason(std::string cause, const mqtt::properties& more) {
  return with_more(std::move(cause), more.text(mqtt::property::reason_string), {});
}

outcome refusal(std::string_view what, mqtt::reason code, const mqtt::properties& more) {
  return {static_cast<int>(code),
          with_reason("the broker refused " + std::string{what} + ": " + reason_words(code), more),
          std::string{remedy_of(code)}};
}

}  // namespace recado::app::tools
