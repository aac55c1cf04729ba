#include <recado/mqtt/announcements.hpp>

#include <recado/mqtt/topic.hpp>

namespace recado::mqtt {

error forbidden(const announcements& server, const subscription& what, std::uint32_t subscription_identifier) {
  if (!server.wildcard_subscription_available && has_wildcards(what.filter)) return error::wildcards_not_available;
  if (!server.shared_subscription_available && is_shared(what.filter)) return error::shared_subscriptions_not_available;
  if (!server.subscription_identifiers_available && subscription_identifier != 0)
    return error::subscription_identifiers_not_available;
  return error::none;
}

}  // namespace recado::mqtt
