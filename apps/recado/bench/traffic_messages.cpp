#include "traffic.hpp"

#include "../command.hpp"
#include "../console.hpp"

namespace recado::app::bench {
namespace {

bool passes_by_itself(mqtt::error why) {
  using enum mqtt::error;
  return why == no_room || why == receive_maximum_reached || why == flight_table_full || why == payload_pending ||
         why == not_connected;
}

}  // namespace

tally& traffic::client::tally_of(std::uint16_t whose) {
  if (last_tally == nullptr || whose != last_sender) last_sender = whose, last_tally = &tallies[whose];
  return *last_tally;
}

// The messages of all clients take turns: with a rate, number k is the (k / clients)th of client k % clients.
instant traffic::due_time(const client& one, std::uint64_t message) const {
  const double number = static_cast<double>(message * clients_.size() + one.number);
  return begun_ + duration{static_cast<std::int64_t>(number * 1e6 / what_.rate)};
}

void traffic::make_due(instant now) {
  const double passed = std::chrono::duration<double>{now - begun_}.count();
  const auto due = static_cast<std::uint64_t>(passed * what_.rate) + 1;
  const std::uint64_t wanted = what_.count ? std::min(due, *what_.count) : due;
  for (std::uint64_t k = due_; k < std::min(wanted, due_ + clients_.size()); ++k) queue(*clients_[k % clients_.size()]);
  due_ = std::max(due_, wanted);
}

bool traffic::may_publish(const client& one) const {
  if (phase_ != phase::running || one.published >= one.share) return false;
  if (what_.rate != 0) return one.published * clients_.size() + one.number < due_;
  return what_.what != kind::rtt || one.awaited < what_.in_flight;
}

// True if anything was published.
bool traffic::fill(client& one, instant now) {
  if (!what_.publishes() || phase_ != phase::running) return false;
  const std::uint64_t before = one.published;
  while (may_publish(one) && publish_one(one, now)) {
  }
  if (one.published == before) return false;
  moved_ = now;
  return true;
}

bool traffic::publish_one(client& one, instant now) {
  const bool answered = what_.how.qos != mqtt::qos::at_most_once;
  if (answered && one.free_tags.empty()) return false;
  const instant due = what_.rate != 0 ? due_time(one, one.published) : now;
  const duration on_clock = what_.what == kind::rtt ? duration{} : to_utc_;
  if (payload_.size() >= mark_bytes)
    write({one.sender, one.published, (due.time_since_epoch() + on_clock).count()}, payload_.data());
  const std::uint32_t tag = answered ? one.free_tags.back() : 0;
  const auto sent =
      one.connection.session().publish({.topic = one.topic, .payload = payload_, .qos = what_.how.qos, .tag = tag});
  if (!sent) {
    if (passes_by_itself(sent.error())) return false;
    const tools::outcome why = tools::misuse("it is not possible to publish", sent.error());
    throw failure(why.cause, why.remedy, why.status);
  }
  if (answered) one.free_tags.pop_back(), one.due_at[tag] = due;
  ++one.published, ++published_;
  if (what_.what == kind::rtt) ++one.awaited;
  return true;
}

instant traffic::heard_at() {
  if (exact_ || heard_ == instant{}) heard_ = posix::now();
  return heard_;
}

void traffic::hear(client& one, mqtt::session_event& what) {
  if (const auto* message = std::get_if<mqtt::message_received>(&what))
    return on_arrival(one, message->payload, message->payload.size());
  if (const auto* done = std::get_if<mqtt::acknowledged>(&what)) return on_acknowledged(one, *done);
  if (std::holds_alternative<mqtt::connected>(what)) return on_connected(one);
  if (const auto* done = std::get_if<mqtt::subscribed>(&what)) return on_subscribed(one, *done);
  on_piece(one, what);
}

void traffic::on_connected(client& one) {
  if (what_.subscribes()) {
    const mqtt::subscription wanted[] = {{.filter = one.filter, .qos = what_.how.qos}};
    if (const auto asked = one.connection.session().subscribe(wanted); !asked)
      fail(tools::misuse("it is not possible to subscribe to " + one.filter, asked.error()));
    return;
  }
  ++ready_;
  open_more(posix::now());
}

void traffic::on_subscribed(const client& one, const mqtt::subscribed& what) {
  for (const mqtt::reason each : what.reasons) {
    if (mqtt::is_failure(each)) return fail(tools::refusal("the subscription", each, what.properties));
    const auto granted = static_cast<mqtt::qos>(each);
    if (granted < granted_.value_or(what_.how.qos))
      err() << "recado bench: the broker grants QoS " << std::to_string(static_cast<int>(granted)) << " to "
            << one.filter << '\n';
    granted_ = std::min(granted, granted_.value_or(granted));
  }
  ++ready_;
  open_more(posix::now());
}

/// Of a message that is longer than the buffer only the beginning matters.
void traffic::on_piece(client& one, const mqtt::session_event& what) {
  if (const auto* begin = std::get_if<mqtt::message_begin>(&what))
    one.beginning.clear(), one.announced = begin->payload_size;
  const auto* part = std::get_if<mqtt::message_part>(&what);
  if (part != nullptr) moved_ = heard_at();
  if (part != nullptr && one.beginning.size() < mark_bytes)
    one.beginning.insert(one.beginning.end(), part->payload.begin(),
                         part->payload.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                     part->payload.size(), mark_bytes - one.beginning.size())));
  if (std::holds_alternative<mqtt::message_end>(what)) on_arrival(one, one.beginning, one.announced);
}

void traffic::on_arrival(client& one, bytes payload, std::size_t size) {
  const instant at = heard_at();
  const auto found = read(payload);
  const bool known = found && (what_.what == kind::receive || found->sender == one.sender);
  if (!known) ++foreign_;
  if (!known && what_.what == kind::rtt) return;
  if (begun_ == never) begun_ = at;
  ++received_, received_bytes_ += size;
  last_ = at;
  if (!known) return;
  tally& seen = one.tally_of(found->sender);
  const std::uint64_t before = seen.different();
  seen.note(found->number);
  const duration on_clock = what_.what == kind::rtt ? duration{} : to_utc_;
  latency_.add((at.time_since_epoch() + on_clock).count() - found->time_us);
  if (what_.what == kind::rtt && seen.different() != before && one.awaited != 0) --one.awaited;
}

void traffic::on_acknowledged(client& one, const mqtt::acknowledged& what) {
  const instant at = heard_at();
  if (what.outcome != mqtt::outcome::answered) return;
  one.free_tags.push_back(what.tag);
  if (mqtt::is_failure(what.reason)) {
    ++refused_;
    if (what_.what == kind::publish) last_ = at;
    else if (one.awaited != 0) --one.awaited;
    return;
  }
  ++acknowledged_;
  if (what_.what != kind::publish) return;
  last_ = at;
  latency_.add((at - one.due_at[what.tag]).count());
}

}  // namespace recado::app::bench
