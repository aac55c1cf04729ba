// Subscriptions: what the application wants, and what the server was told of it.
#include <recado/client/engine.hpp>

#include <algorithm>
#include <utility>

#include <recado/mqtt/limits.hpp>
#include <recado/mqtt/topic.hpp>

namespace recado::client {
namespace {

constexpr std::uint64_t index_bits = 24;
constexpr std::uint64_t index_mask = (std::uint64_t{1} << index_bits) - 1;

}  // namespace

std::shared_ptr<entry> engine::find(std::uint64_t number) const {
  const std::size_t index = number & index_mask;
  if (index >= entries_.size() || !entries_[index] || entries_[index]->number != number) return nullptr;
  return entries_[index];
}

std::shared_ptr<entry> engine::find(mqtt::token asked, entry::phase at) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const entry_ptr& one) { return one && one->at == at && one->asked == asked; });
  return found != entries_.end() ? *found : nullptr;
}

void engine::enter(entry& one, entry::phase next) {
  const auto waits = [](entry::phase at) { return at == entry::phase::wanted || at == entry::phase::leaving; };
  if (waits(one.at)) --unsettled_;
  one.at = next;
  if (waits(one.at)) ++unsettled_;
}

// Files it in the router, which grows as needed.
void engine::route(entry& one) {
  last_known_ = false;
  const auto index = static_cast<std::uint32_t>(one.number & index_mask);
  for (;;) {
    if (router_) {
      if (const auto filed = router_->add(one.filter, index)) {
        one.route = *filed;
        return;
      }
    }
    router_.reset();
    router_size_ = std::max(router_size_ * 2, one.filter.size());
    route_nodes_.resize(router_size_ * 4);
    route_buckets_.resize(router_size_ * 4);
    routes_.resize(router_size_);
    route_text_.resize(router_size_ * 64);
    router_.emplace(chain::router_memory{route_nodes_, route_buckets_, routes_, route_text_});
    for (const entry_ptr& other : entries_)
      if (other && other.get() != &one && other->route != 0)
        other->route = router_->add(other->filter, static_cast<std::uint32_t>(other->number & index_mask)).value_or(0);
  }
}

std::shared_ptr<entry> engine::add(const mqtt::subscription& what, message_handler handler) {
  const auto free = std::find(entries_.begin(), entries_.end(), nullptr);
  const auto index = static_cast<std::uint64_t>(free - entries_.begin());
  auto one = std::make_shared<entry>();
  one->number = ++last_number_ << index_bits | index;
  one->filter = what.filter;
  one->how = what;
  one->how.filter = one->filter;
  one->handler = std::move(handler);
  for (const entry_ptr& other : entries_)
    if (other && other->filter == one->filter) one->identifier = other->identifier;
  if (one->identifier == 0) one->identifier = last_identifier_ = last_identifier_ % mqtt::variable_byte_integer_max + 1;
  ++unsettled_;  // wanted
  if (free == entries_.end()) entries_.push_back(one);
  else *free = one;
  route(*one);
  return one;
}

void engine::erase(entry& one) {
  enter(one, entry::phase::gone);
  one.silent = true;
  last_known_ = false;
  if (one.route != 0) router_->remove(std::exchange(one.route, 0));
  entry_ptr& place = entries_[one.number & index_mask];
  if (place.get() == &one) ended_.push_back(std::exchange(place, nullptr));
  work();
  changed();
}

bool engine::filter_in_use(const entry& besides) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const entry_ptr& other) {
    return other && other.get() != &besides && !other->silent && other->filter == besides.filter;
  });
}

// Its messages go nowhere from now on; the server is told when nobody else wants them.
void engine::leave(entry& one) {
  one.silent = true;
  last_known_ = false;
  if (one.route != 0) router_->remove(std::exchange(one.route, 0));
  const bool known = one.at == entry::phase::active || one.at == entry::phase::asked;
  if (!known || filter_in_use(one)) return erase(one);
  enter(one, entry::phase::leaving);
  if (online_) pump_subscriptions();
  work();
}

// Sends what is wanted, as far as there is room. Under the mutex.
void engine::pump_subscriptions() {
  for (std::size_t i = 0; i < entries_.size() && unsettled_ != 0; ++i)
    if (const entry_ptr one = entries_[i]; one && !pump(*one)) return;
}

bool engine::pump(entry& one) {
  const bool joining = one.at == entry::phase::wanted;
  if (!joining && one.at != entry::phase::leaving) return true;
  if (!joining && filter_in_use(one)) return erase(one), true;
  const std::string_view filters[] = {one.filter};
  const bool named = options_.version == mqtt::version::v5_0 && session_.announced().subscription_identifiers_available;
  const auto asked = joining ? session_.subscribe({&one.how, 1}, {.subscription_identifier = named ? one.identifier : 0,
                                                                  .user_properties = {}})
                             : session_.unsubscribe(filters);
  if (asked) {
    one.asked = *asked;
    enter(one, joining ? entry::phase::asked : entry::phase::leaving_asked);
    work();
    return true;
  }
  if (goes_by(asked.error())) return false;
  if (!joining) return erase(one), true;
  one.why = make_failure(asked.error());
  enter(one, entry::phase::refused);
  changed();
  return true;
}

void engine::on_subscribed(const mqtt::subscribed& what) {
  const std::scoped_lock held{mutex_};
  const entry_ptr one = find(what.token, entry::phase::asked);
  if (!one) return;
  if (what.outcome == mqtt::outcome::session_lost) return enter(*one, entry::phase::wanted);
  const mqtt::reason code = what.reasons.empty() ? mqtt::reason::unspecified_error : what.reasons[0];
  one->granted = code;
  if (is_failure(code)) {
    one->why = make_failure(recado::make_fault(error::refused_by_server), {}, code);
    enter(*one, entry::phase::refused);
  } else {
    enter(*one, entry::phase::active);
  }
  changed();
}

void engine::on_unsubscribed(const mqtt::unsubscribed& what) {
  const std::scoped_lock held{mutex_};
  const entry_ptr one = find(what.token, entry::phase::leaving_asked);
  if (!one) return;
  if (what.outcome == mqtt::outcome::session_lost) enter(*one, entry::phase::leaving);
  else erase(*one);
}

// A server that forgot the session is told everything again. Under the mutex.
void engine::subscriptions_after_connect(bool session_present) {
  if (session_present) return;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const entry_ptr one = entries_[i];
    if (!one) continue;
    if (one->at == entry::phase::active) enter(*one, entry::phase::wanted);
    if (one->at == entry::phase::leaving || one->at == entry::phase::leaving_asked) erase(*one);
  }
}

std::expected<subscription, failure> engine::subscribe(const mqtt::subscription& what, message_handler handler,
                                                       duration timeout) {
  patience how = patience_of(timeout);
  if (const auto valid = mqtt::check_topic_filter(what.filter, options_.version); !valid)
    return std::unexpected{make_failure(valid.error())};
  lock held{mutex_};
  if (auto bad = unusable()) return std::unexpected{std::move(*bad)};
  const entry_ptr one = add(what, std::move(handler));
  if (online_) pump_subscriptions();
  work();
  std::optional<failure> over;
  while (!in_own_thread() && !over && one->at != entry::phase::active && one->at != entry::phase::refused) {
    over = unusable();
    if (!over && !wait_for_change(held, how)) over = make_failure(error::timed_out);
  }
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
  one = find(which.number);
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
