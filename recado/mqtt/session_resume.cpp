// What becomes of the messages in flight when a connection is accepted (§4.4): they are sent again in their order, or,
// if the server forgot the session, published anew or reported.
#include <recado/mqtt/session.hpp>

namespace recado::mqtt {
namespace {

constexpr std::byte duplicate_bit{8};
constexpr std::byte retain_bit{1};

}  // namespace

// [MQTT-4.4.0-1], in the order of 4.6 [MQTT-4.6.0-1] [MQTT-4.6.0-4].
void session::resume() {
  for (place at = log_.order().oldest; at != no_place; at = flights_[at].newer)
    if ((flights_[at].marks & mark_attempted) != 0) log_.packet(at)[0] |= duplicate_bit;  // [MQTT-3.3.1-1]
  send_kept_again();
  unreleased_ = releases_.oldest;
  pump();
}

// The server has no session, so neither has this side [MQTT-3.2.2-5]. Messages whose bytes are here become new ones;
// of those behind PUBREC nobody knows whether the old session delivered them.
void session::start_over() {
  received_.clear();
  while (!releases_.empty()) {
    const place at = releases_.oldest;
    flights_.remove(releases_, at);
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
    flights_[at].marks = 0;
    log_.packet(at)[0] &= ~duplicate_bit;
  }
  send_kept_again();
}

// Nothing is pending now: CONNECT was sent, and commands are refused before CONNACK.
void session::send_kept_again() {
  drop_impossible();
  if (log_.order().empty()) return;
  log_.send_again();
  for (place at = log_.order().oldest; at != no_place; at = flights_[at].newer) flights_[at].marks |= mark_waiting;
  resend_ = log_.order().oldest;
  permit_resends();
  next_stream(log_.order().oldest);
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
    if ((log_.packet(at)[0] & retain_bit) != std::byte{0} && !server_.retain_available)
      why = reason::retain_not_supported;
    if (why == reason::success) continue;
    log_.release(at);
    report(at, outcome::answered, why);
    dropped = true;
  }
  if (dropped) log_.drop_unsent();  // packs the rest
}

// Receive Maximum counts on each connection anew, and for what is sent again too (§4.9).
void session::permit_resends() {
  while (resend_ != no_place && quota_ != 0) {
    flights_[resend_].marks = static_cast<std::uint8_t>(flights_[resend_].marks & ~mark_waiting);
    resend_ = flights_[resend_].newer;
    --quota_;
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

session::answer session::next_report() {
  const place at = reports_.oldest;
  const outgoing_flight flight = flights_[at];
  flights_.remove(reports_, at);
  flights_.release(at);
  const auto waited_for = static_cast<stage>(flight.payload);
  const auto how = static_cast<outcome>(flight.length >> 8);
  const token name{flight.packet_identifier};
  if (waited_for == stage::suback) return subscribed{.token = name, .reasons = {}, .outcome = how, .properties = {}};
  if (waited_for == stage::unsuback)
    return unsubscribed{.token = name, .reasons = {}, .outcome = how, .properties = {}};
  return acknowledged{.token = name,
                      .tag = flight.tag,
                      .qos = waited_for == stage::puback ? qos::at_least_once : qos::exactly_once,
                      .reason = static_cast<reason>(flight.length & 0xff),
                      .outcome = how,
                      .properties = {}};
}

}  // namespace recado::mqtt
