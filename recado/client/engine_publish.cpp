// Messages to the server: into the session's log, and who waits for their acknowledgement.
#include <recado/client/engine.hpp>

#include <utility>

namespace recado::client {

std::expected<mqtt::reason, failure> engine::result_of(mqtt::reason reason, mqtt::outcome outcome) const {
  if (outcome == mqtt::outcome::session_lost) return std::unexpected{make_failure(error::session_lost)};
  if (is_failure(reason))
    return std::unexpected{make_failure(recado::make_fault(error::refused_by_server), {}, reason)};
  return reason;
}

// Waits for room as long as `how` allows; in a handler not at all. What `source` gives is taken once it succeeded.
std::expected<publication, failure> engine::put(lock& held, mqtt::message what, payload_source* source,
                                                const patience& how) {
  const bool answered = what.qos != mqtt::qos::at_most_once;
  for (;;) {
    if (auto bad = unusable()) return std::unexpected{std::move(*bad)};
    mqtt::error wrong = mqtt::error::not_connected;
    if (online_) {
      // A margin for header, identifier and lengths.
      if (what.topic.size() + what.payload.size() + what.properties.wire_size() + 64 > longest_message_)
        return std::unexpected{make_failure(error::message_too_long)};
      const bool placed = answered || source != nullptr;
      wrong = mqtt::error::flight_table_full;
      if (!placed || !free_flights_.empty()) {
        if (placed) what.tag = free_flights_.back();
        if (const auto done = session_.publish(what)) {
          work();
          if (!placed) return publication{};
          free_flights_.pop_back();
          flight& taken = flights_[what.tag];
          if (source != nullptr) taken.source = std::move(*source);
          taken.size = what.payload_from_source;
          taken.unanswered = !answered;
          return publication{answered ? taken.number : 0};
        } else {
          wrong = done.error();
        }
      }
    }
    if (!goes_by(wrong) || in_own_thread()) return std::unexpected{make_failure(wrong)};
    if (!wait_for_room(held, how)) return std::unexpected{make_failure(error::timed_out)};
  }
}

std::expected<mqtt::reason, failure> engine::await(lock& held, publication which, const patience& how) {
  if (which.number == 0) return mqtt::reason::success;
  if (in_own_thread()) return std::unexpected{make_failure(error::called_from_handler)};
  flight& place = flights_[which.number % flights_.size()];
  if (place.number != which.number) {
    for (const verdict& one : verdicts_)
      if (one.number == which.number) return result_of(one.reason, one.outcome);
    return mqtt::reason::success;
  }
  publish_waiter me;
  me.next = std::exchange(place.waiting, &me);
  std::optional<failure> over;
  while (!me.done && !over) {
    over = unusable();
    if (!over && !wait_on(me.told, held, how) && !me.done) over = make_failure(error::timed_out);
  }
  if (me.done) return result_of(me.reason, me.outcome);
  publish_waiter** link = &place.waiting;
  while (*link != &me) link = &(*link)->next;
  *link = me.next;
  return std::unexpected{std::move(*over)};
}

std::expected<mqtt::reason, failure> engine::publish(const mqtt::message& what, duration timeout) {
  const patience how = patience_of(timeout);
  lock held{mutex_};
  if (what.qos != mqtt::qos::at_most_once && in_own_thread())
    return std::unexpected{make_failure(error::called_from_handler)};
  const auto begun = put(held, what, nullptr, how);
  if (!begun) return std::unexpected{begun.error()};
  return await(held, *begun, how);
}

std::expected<publication, failure> engine::start_publish(const mqtt::message& what, duration timeout) {
  const patience how = patience_of(timeout);
  lock held{mutex_};
  return put(held, what, nullptr, how);
}

std::expected<mqtt::reason, failure> engine::wait(publication which, duration timeout) {
  const patience how = patience_of(timeout);
  lock held{mutex_};
  return await(held, which, how);
}

std::expected<mqtt::reason, failure> engine::publish_pieces(mqtt::message what, std::uint32_t size,
                                                            payload_source source, duration timeout) {
  const patience how = patience_of(timeout);
  lock held{mutex_};
  if (in_own_thread()) return std::unexpected{make_failure(error::called_from_handler)};
  what.payload = {};
  what.payload_from_source = size;
  const auto begun = put(held, what, size != 0 ? &source : nullptr, how);
  if (!begun) return std::unexpected{begun.error()};
  return await(held, *begun, how);
}

void engine::release(std::uint32_t index) {
  flights_[index].number += flights_.size();
  flights_[index].unanswered = false;
  free_flights_.push_back(index);
}

void engine::on_acknowledged(const mqtt::acknowledged& what) {
  payload_source done;  // ends when the mutex is free: it is the application's
  const std::scoped_lock held{mutex_};
  flight& place = flights_[what.tag];
  if (is_failure(what.reason) || what.outcome != mqtt::outcome::answered)
    verdicts_[next_verdict_++ % verdicts_.size()] = {place.number, what.reason, what.outcome};
  publish_waiter* next = std::exchange(place.waiting, nullptr);
  while (publish_waiter* one = next) {
    next = one->next;
    one->reason = what.reason, one->outcome = what.outcome, one->done = true;
    one->told.notify_one();
  }
  if (place.source) done = std::exchange(place.source, {});
  release(what.tag);
}

posix::flow engine::on_wants_payload(const mqtt::wants_payload& what) {
  flight& place = flights_[what.tag];  // until it is acknowledged only this thread touches its source
  const mutable_bytes room = mutable_bytes{piece_}.first(std::min<std::size_t>(piece_.size(), what.room));
  const std::size_t given = place.source(what.offset, room);
  if (given == 0 || given > room.size()) {
    source_failed_ = true;
    return posix::flow::pause;
  }
  payload_source done;
  const std::scoped_lock held{mutex_};
  (void)session_.supply(bytes{room}.first(given));
  if (place.unanswered && what.offset + given == place.size) {
    done = std::exchange(place.source, {});
    release(what.tag);
  }
  return posix::flow::go_on;
}

// Messages of QoS 0 in pieces end with the connection. Their sources are the application's: destroyed by the caller.
std::vector<payload_source> engine::drop_unanswered() {
  std::vector<payload_source> dropped;
  for (std::uint32_t i = 0; i < flights_.size(); ++i) {
    if (!flights_[i].unanswered) continue;
    dropped.push_back(std::exchange(flights_[i].source, {}));
    release(i);
  }
  return dropped;
}

void engine::wake_publishers() {
  for (flight& place : flights_)
    for (publish_waiter* one = place.waiting; one != nullptr; one = one->next) one->told.notify_one();
}

}  // namespace recado::client
