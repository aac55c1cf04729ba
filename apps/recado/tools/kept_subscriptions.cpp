#include "kept_subscriptions.hpp"

#include <vector>

namespace recado::app::tools {
namespace {

mqtt::subscription without_filter(mqtt::subscription what) {
  what.filter = {};
  return what;
}

}  // namespace

void kept_subscriptions::read() {
  all_.clear();
  next_ = 0;
  std::vector<std::byte> space(65'535);
  while (const auto found = in_.next_subscription(next_, space)) {
    next_ = found->number + 1;
    all_[std::string{found->what.filter}] = {without_filter(found->what), found->identifier, found->number};
  }
}

bool kept_subscriptions::holds(const mqtt::subscription& what, std::uint32_t identifier) const {
  const auto found = all_.find(what.filter);
  return found != all_.end() && found->second.what == without_filter(what) && found->second.identifier == identifier;
}

void kept_subscriptions::granted(const mqtt::subscription& what, std::uint32_t identifier) {
  const auto known = all_.find(what.filter);
  const std::uint32_t number = known != all_.end() ? known->second.number : next_;
  if (!in_.subscribed_at(number, what, identifier)) return;
  if (known == all_.end()) ++next_;
  all_[std::string{what.filter}] = {without_filter(what), identifier, number};
}

void kept_subscriptions::ended(std::string_view filter) {
  const auto known = all_.find(filter);
  if (known == all_.end()) return;
  (void)in_.unsubscribed_at(known->second.number);
  all_.erase(known);
}

}  // namespace recado::app::tools
