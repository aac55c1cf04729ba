// Messages from the server: to handlers, into the queue, to those who wait for an answer.
#include <recado/client/engine.hpp>

#include <cstring>
#include <utility>

#include <recado/mqtt/topic.hpp>

namespace recado::client {

// Whose filter matches. Where subscriptions overlap a server may send one copy for each [MQTT-3.3.4-2]; their
// identifiers say whose it is. Whether the queue is among them, and why.
engine::queueing engine::find_receivers(const mqtt::message_received& what, std::vector<entry*>& receivers) const {
  const std::size_t before = receivers.size();
  bool named = false, queued = false;
  for (const mqtt::property_value& one : what.properties)
    named = named || one.id == mqtt::property::subscription_identifier;
  const auto is_meant = [&](const entry& one) {
    for (const mqtt::property_value& each : what.properties)
      if (each.id == mqtt::property::subscription_identifier && each.number == one.identifier) return true;
    return !named;
  };
  const auto found = [&](std::uint32_t place) {
    const entry_ptr& one = subscriptions_.places()[place];
    if (!is_meant(*one)) return;
    if (one->handler) receivers.push_back(one.get());
    else queued = true;
  };
  const std::size_t count = router_ ? router_->match(what.topic, found) : 0;
  if (named && count != 0 && !queued && receivers.size() == before) {  // identifiers of an earlier program's session
    named = false;
    router_->match(what.topic, found);
  }
  // Of a session that was resumed there may be subscriptions that this object knows nothing of.
  if (queued) return queueing::wanted;
  return count == 0 && !options_.clean_start ? queueing::stray : queueing::none;
}

// Where nobody calls `receive` they never fill the queue, which would hold up all the rest; what is lost then is told.
bool engine::takes(queueing how, const mqtt::message_received& what) {
  if (how != queueing::stray || receives_ || has_room_for_strays(what)) return how != queueing::none;
  report({.topic = std::string{what.topic},
          .payload_size = what.payload.size(),
          .qos = what.qos,
          .incoming = true,
          .why = make_failure(error::nobody_receives)});
  return false;
}

bool engine::has_room_for_strays(const mqtt::message_received& what) const {
  const std::size_t bytes = queue_.bytes_held() + what.topic.size() + what.payload.size();
  return queue_.size() + 1 < options_.sizes.queue_messages_max && bytes < options_.sizes.queue_bytes_max;
}

// The same topic as the last one's, and no subscription has changed.
bool engine::as_before(const mqtt::message_received& what) const {
  return last_known_ && what.properties.empty() && what.topic == last_topic_;
}

std::uint32_t engine::sort(const mqtt::message_received& what) {
  if (what.payload.size() > options_.sizes.message_max) return 0;
  if (answers_ && what.topic == response_topic_) return 0;
  if (!as_before(what)) {
    if (++finding_ == 0) ++finding_;
    last_found_.clear();
    const queueing how = find_receivers(what, last_found_);
    last_queued_ = takes(how, what);
    last_known_ = what.properties.empty() && how != queueing::stray && (last_queued_ || !last_found_.empty());
    if (last_known_) last_topic_ = what.topic;
  }
  if (last_queued_) enqueue(what), queue_grew_ = true;
  return finding_;
}

// Who waits for messages, or for the end of a handler. Under the mutex.
void engine::batch_over() {
  running_ = 0;
  if (std::exchange(queue_grew_, false) || waiting_for_handler_ != 0) changed();
}

void engine::deliver(const mqtt::message_received& what, recipients whose) {
  for (entry* const one : whose) {
    if (running_.load(std::memory_order_relaxed) != one->number) running_ = one->number;
    if (!one->silent && !silenced_) one->handler(what);
  }
}

void engine::deliver(std::span<const heard> batch, recipients all) {
  for (const heard& one : batch) deliver(one.message, all.subspan(one.begin, one.end - one.begin));
}

void engine::on_message(const mqtt::message_received& what) {
  matched_.clear();
  {
    const std::scoped_lock held{mutex_};
    if (too_long(what.topic, what.payload.size(), what.qos)) return;
    if (take_answer(what)) return;
    if (takes(find_receivers(what, matched_), what)) enqueue(what), changed();
  }
  deliver(what, matched_);
  const std::scoped_lock held{mutex_};
  batch_over();
}

// The server wasn't told, or doesn't care: whoever waits for the message shall know. Under the mutex.
bool engine::too_long(std::string_view topic, std::size_t size, mqtt::qos level) {
  if (size <= options_.sizes.message_max) return false;
  report({.topic = std::string{topic},
          .payload_size = size,
          .qos = level,
          .incoming = true,
          .why = make_failure(error::longer_than_taken)});
  return true;
}

void engine::enqueue(const mqtt::message_received& what) {
  queue_.push(what);
  if (queue_.size() >= options_.sizes.queue_messages_max || queue_.bytes_held() >= options_.sizes.queue_bytes_max)
    guarded_.paused = true;
}

void engine::on_begin(const mqtt::message_begin& what) {
  {
    const std::scoped_lock held{mutex_};
    if (too_long(what.topic, what.payload_size, what.qos)) return;
  }
  assembled_.assign({.topic = what.topic,
                     .qos = what.qos,
                     .retain = what.retain,
                     .duplicate = what.duplicate,
                     .properties = what.properties});
  assembled_.payload.reserve(what.payload_size);
  assembling_ = true;
}

void engine::on_end() {
  if (!assembling_) return;
  assembling_ = false;
  on_message({.topic = assembled_.topic,
              .payload = assembled_.payload,
              .qos = assembled_.qos,
              .retain = assembled_.retain,
              .duplicate = assembled_.duplicate,
              .properties = assembled_.properties()});
}

std::expected<bool, failure> engine::receive(received& into, duration timeout) {
  patience how = patience_of(timeout);
  lock held{mutex_};
  receives_ = true;
  for (bool in_time = true;;) {
    if (queue_.pop(into)) {
      if (guarded_.paused && queue_.size() <= options_.sizes.queue_messages_max / 2 &&
          queue_.bytes_held() <= options_.sizes.queue_bytes_max / 2) {
        guarded_.paused = false;
        work();
      }
      return true;
    }
    if (in_own_thread()) return std::unexpected{make_failure(error::called_from_handler)};
    if (auto bad = unusable()) return std::unexpected{std::move(*bad)};
    if (!in_time) return false;
    in_time = wait_for_change(held, how);
  }
}

bool engine::take_answer(const mqtt::message_received& what) {
  if (!answers_ || what.topic != response_topic_) return false;
  const std::string_view correlation = what.properties.text(mqtt::property::correlation_data);
  std::uint64_t number = 0;
  if (correlation.size() == sizeof number) std::memcpy(&number, correlation.data(), sizeof number);
  for (request_waiter* one = requests_; one != nullptr; one = one->next) {
    if (one->correlation != number || one->done) continue;
    one->into->assign(what);
    one->done = true;
    changed();
  }
  return true;
}

// The first request subscribes to the topic of the answers; later ones find it there.
std::expected<void, failure> engine::prepare_answers(lock& held, patience& how) {
  if (!answers_) {
    if (const auto valid = mqtt::check_topic_name(response_topic_); !valid)  // 5.0 §3.3.2.3.5
      return std::unexpected{make_failure(valid.error())};
    const mqtt::subscription what{.filter = response_topic_, .qos = mqtt::qos::at_least_once};
    answers_ = add(what, [](const mqtt::message_received&) {});
    if (online_) pump_subscriptions();
    work();
  }
  const entry_ptr mine = answers_;
  while (mine->at != entry::phase::active) {
    if (mine->at == entry::phase::refused || mine->at == entry::phase::gone) {
      failure why = mine->why;
      if (answers_ == mine) erase(*answers_), answers_.reset();
      return std::unexpected{std::move(why)};
    }
    if (auto bad = unusable()) return std::unexpected{std::move(*bad)};
    if (!wait_for_change(held, how)) return std::unexpected{make_failure(error::timed_out)};
  }
  return {};
}

std::expected<received, failure> engine::request(const mqtt::message& what, duration timeout) {
  patience how = patience_of(timeout);
  lock held{mutex_};
  if (in_own_thread()) return std::unexpected{make_failure(error::called_from_handler)};
  if (options_.version != mqtt::version::v5_0) return std::unexpected{make_failure(error::needs_version_5)};
  if (auto bad = unusable()) return std::unexpected{std::move(*bad)};
  if (auto ready = prepare_answers(held, how); !ready) return std::unexpected{std::move(ready.error())};
  received answer;
  if (last_correlation_ == 0) last_correlation_ = entropy_.u64() | 1;
  request_waiter me{.correlation = ++last_correlation_, .into = &answer};
  me.next = std::exchange(requests_, &me);
  const mqtt::property_value list[] = {
      {mqtt::property::response_topic, std::string_view{response_topic_}},
      {mqtt::property::correlation_data, std::as_bytes(std::span{&me.correlation, 1})}};
  mqtt::message asked = what;
  asked.properties = mqtt::properties{list}.followed_by(what.properties);
  std::optional<failure> over;
  if (auto begun = put(held, asked, nullptr, how); !begun) over = std::move(begun.error());
  while (!me.done && !over) {
    over = unusable();
    if (!over && !wait_for_change(held, how) && !me.done) over = make_failure(error::timed_out);
  }
  request_waiter** link = &requests_;
  while (*link != &me) link = &(*link)->next;
  *link = me.next;
  if (!me.done) return std::unexpected{std::move(*over)};
  return answer;
}

std::expected<publication, failure> engine::reply(const mqtt::message_received& to, std::string_view payload,
                                                  mqtt::qos qos) {
  const auto correlation = to.properties.find(mqtt::property::correlation_data);
  const mqtt::property_value list[] = {correlation.value_or(mqtt::property_value{})};
  return start_publish({.topic = to.properties.text(mqtt::property::response_topic),
                        .payload = as_bytes(payload),
                        .qos = qos,
                        .properties = std::span<const mqtt::property_value>{list, correlation ? 1U : 0U}},
                       default_timeout);
}

}  // namespace recado::client
