#include <recado/mqtt/session.hpp>

#include <utility>

namespace recado::mqtt {

std::optional<session_at_rest> session::rest() {
  const bool busy = something_due() || partial_ || pieces_ || authenticating_ || challenged_ || mid_packet() ||
                    flights_.used() != 0 || received_.size() != 0 || !owed_.empty() || next_output() != output::none;
  const bool bound = journal_ != nullptr || authenticator_ != nullptr || explainer_ != nullptr ||
                     incoming_aliases_.count() != 0 || outgoing_aliases_.count() != 0;
  if (state_ != state::online || busy || bound) return std::nullopt;
  session_at_rest kept;
  kept.clock_ = clock_;
  kept.server_ = server_;
  kept.decoding_ = decoding_;
  kept.requested_expiry_s_ = requested_expiry_s_;
  kept.method_hash_ = method_hash_;
  kept.receive_maximum_ = receive_maximum_;
  kept.requested_keep_alive_s_ = requested_keep_alive_s_;
  kept.when_lost_ = when_lost_;
  kept.declined_problem_ = declined_problem_;
  kept.deferred_ = deferred_;
  kept.automatic_aliases_ = automatic_aliases_;
  kept.unheard_ = std::exchange(unheard_, std::uint8_t{0});  // whoever is next in this memory has heard all
  reset_connection();
  return kept;
}

std::expected<void, error> session::wake(const session_at_rest& what) {
  if (state_ == state::connecting || state_ == state::online) return result_of(error::already_connected);
  if (state_ == state::ended) reset_connection();
  connect_ready_ = stream_open_ = closed_due_ = doubt_ = false;
  unheard_ = what.unheard_;
  log_.drop_unsent();
  clock_ = what.clock_;
  server_ = what.server_;
  decoding_ = what.decoding_;
  requested_expiry_s_ = what.requested_expiry_s_;
  method_hash_ = what.method_hash_;
  receive_maximum_ = what.receive_maximum_;
  requested_keep_alive_s_ = what.requested_keep_alive_s_;
  when_lost_ = what.when_lost_;
  declined_problem_ = what.declined_problem_;
  deferred_ = what.deferred_;
  automatic_aliases_ = what.automatic_aliases_;
  state_ = state::online;
  was_online_ = true;
  return result_of(error::none);
}

}  // namespace recado::mqtt
