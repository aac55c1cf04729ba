#include <recado/chain/prospect.hpp>

#include <recado/chain/error.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/mqtt/reason.hpp>
#include <recado/tls/error.hpp>

namespace recado::chain {
namespace {

prospect of_reason(mqtt::reason code) {
  using enum mqtt::reason;
  switch (code) {
    case use_another_server:
    case server_moved:
      return prospect::elsewhere;
    case malformed_packet:
    case protocol_error:
    case unsupported_protocol_version:
    case client_identifier_not_valid:
    case bad_user_name_or_password:
    case not_authorized:
    case banned:
    case bad_authentication_method:
    case session_taken_over:  // another client has our identifier: two that come back take turns for ever
    case topic_filter_invalid:
    case topic_name_invalid:
    case receive_maximum_exceeded:
    case topic_alias_invalid:
    case packet_too_large:
    case payload_format_invalid:
    case retain_not_supported:
    case qos_not_supported:
    case shared_subscriptions_not_supported:
    case subscription_identifiers_not_supported:
    case wildcard_subscriptions_not_supported:
      return prospect::final;
    default:
      return prospect::passing;
  }
}

prospect of_mqtt(const fault& why) {
  const auto code = static_cast<mqtt::error>(why.code);
  if (code == mqtt::error::refused || code == mqtt::error::disconnected)
    return of_reason(static_cast<mqtt::reason>(why.detail));
  switch (code) {  // what is wrong with the options stays wrong
    case mqtt::error::string_too_long:
    case mqtt::error::message_too_large:
    case mqtt::error::needs_version_5:
    case mqtt::error::version_not_built:
    case mqtt::error::extra_not_built:
    case mqtt::error::client_identifier_needed:
    case mqtt::error::password_without_user_name:
    case mqtt::error::memory_too_small:
    case mqtt::error::two_authentications:
    case mqtt::error::needs_saslprep:
    case mqtt::error::server_takes_too_little:
      return prospect::final;
    default:
      break;
  }
  return of_reason(mqtt::answer_to(code));  // what this side found wrong with what the server sent
}

tls::verdict verdict_of(const fault& why) { return tls::verdict_of(static_cast<tls::error>(why.code)); }

prospect of_tls(const fault& why) {
  const tls::verdict judged = verdict_of(why);
  const bool by_date = judged == tls::verdict::expired || judged == tls::verdict::not_yet_valid;
  if (by_date && tls::clock_was_guessed(why.detail)) return prospect::passing;  // the time may be found yet
  using enum tls::error;
  switch (static_cast<tls::error>(why.code)) {
    case closed_in_handshake:
    case handshake_timed_out:
    case alert_received:
    case record_damaged:
    case truncated:
    case closed_by_peer:
    case closed_here:
    case out_of_memory:
    case backend_failed:
    case not_tls:  // a proxy or a load balancer whose broker is away says something else, too
      return prospect::passing;
    default:
      return prospect::final;  // certificates, names, keys, versions, a broken protocol
  }
}

}  // namespace

prospect prospect_of(const fault& why) {
  if (why.where == layer::mqtt) return of_mqtt(why);
  if (why.where == layer::tls) return of_tls(why);
  if (is(why, error::subscription_refused)) return of_reason(static_cast<mqtt::reason>(why.detail));
  return prospect::passing;
}

bool blames_a_date(const fault& why) {
  if (why.where != layer::tls) return false;
  const tls::verdict judged = verdict_of(why);
  return judged == tls::verdict::expired || judged == tls::verdict::not_yet_valid ||
         judged == tls::verdict::crl_expired;
}

bool moved_for_good(const fault& why) {
  const bool by_server = is(why, mqtt::error::refused) || is(why, mqtt::error::disconnected);
  return by_server && why.detail == static_cast<std::uint32_t>(mqtt::reason::server_moved);
}

}  // namespace recado::chain
