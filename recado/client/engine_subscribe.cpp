// Subscriptions: what the application wants, and what the server was told of it.
#include <recado/client/engine.hpp>

#include <utility>

#include <recado/mqtt/topic.hpp>

namespace recado::client {

// Files it in the router, which grows as needed. The filter was checked.
void engine::route(entry& one) {
  last_known_ = false;
  const auto file = [this](const entry& which) {
    return router_->add(which.filter, subscription_table::place_of(which), options_.version);
  };
  for (;;) {
    if (router_) {
      const auto filed = file(one);
      one.route = filed.value_or(0);
      if (filed || filed.error() != mqtt::error::no_room) return;
    }
    router_.reset();
    router_size_ = std::max(router_size_ * 2, one.filter.size());
    route_nodes_.resize(router_size_ * 4);
    route_buckets_.resize(router_size_ * 4);
    routes_.resize(router_size_);
    route_text_.resize(router_size_ * 64);
    router_.emplace(chain::router_memory{route_nodes_, route_buckets_, routes_, route_text_});
    for (const entry_ptr& other : subscriptions_.places())
      if (other && other.get() != &one && other->route != 0) other->route = file(*other).value_or(0);
  }
}

std::shared_ptr<entry> engine::add(const mqtt::subscription& what, message_handler handler) {
  auto one = subscriptions_.add(what, std::move(handler));
  route(*one);
  return one;
}

void engine::erase(entry& one) {
  last_known_ = false;
  if (one.route != 0) router_->remove(std::exchange(one.route, 0));
  if (auto over = subscriptions_.remove(one)) ended_.push_back(std::move(over));
  work();
  changed();
}

// Its messages go nowhere from now on; the server is told when nobody else wants them.
void engine::leave(entry& one) {
  subscriptions_.silence(one);
  last_known_ = false;
  if (one.route != 0) router_->remove(std::exchange(one.route, 0));
  const bool known = one.at == entry::phase::active || one.at == entry::phase::asked;
  if (!known || subscriptions_.filter_in_use(one)) return erase(one);
  subscriptions_.enter(one, entry::phase::leaving);
  if (online_) pump_subscriptions();
  work();
}

// Sends what is wanted, as far as there is room. Under the mutex.
void engine::pump_subscriptions() {
  for (auto at = subscriptions_.next_unsettled(0); at; at = subscriptions_.next_unsettled(*at + 1)) {
    const entry_ptr one = subscriptions_.places()[*at];
    if (!pump(*one)) return;
  }
}

bool engine::pump(entry& one) {
  const bool joining = one.at == entry::phase::wanted;
  if (!joining && one.at != entry::phase::leaving) return true;
  if (!joining && subscriptions_.filter_in_use(one)) return erase(one), true;
  const std::string_view filters[] = {one.filter};
  const mqtt::subscription wish = subscriptions_.wish_of(one);
  const bool named = options_.version == mqtt::version::v5_0 && session_.announced().subscription_identifiers_available;
  const auto asked = joining ? session_.subscribe({&wish, 1}, {.subscription_identifier = named ? one.identifier : 0,
                                                               .user_properties = {}})
                             : session_.unsubscribe(filters);
  if (asked) {
    one.asked = *asked;
    subscriptions_.enter(one, joining ? entry::phase::asked : entry::phase::leaving_asked);
    work();
    return true;
  }
  if (goes_by(asked.error())) return false;
  if (!joining) return erase(one), true;
  refuse(one, make_failure(asked.error()));
  return true;
}

// Whoever waits for it in `subscribe` hears of it there, anybody else by the connection's news.
void engine::refuse(entry& one, failure why) {
  one.why = std::move(why);
  subscriptions_.enter(one, entry::phase::refused);
  changed();
  if (one.awaited || one.silent) return;
  refused_.push_back({.what = connection_news::kind::subscription_refused, .why = one.why, .filter = one.filter});
  work();
}

void engine::on_subscribed(const mqtt::subscribed& what) {
  const std::scoped_lock held{mutex_};
  const entry_ptr one = subscriptions_.find(what.token, entry::phase::asked);
  if (!one) return;
  if (what.outcome == mqtt::outcome::session_lost) return subscriptions_.enter(*one, entry::phase::wanted);
  const mqtt::reason code = what.reasons.empty() ? mqtt::reason::unspecified_error : what.reasons[0];
  one->granted = code;
  if (is_failure(code)) return refuse(*one, make_failure(recado::make_fault(error::refused_by_server), {}, code));
  subscriptions_.enter(*one, entry::phase::active);
  changed();
}

void engine::on_unsubscribed(const mqtt::unsubscribed& what) {
  const std::scoped_lock held{mutex_};
  const entry_ptr one = subscriptions_.find(what.token, entry::phase::leaving_asked);
  if (!one) return;
  if (what.outcome == mqtt::outcome::session_lost) subscriptions_.enter(*one, entry::phase::leaving);
  else erase(*one);
}

// A server that forgot the session is told everything again. Under the mutex.
void engine::subscriptions_after_connect(bool session_present) {
  if (session_present) return;
  for (const entry_ptr& place : subscriptions_.places()) {
    const entry_ptr one = place;
    if (!one) continue;
    if (one->at == entry::phase::active) subscriptions_.enter(*one, entry::phase::wanted);
    if (one->at == entry::phase::leaving || one->at == entry::phase::leaving_asked) erase(*one);
  }
}

std::expected<subscription, failure> engine::subscribe(const mqtt::subscription& what, message_handler handler,
                                                       duration timeout) {
  patience how = patience_of(timeout);
  if (const auto valid = mqtt::check_topic_filter(what.filter, options_.version); !valid)
    return std::unexpected{make_failure(valid.error())};
  if (what.qos > mqtt::qos::exactly_once ||
      what.retain_handling > mqtt::retain_handling::do_not_send)  // [MQTT-3.8.3-5]
    return std::unexpected{make_failure(mqtt::error::bad_subscription_options)};
  lock held{mutex_};
  if (auto bad = unusable()) return std::unexpected{std::move(*bad)};
  const entry_ptr one = add(what, std::move(handler));
  one->awaited = !in_own_thread();
  if (online_) pump_subscriptions();
  work();
  std::optional<failure> over;
  while (!in_own_thread() && !over && one->at != entry::phase::active && one->at != entry::phase::refused) {
    over = unusable();
    if (!over && !wait_for_change(held, how)) over = make_failure(error::timed_out);
  }
  one->awaited = false;
  if (one->at == entry::phase::active || (in_own_thread() && one->at != entry::phase::refused))
    return subscription{one->number, one->granted};
  if (one->at == entry::phase::refused) over = one->why, erase(*one);
  else leave(*one);
  held.unlock();  // the handler may end with `one`, and is the application's
  return std::unexpected{std::move(*over)};
}

std::expected<void, failure> engine::unsubscribe(const subscription& which, duration timeout) {
  patience how = patience_of(timeout);
  entry_ptr one;
  lock held{mutex_};
  one = subscriptions_.find(which.number);
  if (!one || one->silent) return std::unexpected{make_failure(error::no_such_subscription)};
  leave(*one);
  if (in_own_thread()) return {};
  ++waiting_for_handler_;
  while (running_ == one->number && !stopping_) wait_for_change(held);
  --waiting_for_handler_;
  std::optional<failure> over;
  while (!over && one->at != entry::phase::gone) {
    over = unusable();
    if (!over && !wait_for_change(held, how)) over = make_failure(error::timed_out);
  }
  const bool gone = one->at == entry::phase::gone;
  held.unlock();  // the handler may end with `one`, and is the application's
  if (over && !gone) return std::unexpected{std::move(*over)};
  return {};
}

}  // namespace recado::client
