// What the conductors and the application themselves can find wrong; everything else is a machine's own fault.
#pragma once

#include <cstdint>

#include <recado/core/fault.hpp>
#include <recado/core/phrase.hpp>

namespace recado::chain {

/// What a conductor can fail with; the layer of the fault is the application.
enum class error : std::uint16_t {
  no_answer_in_time = 1,  ///< a rung's patience was used up; `detail` is the rung
  gave_up,                ///< as many rounds as allowed have failed
  no_time_server,         ///< no time server answered and the clock may not be trusted
  no_broker,              ///< no broker is configured
  no_dns_server,          ///< a name has to be resolved and no DNS server is known
  outbox_full,            ///< no room for a further message; nothing was changed
  message_too_long,       ///< the message doesn't fit the outbox even when it is empty
  link_is_down,           ///< the cable is out or the interface is down
  subscription_refused,   ///< the broker refused the subscription; `detail` is the reason code
  message_differs,        ///< what came back is not what was sent
  message_missing,        ///< what was sent did not come back in time
  storage_failed,         ///< the board's storage could not be read or written
  speaks_tls,             ///< without TLS configured, the broker's port answered in TLS
  closed_before_answer,   ///< without TLS, the broker closed the connection instead of answering CONNECT
  not_kept,               ///< the session's storage did not take a message that was to wait
  other_session,          ///< the stored session has another client identifier, version or size than is configured
};
constexpr layer layer_of(error) { return layer::application; }

/// What happened, as half a sentence.
phrase words(error what);
/// What the user can do about it.
phrase remedy(error what);

}  // namespace recado::chain
