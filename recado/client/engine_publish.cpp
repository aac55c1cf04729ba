// Messages to the server: into the session's log, and who waits for their acknowledgement.
#include <recado/client/engine.hpp>

#include <utility>

namespace recado::client {

std::expected<mqtt::reason, failure> engine::result_of(const ending& how) {
  if (how.why) return std::unexpected{make_failure(how.why)};
  if (is_failure(how.reason))
    return std::unexpected{make_failure(recado::make_fault(error::refused_by_server), {}, how.reason)};
  return how.reason;
}

// Into the session, or behind those that wait in the outbox. Waits for room as long as `how` allows; in a handler not
// at all. What `source` gives is taken once it succeeded.
std::expected<publication, failure> engine::put(lock& held, const mqtt::message& what, payload_source* source,
                                                patience& how) {
  for (;;) {
    if (!usable()) return std::unexpected{unusable().value_or(make_failure(error::closed))};
    if (source == nullptr && what.payload_from_source != 0)
      return std::unexpected{make_failure(error::no_payload_source)};
    const bool direct = online_ && outbox_.empty();
    fault wrong;
    if (direct) {
      const auto sent = put_into_session(what, source);
      if (sent) return *sent;
      if (!goes_by(sent.error())) {
        const bool by_buffer = sent.error() == mqtt::error::message_too_large &&
                               (source == nullptr || !fits(what, what.properties.wire_size()));
        return std::unexpected{by_buffer ? make_failure(error::message_too_long) : make_failure(sent.error())};
      }
      wrong = recado::make_fault(sent.error());
    }
    if (source == nullptr && (!direct || in_own_thread())) {
      auto kept = keep_for_later(what);
      if (kept || !is(kept.error().why, chain::error::outbox_full)) return kept;
      wrong = kept.error().why;
    }
    if (in_own_thread()) return std::unexpected{make_failure(wrong ? wrong : recado::make_fault(error::not_connected))};
    if (wait_for_room(held, how)) continue;
    const bool full = is(wrong, chain::error::outbox_full);
    return std::unexpected{full ? make_failure(wrong) : make_failure(error::timed_out)};
  }
}

// One that has an answer.
std::expected<publication, mqtt::error> engine::put_into_place(const mqtt::message& what) {
  if (!has_place()) return std::unexpected{mqtt::error::flight_table_full};
  if (const auto done = session_.publish(what, free_flights_.next()); !done) return std::unexpected{done.error()};
  leave(what.topic.size() + what.payload.size());
  return publication{occupy().number};
}

// What nearly every message needs: it goes straight to the session. Nothing: `put` finds out what to do, or what is
// wrong. Not under the mutex. It dissolves into the calls that applications make.
std::optional<publication> engine::put_at_once(const mqtt::message& what) {
  const biased_mutex::quick held{mutex_};
  if (!online_ || !usable() || !outbox_.empty() || !what.properties.empty()) return std::nullopt;
  if (what.payload_from_source != 0 || !fits(what, 0)) return std::nullopt;
  if (what.qos == mqtt::qos::at_most_once) {
    if (!session_.publish(what)) return std::nullopt;
    leave(what.topic.size() + what.payload.size());
    return publication{};
  }
  const auto begun = put_into_place(what);
  return begun ? std::optional{*begun} : std::nullopt;
}

// `message_too_large` stands for what doesn't fit the transmit buffer.
std::expected<publication, mqtt::error> engine::put_into_session(const mqtt::message& what, payload_source* source) {
  if (!fits(what, what.properties.wire_size())) return std::unexpected{mqtt::error::message_too_large};
  if (source != nullptr) return put_in_pieces(what, *source);
  if (what.qos != mqtt::qos::at_most_once) return put_into_place(what);
  if (const auto done = session_.publish(what); !done) return std::unexpected{done.error()};
  leave(what.topic.size() + what.payload.size());
  return publication{};
}

std::expected<publication, mqtt::error> engine::put_in_pieces(const mqtt::message& what, payload_source& source) {
  if (!has_place()) return std::unexpected{mqtt::error::flight_table_full};
  const std::uint32_t tag = free_flights_.next();
  if (const auto done = session_.publish(what, tag); !done) return std::unexpected{done.error()};
  work();
  sources_[tag] = {std::move(source), what.payload_from_source};
  flight& taken = occupy();
  taken.in_pieces = true;
  taken.unanswered = what.qos == mqtt::qos::at_most_once;
  return publication{taken.unanswered ? 0 : taken.number};
}

std::expected<mqtt::reason, failure> engine::await(lock& held, publication which, patience& how) {
  if (which.number == 0) return mqtt::reason::success;
  if (in_own_thread()) return std::unexpected{make_failure(error::called_from_handler)};
  flight& place = flights_[which.number % flights_.size()];
  if (place.number != which.number) {
    for (const verdict& one : verdicts_)
      if (one.number == which.number) return result_of(one.how);
    return mqtt::reason::success;
  }
  publish_waiter me;
  me.next = std::exchange(place.waiting, &me);
  std::optional<failure> over;
  while (!me.done && !over) {
    over = unusable();
    if (!over && !wait_on(me.told, held, how) && !me.done) over = make_failure(error::timed_out);
  }
  if (me.done) return result_of(me.how);
  publish_waiter** link = &place.waiting;
  while (*link != &me) link = &(*link)->next;
  *link = me.next;
  return std::unexpected{std::move(*over)};
}

std::expected<publication, failure> engine::start_publish(const mqtt::message& what, duration timeout) {
  if (const auto begun = put_at_once(what)) return *begun;
  return put_patiently(what, timeout);
}

std::expected<mqtt::reason, failure> engine::publish(const mqtt::message& what, duration timeout) {
  patience how = patience_of(timeout);
  const bool answered = what.qos != mqtt::qos::at_most_once;
  if (!answered && put_at_once(what)) return mqtt::reason::success;
  lock held{mutex_};
  if (answered && in_own_thread()) return std::unexpected{make_failure(error::called_from_handler)};
  const auto begun = put(held, what, nullptr, how);
  if (!begun) return std::unexpected{begun.error()};
  return await(held, *begun, how);
}

std::expected<publication, failure> engine::put_patiently(const mqtt::message& what, duration timeout) {
  lock held{mutex_};
  patience how = patience_of(timeout);
  return put(held, what, nullptr, how);
}

std::expected<mqtt::reason, failure> engine::wait(publication which, duration timeout) {
  patience how = patience_of(timeout);
  lock held{mutex_};
  return await(held, which, how);
}

std::expected<mqtt::reason, failure> engine::publish_pieces(mqtt::message what, std::uint32_t size,
                                                            payload_source source, duration timeout) {
  patience how = patience_of(timeout);
  lock held{mutex_};
  if (in_own_thread()) return std::unexpected{make_failure(error::called_from_handler)};
  if (size != 0 && !source) return std::unexpected{make_failure(error::no_payload_source)};
  what.payload = {};
  what.payload_from_source = size;
  const auto begun = put(held, what, size != 0 ? &source : nullptr, how);
  if (!begun) return std::unexpected{begun.error()};
  return await(held, *begun, how);
}

payload_source engine::take_source(std::uint32_t index) {
  flights_[index].in_pieces = false;
  return std::exchange(sources_[index].give, {});
}

// Tells those who wait; who asks later finds failures among the verdicts.
void engine::settle(flight& place, const ending& how) {
  if (is_failure(how.reason) || how.why) verdicts_[next_verdict_++ % verdicts_.size()] = {place.number, how};
  publish_waiter* next = std::exchange(place.waiting, nullptr);
  while (publish_waiter* one = next) {
    next = one->next;
    one->how = how, one->done = true;
    one->told.notify_one();
  }
}

// With QoS 2 it is PUBREC that says whether anybody is subscribed; PUBCOMP only says that the exchange is over.
void engine::on_remark(const mqtt::remark& what) {
  const std::scoped_lock held{mutex_};
  if (what.token && what.packet == mqtt::packet_type::pubrec) flights_[what.tag].received = what.reason;
}

// The end of a message, under the mutex. One from a source ends outside of it.
bool engine::settle(const mqtt::acknowledged& what) {
  flight& place = flights_[what.tag];
  if (place.in_pieces) return false;
  const bool forgotten = what.outcome != mqtt::outcome::answered;
  const bool plain = what.reason == mqtt::reason::success;
  settle(place, {plain ? place.received : what.reason, forgotten ? recado::make_fault(error::session_lost) : fault{}});
  --in_session_;
  release(what.tag);
  return true;
}

void engine::settle(std::span<const std::uint32_t> tags) {
  for (const std::uint32_t tag : tags) {
    if (flight& place = flights_[tag]; place.waiting != nullptr) settle(place, {place.received, {}});
    release(tag);
  }
  in_session_ -= tags.size();
}

void engine::on_acknowledged(const mqtt::acknowledged& what) {
  payload_source done;  // ends when the mutex is free: it is the application's
  const std::scoped_lock held{mutex_};
  done = take_source(what.tag);
  settle(what);
}

posix::flow engine::on_wants_payload(const mqtt::wants_payload& what) {
  const flight& place = flights_[what.tag];
  const piece_source& source = sources_[what.tag];  // until it is acknowledged only this thread touches it
  const mutable_bytes room = mutable_bytes{piece_}.first(std::min<std::size_t>(piece_.size(), what.room));
  const std::size_t given = silenced_ ? 0 : source.give(what.offset, room);
  if (given == 0 || given > room.size()) {
    source_failed_ = true;
    return posix::flow::pause;
  }
  payload_source done;
  const std::scoped_lock held{mutex_};
  (void)session_.supply(bytes{room}.first(given));
  if (place.unanswered && what.offset + given == source.size) {
    done = take_source(what.tag);
    --in_session_;
    release(what.tag);
  }
  return posix::flow::go_on;
}

// Messages of QoS 0 in pieces end with the connection. Their sources are the application's: destroyed by the caller.
std::vector<payload_source> engine::drop_unanswered() {
  std::vector<payload_source> dropped;
  for (std::uint32_t i = 0; i < flights_.size(); ++i) {
    if (!flights_[i].unanswered) continue;
    dropped.push_back(take_source(i));
    --in_session_;
    release(i);
  }
  return dropped;
}

void engine::wake_publishers() {
  for (flight& place : flights_)
    for (publish_waiter* one = place.waiting; one != nullptr; one = one->next) one->told.notify_one();
}

}  // namespace recado::client
