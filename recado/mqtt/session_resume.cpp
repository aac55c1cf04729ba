// What becomes of the messages in flight when a connection is accepted (§4.4): they are sent again in their order, or,
// if the server forgot the session, published anew or reported.
#include <recado/mqtt/session.hpp>

namespace recado::mqtt {
namespace {

constexpr std::byte duplicate_bit{8};
constexpr std::byte retain_bit{1};
constexpr std::uint8_t reconcilings_max = 2;
constexpr std::uint8_t unheard_max = 3;

}  // namespace

// [MQTT-4.4.0-1], in the order of 4.6 [MQTT-4.6.0-1] [MQTT-4.6.0-4].
void session::resume() {
  for (place at = log_.order().oldest; at != no_place; at = flights_[at].newer)
    if ((flights_[at].marks & mark_attempted) != 0) log_.first_byte(at) |= duplicate_bit;  // [MQTT-3.3.1-1]
  send_kept_again();
  unreleased_ = releases_.oldest;
  pump();
}

// The answer to an earlier CONNECT was never heard, or went with the power: if it said that the server had lost the
// session, the one that is resumed now began then. Nobody has used it yet: it has no subscriptions, so no messages
// either, and what is sent again is new to it, as after any loss. Only the received identifiers would be in the way of
// its first messages. PUBREC is said again for each: whoever knows the message answers PUBREL as ever, who does not
// must, too [MQTT-4.3.3-4], and then it is forgotten on both sides. `connected` waits for that, and with it SUBSCRIBE;
// or for a message, which only the old session can have, or until CONNACK would have been too late. Where connections
// were lost over that twice, the next ones ask but do not wait.
bool session::reconciles() {
  if (!doubt_ || received_.size() == 0) return false;
  asking_ = 1;
  pump();
  if (vain_ == reconcilings_max) {
    note_unheard();
    return false;
  }
  ++vain_;
  return true;
}

// A server may take a CONNECT late, behind one that it has answered, and begin a session then: whatever is resumed
// afterwards may be that one. So each CONNECT that nobody heard an answer to casts its doubt on one session resumed.
void session::note_unheard() {
  if (unheard_ < unheard_max) ++unheard_;
}

// The power would take the count with it.
void session::tell_unheard() {
  if (journal_ != nullptr && unheard_ != 0) journal_->unanswered(unheard_);
}

// Whether the server has the `same` session that this side has.
void session::settle(bool same) {
  if (same || received_.size() == 0) asking_ = 0, vain_ = 0;
  if (doubt_ && unheard_ != 0) --unheard_;
  doubt_ = connected_due_ = false;
  if (journal_ != nullptr) journal_->certain(same);
  tell_unheard();
}

void session::tell_certain(bool same) {
  settle(same);
  tell<connected>(true, !same);
}

// The server has no session, so neither has this side [MQTT-3.2.2-5]. Messages whose bytes are here become new ones;
// of those behind PUBREC nobody knows whether the old session delivered them.
void session::start_over() {
  doubt_ = false, vain_ = 0;
  received_.clear();
  if (journal_ != nullptr) journal_->session_lost(when_lost_);
  while (!releases_.empty()) {
    const place at = releases_.oldest;
    flights_.remove(releases_, at), --completing_;
    report(at, outcome::session_lost, reason::packet_identifier_not_found);
  }
  if (when_lost_ == lost_session::report) {
    while (!log_.order().empty()) {
      const place at = log_.order().oldest;
      log_.release(at);
      report(at, outcome::session_lost, reason::success);
    }
    return;
  }
  for (place at = log_.order().oldest; at != no_place; at = flights_[at].newer) {
    flights_[at].marks &= mark_text;
    log_.first_byte(at) &= ~duplicate_bit;
  }
  send_kept_again();
}

// What waits for PUBCOMP still counts towards the server's Receive Maximum [MQTT-3.3.4-7].
void session::send_kept_again() {
  drop_impossible();
  for (place at = releases_.oldest; at != no_place; at = flights_[at].newer) ++charged_;
  for (place at = log_.order().oldest; at != no_place; at = flights_[at].newer) {
    flights_[at].marks |= mark_waiting | mark_again;
    if (is_long(at)) ++long_again_;
  }
  resend_ = waiting_ = log_.order().oldest;
  permit_resends();
}

// The one behind it of those that are sent again; new messages follow them.
place session::next_again(place at) const {
  const place next = flights_[at].newer;
  return next != no_place && (flights_[next].marks & mark_again) != 0 ? next : no_place;
}

// Its answer came, so it is not sent again after all.
void session::spare_resend(place at) {
  if (at == resend_) resend_ = next_again(at);
  if (at == waiting_) waiting_ = next_again(at);
  if (is_long(at)) --long_again_;
  flights_[at].marks &= static_cast<std::uint8_t>(~mark_again);
}

// What is sent again goes from its place in the log, and not through what is pending there: a message that waits for
// the server's quota holds up nothing else [MQTT-3.3.4-8] [MQTT-4.9.0-3]. Packets that lie together leave together.
bool session::sends_again() const {
  if (resend_ == no_place || streaming()) return false;
  if ((flights_[resend_].marks & mark_waiting) != 0) return false;
  const bool log_goes_first = is_long(resend_) ? log_.unsent() != 0 : log_first_;  // long ones need the room
  return resend_sent_ != 0 || log_.pinned() || (!log_goes_first && state_ == state::online);
}

bytes session::resend_output() const {
  constexpr std::size_t run_bytes_max = 65'536;
  std::size_t size = flights_[resend_].length;
  for (place at = resend_; !is_long(resend_) && size < run_bytes_max; size += flights_[at].length) {
    const std::size_t end = flights_[at].offset + flights_[at].length;
    at = next_again(at);
    if (at == no_place || flights_[at].offset != end || is_long(at)) break;
    if ((flights_[at].marks & mark_waiting) != 0) break;
  }
  return {&log_.first_byte(resend_) + resend_sent_, size - resend_sent_};
}

void session::sent_again(std::size_t n) {
  log_.pin(false);
  resend_sent_ += static_cast<std::uint32_t>(n);
  while (resend_ != no_place && resend_sent_ >= flights_[resend_].length) {
    const place done = resend_;
    resend_sent_ -= flights_[done].length;
    resend_ = next_again(done);
    flights_[done].marks &= static_cast<std::uint8_t>(~mark_again);
    if (!is_long(done)) continue;
    --long_again_;
    begin_stream(done, flights_[done].payload, flights_[done].tag, (flights_[done].marks & mark_text) != 0);
    stream_waits_ = false;
  }
}

// What the server announced this time may forbid what an earlier connection allowed.
void session::drop_impossible() {
  place next = no_place;
  bool dropped = false;
  for (place at = log_.order().oldest; at != no_place; at = next) {
    outgoing_flight& flight = flights_[at];
    next = flight.newer;
    const bool twice = static_cast<stage>(flight.stage) == stage::pubrec;
    reason why = reason::success;
    if (std::uint64_t{flight.length} + flight.payload > server_.maximum_packet_size) why = reason::packet_too_large;
    if ((twice ? qos::exactly_once : qos::at_least_once) > server_.maximum_qos) why = reason::qos_not_supported;
    if ((log_.first_byte(at) & retain_bit) != std::byte{0} && !server_.retain_available)
      why = reason::retain_not_supported;
    if (why == reason::success) continue;
    log_.release(at);
    dropped = true;
    // The server may wait for PUBREL, and would take a new message with that identifier for this one: PUBCOMP tells
    // whether it had it, `success`, or not, `packet_identifier_not_found`.
    if (twice && (flight.marks & mark_attempted) != 0) await_pubcomp(at);
    else report(at, outcome::answered, why);
  }
  if (dropped) log_.drop_unsent();  // packs the rest
}

// Receive Maximum counts on each connection anew, and for what is sent again too (§4.9).
void session::permit_resends() {
  for (; waiting_ != no_place && send_quota() != 0; ++charged_) {
    flights_[waiting_].marks &= static_cast<std::uint8_t>(~mark_waiting);
    waiting_ = next_again(waiting_);
  }
}

// The flight must be in no list; the application is told by one of the next events.
void session::report(place at, outcome how, reason why) {
  outgoing_flight& flight = flights_[at];
  flight.payload = flight.stage;
  flight.length = static_cast<std::uint32_t>(why) | static_cast<std::uint32_t>(how) << 8;
  flight.stage = static_cast<std::uint8_t>(stage::report);
  flights_.append(reports_, at);
}

void session::tell_report() {
  const place at = reports_.oldest;
  const outgoing_flight& flight = flights_[at];  // as it was until it is taken again
  flights_.remove(reports_, at);
  flights_.release(at);
  const auto waited_for = static_cast<stage>(flight.payload);
  const auto how = static_cast<outcome>(flight.length >> 8);
  // Only now, and with the next `commit` only if it is lost: were the power to go before the application is told, the
  // message would be lost unseen.
  if (journal_ != nullptr && waited_for != stage::suback && waited_for != stage::unsuback)
    journal_->finished(flight.packet_identifier);
  const token name{flight.packet_identifier};
  if (waited_for == stage::suback || waited_for == stage::unsuback)
    return tell_subscribed(waited_for == stage::suback, name, {}, how, {});
  tell<acknowledged>(name, flight.tag, waited_for == stage::puback ? qos::at_least_once : qos::exactly_once,
                     static_cast<reason>(flight.length & 0xff), how);
}

// What an earlier run of the program left. Nothing of it is to be sent before a connection is accepted.
std::expected<mutable_bytes, error> session::restore(std::uint16_t identifier, qos level, std::uint32_t tag,
                                                     std::size_t size) {
  if (state_ != state::idle) return std::unexpected{error::already_connected};
  if (size > log_.capacity() - log_.kept() || !log_.make_room(size)) return std::unexpected{error::no_room};
  const place at = flights_.take_again(identifier, level == qos::at_least_once ? stage::puback : stage::pubrec);
  if (at == no_place) return std::unexpected{error::identifier_taken};
  flights_[at].tag = tag;
  flights_[at].marks = mark_attempted;
  log_.append(size, at);
  log_.drop_unsent();
  return log_.packet(at);
}

std::expected<void, error> session::restore_released(std::uint16_t identifier, std::uint32_t tag) {
  if (state_ != state::idle) return result_of(error::already_connected);
  const place at = flights_.take_again(identifier, stage::pubcomp);
  if (at == no_place) return result_of(error::identifier_taken);
  flights_[at].tag = tag;
  flights_.append(releases_, at);
  ++completing_;
  return result_of(error::none);
}

std::expected<void, error> session::restore_lost(std::uint16_t identifier, qos level, std::uint32_t tag,
                                                 bool was_released) {
  if (state_ != state::idle) return result_of(error::already_connected);
  const place at = flights_.take_again(identifier, level == qos::at_least_once ? stage::puback : stage::pubrec);
  if (at == no_place) return result_of(error::identifier_taken);
  flights_[at].tag = tag;
  report(at, outcome::session_lost, was_released ? reason::packet_identifier_not_found : reason::success);
  return result_of(error::none);
}

std::expected<void, error> session::restore_received(std::uint16_t identifier) {
  if (state_ != state::idle) return result_of(error::already_connected);
  if (identifier == 0 || received_.contains(identifier)) return result_of(error::identifier_taken);
  if (!received_.insert(identifier)) return result_of(error::incoming_table_full);
  return result_of(error::none);
}

}  // namespace recado::mqtt
