// How a tool ends: an exit status as mosquitto's clients have it, and one line of words.
#pragma once

#include <string>
#include <string_view>

#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/mqtt/event.hpp>
#include <recado/mqtt/types.hpp>
#include <recado/tls/error.hpp>

namespace recado::app::tools {

/// Exit statuses as libmosquitto numbers its errors; refusals by the broker end with the reason code (5.0: 128 and
/// above; 3.1.1: the return code, 1 to 5).
namespace status {
inline constexpr int success = 0, failed = 1, protocol_error = 2, connection_lost = 7, tls = 8, too_large = 9,
                     proxy = 16, keep_alive = 19, malformed = 21, qos_not_offered = 24, oversize_packet = 25,
                     timed_out = 27, retain_not_offered = 28;
}

/// Not successful if `status` isn't 0; then `cause` says why.
struct outcome {
  int status = status::success;
  std::string cause{};
  std::string remedy{};
  bool verdict = false;  ///< to connect again would end the same way (`chain::prospect`)
};

/// The end of a connection by the session, in words. `protocol` decides how a refusal is numbered.
outcome outcome_of(const mqtt::closed& what, mqtt::version protocol);
/// A fault of any layer. `cause` replaces the layer's own words where more is known.
outcome outcome_of(const fault& why, std::string_view cause = {});
/// What the options ask for and can't be had: "WHAT: cause".
outcome misuse(std::string_view what, mqtt::error why);
/// An answer of the broker that refuses: "the broker refused WHAT: Not authorized (135): reason string".
outcome refusal(std::string_view what, mqtt::reason code, const mqtt::properties& more);
/// "Not authorized (135)", and a cause with the Reason String behind it, if there is one.
std::string reason_words(mqtt::reason code);
std::string with_reason(std::string cause, const mqtt::properties& more);
/// What a user can do about a reason code.
std::string_view remedy_of(mqtt::reason code);
/// The same about an error of TLS, by the options of the tools.
std::string_view remedy_of(tls::error code);

/// "30 s", "0.5 s".
std::string in_seconds(duration time);
/// Texts of a stranger without control characters.
std::string printable(std::string_view text);

}  // namespace recado::app::tools
