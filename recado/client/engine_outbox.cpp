// Messages that wait for a connection: into the outbox, out of it into the session, or lost and told.
#include <recado/client/engine.hpp>

#include <utility>

#include <recado/mqtt/check.hpp>
#include <recado/mqtt/topic.hpp>

namespace recado::client {

// What is wrong with the message itself is said now: nobody listens any more when it leaves. Under the mutex.
std::expected<publication, failure> engine::keep_for_later(const mqtt::message& what) {
  const bool answered = what.qos != mqtt::qos::at_most_once;
  if (what.topic_alias != 0) return std::unexpected{make_failure(mqtt::error::alias_not_available)};
  if (const auto valid = mqtt::check_topic_name(what.topic); !valid)
    return std::unexpected{make_failure(valid.error())};
  if (options_.version == mqtt::version::v3_1_1 && !what.properties.empty())
    return std::unexpected{make_failure(mqtt::error::needs_version_5)};
  if (const auto wrong = mqtt::check_properties(what.properties, mqtt::property_in::publish);
      wrong != mqtt::error::none)
    return std::unexpected{make_failure(wrong)};
  if (answered && free_flights_.empty()) return std::unexpected{make_failure(chain::error::outbox_full)};
  // A message that is crowded out gives its place back: this one's is taken before.
  const std::uint32_t place = answered ? free_flights_.take() : 0;
  const auto kept = outbox_.push({.topic = what.topic,
                                  .payload = what.payload,
                                  .qos = what.qos,
                                  .retain = what.retain,
                                  .tag = place,
                                  .properties = what.properties},
                                 posix::now());
  if (!kept) {
    if (answered) free_flights_.give_back(place);
    if (kept.error() == chain::error::message_too_long)
      return std::unexpected{
          make_failure(what.payload.size() < transmit_.size() ? error::longer_than_outbox : error::message_too_long)};
    return std::unexpected{make_failure(kept.error())};
  }
  work();
  return answered ? publication{flights_[place].number} : publication{};
}

// As much as the session takes now, in order. Under the mutex.
void engine::pump_outbox(instant now) {
  if (!online_ || outbox_.empty()) return;
  bool moved = false;
  while (const auto next = outbox_.front(now)) {
    const bool answered = next->qos != mqtt::qos::at_most_once;
    if (answered && in_session_ >= options_.sizes.in_flight) break;
    const mqtt::message what{.topic = next->topic,
                             .payload = next->payload,
                             .qos = next->qos,
                             .retain = next->retain,
                             .tag = next->tag,
                             .properties = next->properties};
    if (outbox_.cost(*next) + 64 > longest_message_) {
      give_up(*next, recado::make_fault(error::message_too_long));
    } else if (const auto sent = session_.publish(what); sent) {
      if (answered) ++in_session_;
    } else if (goes_by(sent.error())) {
      break;
    } else {
      give_up(*next, recado::make_fault(sent.error()));
    }
    outbox_.pop();
    moved = true;
  }
  if (!moved) return;
  work();
  changed();
}

void engine::lost(const chain::waiting_message& what, chain::outbox_loss why) {
  const bool expired = why == chain::outbox_loss::expired;
  give_up(what, recado::make_fault(expired ? error::message_expired : error::message_crowded_out));
  if (waiting_for_room_ != 0) changed();
}

void engine::give_up(const chain::waiting_message& what, const fault& why) {
  if (what.qos != mqtt::qos::at_most_once) {
    settle(flights_[what.tag], {.reason = mqtt::reason::success, .why = why});
    release(what.tag);
  }
  report({.topic = std::string{what.topic},
          .payload_size = what.payload.size(),
          .qos = what.qos,
          .why = make_failure(why)});
}

// Told by the I/O thread, when the mutex is free.
void engine::report(dropped_message what) {
  if (!options_.on_dropped) return;
  dropped_.push_back(std::move(what));
  work();
}

}  // namespace recado::client
