// A session laid down: what an idle connection has to remember.
//
// Most of a session is about what is under way: the log, exchanges in flight, a message half received. A server's peer
// with ten thousand idle connections needs none of that ten thousand times. What the server announced and when the
// next PINGREQ is due is all that such a connection has of its own.
#pragma once

#include <recado/core/instant.hpp>
#include <recado/mqtt/announcements.hpp>
#include <recado/mqtt/codec.hpp>
#include <recado/mqtt/keep_alive.hpp>
#include <recado/mqtt/options.hpp>

namespace recado::mqtt {

/// Made by `session::rest`, taken by `session::wake`. Copies mean the same connection.
class session_at_rest {
 public:
  /// When it has to be woken at the latest, for a PINGREQ or because its answer is late.
  instant deadline() const { return clock_.deadline(); }

 private:
  friend class session;

  keep_alive clock_;
  announcements server_;
  decode_options decoding_;
  std::uint32_t requested_expiry_s_ = 0;
  std::uint32_t method_hash_ = 0;
  std::uint16_t receive_maximum_ = 0;
  std::uint16_t requested_keep_alive_s_ = 0;
  lost_session when_lost_ = lost_session::publish_again;
  bool declined_problem_ = false;
  bool deferred_ = false;
  bool automatic_aliases_ = false;
  std::uint8_t unheard_ = 0;
};

}  // namespace recado::mqtt
