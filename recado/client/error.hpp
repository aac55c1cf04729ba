// What can go wrong for a user of the faces, as a value and as one line of words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <recado/core/fault.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/mqtt/reason.hpp>

namespace recado::client {

/// What the faces themselves find; all else is a fault of the layer where it happened. The values stand beside those
/// of `chain::error`, which is of the same layer.
enum class error : std::uint16_t {
  bad_url = 1001,        ///< not mqtt[s]://[user[:password]@]host[:port]
  name_not_found,        ///< the system's resolver knows no address; `detail` is EAI_…
  timed_out,             ///< the call's time is over; what it asked for may still happen
  called_from_handler,   ///< a call that waits was made in a handler, where nothing it waits for can happen
  closed,                ///< `disconnect` or the destructor ended what the call waited for
  not_connected,         ///< `connect` wasn't called, or failed
  already_connected,     ///< `connect` was called twice
  message_too_long,      ///< doesn't fit the transmit buffer
  refused_by_server,     ///< the server answered with a failure; see `failure::reason`
  session_lost,          ///< the server forgot the session while the message was on its way
  no_such_subscription,  ///< it ended before
  needs_version_5,       ///< MQTT 3.1.1 has no such thing
  tls_without_mqtts,     ///< TLS options are given, and a URL says mqtt://: nothing would be encrypted
  message_expired,       ///< its Message Expiry Interval passed while it waited in the outbox
  message_crowded_out,   ///< newer messages took its place in the outbox, as `outbox_options::when_full` says
  longer_than_taken,     ///< a received message is longer than `sizes::message_max`
  no_payload_source,     ///< `publish_pieces` was given an empty one, or `payload_from_source` set by hand
  longer_than_outbox,    ///< there is no connection, and the message alone is more than `outbox_options::bytes_max`
  nobody_receives,       ///< a message of a resumed session that nobody asked for, and the queue is full of such
  too_many_brokers,      ///< `connect` and `start` take 32 at most
};
constexpr layer layer_of(error) { return layer::application; }

/// The cause as half a sentence.
std::string_view words(error what);
/// What the user can do about it.
std::string_view remedy(error what);

/// Why a call failed.
struct failure {
  fault why;                                    ///< what happened, and in which layer
  mqtt::reason reason = mqtt::reason::success;  ///< the server's, where it gave one
  std::string line;                             ///< who, the cause and the remedy, in one line without its end

  /// True if anything failed.
  explicit operator bool() const { return static_cast<bool>(why); }
};

/// Puts it in words. `cause` replaces the fault's own where more is known about this very case.
failure make_failure(fault why, std::string_view cause = {}, mqtt::reason reason = mqtt::reason::success);
/// The same for the code of any module.
template <class Error>
failure make_failure(Error code, std::uint32_t detail = 0) {
  return make_failure(recado::make_fault(code, detail));
}

/// Of what a call was given. What a server must not send either has a remedy of its own here: it's the caller's to
/// mend.
failure make_failure(mqtt::error code);

}  // namespace recado::client
