// Whose session the broker has: with --session it has to be the one that the folder is of.
#include "client.hpp"

namespace recado::app::tools {
namespace {

constexpr unsigned anew_max = 2;  // a clean session, and one that lasts

}  // namespace

std::unique_ptr<kept_session> client::open_session(const settings& how) {
  return how.session.empty() ? nullptr : std::make_unique<kept_session>(how.session, how.durability(), true);
}

// Of one that is damaged more may be known than whose it is; that is gone on with.
bool client::knows_no_session() const {
  if (!kept_ || kept_->known()) return false;
  const chain::stored_counts there = kept_->store().counts();
  return there.messages + there.released + there.received + there.subscriptions == 0;
}

// True if another connection is needed before the session can be used. A session that nothing is known of here may have
// identifiers of QoS 2 in flight, which would swallow new messages: it is left, and cleared by the next connection
// [MQTT-3.2.2-4]. One of 3.1.1 that began clean would end with its connection [MQTT311-3.1.2-6], and with it what is in
// flight: one that lasts follows it.
bool client::is_passing(const mqtt::connected& what) {
  const std::uint32_t there = number_of(here());
  const bool cleared = places_.stale_at(there);
  const bool unknown = what.session_present && unknown_;
  if (unknown) places_.leave(there);
  else places_.accepted(there, what.session_present);
  const bool ends = cleared && how_.keep_session && !how_.version_5();
  if (!unknown && !ends) return anew_ = 0, unknown_ = false;
  if (unknown && anew_ == 0)
    say("the broker has a session of '" + printable(identifier_) + "' that " + kept_->folder() +
        " knows nothing of: it is told to forget that one, with what waits in it");
  return true;
}

void client::connect_anew() {
  if (++anew_ <= anew_max) {
    again_ = true;
    (void)session_.disconnect();
    return;
  }
  end({status::protocol_error, "the broker keeps a session of '" + printable(identifier_) + "' that it was to forget",
       "end other clients of that name, or use another one by -i"});
}

}  // namespace recado::app::tools
