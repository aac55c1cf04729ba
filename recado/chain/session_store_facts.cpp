// What a session's journal knows of its servers and subscriptions.
#include <algorithm>
#include <array>

#include <recado/chain/session_record.hpp>
#include <recado/chain/session_store.hpp>

namespace recado::chain {
namespace {

using store::key;
using namespace session_record;

// options 1, identifier 4
constexpr std::size_t subscription_head_bytes = 5;
// version 1, places 2, session expiry 4
constexpr std::size_t facts_head_bytes = 7;
constexpr std::size_t servers_max = 8;

}  // namespace

std::expected<void, store::error> session_store::remember(const session_facts& what) {
  numbers<facts_head_bytes> head, old;
  head.put(static_cast<std::uint64_t>(what.version), 1);
  head.put(what.places, 2);
  head.put(what.session_expiry_s, 4);
  constexpr key name{kind_facts, 0};
  const bytes identifier = as_bytes(what.client_identifier);
  bool same = records_.size_of(name) == facts_head_bytes + identifier.size() && records_.read(name, 0, old.octets()) &&
              equal(head.octets(), old.octets());
  std::array<std::byte, 32> part;
  for (std::size_t at = 0; same && at < identifier.size(); at += part.size()) {
    const auto size = records_.read(name, static_cast<std::uint32_t>(facts_head_bytes + at), part);
    same =
        size && equal(bytes{part}.first(*size), identifier.subspan(at, std::min(part.size(), identifier.size() - at)));
  }
  if (same) return {};
  const bytes pieces[] = {head.octets(), identifier};
  return records_.put(name, pieces);
}

std::optional<session_facts> session_store::facts(mutable_bytes space) {
  numbers<facts_head_bytes> head;
  constexpr key name{kind_facts, 0};
  if (records_.read(name, 0, head.octets()).value_or(0) != facts_head_bytes) return std::nullopt;
  const auto size = records_.read(name, facts_head_bytes, space);
  if (!size) return std::nullopt;
  session_facts result;
  result.version = static_cast<mqtt::version>(head.get(1));
  result.places = static_cast<std::uint16_t>(head.get(2));
  result.session_expiry_s = static_cast<std::uint32_t>(head.get(4));
  result.client_identifier = as_text(space.first(*size));
  return result;
}

// Whose session it is, and who was left last.
std::expected<void, store::error> session_store::remember_places(std::span<const std::uint32_t> known) {
  numbers<4 * servers_max> now, old;
  const std::size_t count = std::min(known.size(), servers_max);
  for (std::size_t i = 0; i < count; ++i) now.put(known[i == 0 ? 0 : known.size() - count + i], 4);
  constexpr key name{kind_places, 0};
  const bool same = records_.read(name, 0, old.octets()) == 4 * count && equal(now.octets(), old.octets());
  const bytes pieces[] = {now.octets().first(4 * count)};
  return same ? std::expected<void, store::error>{} : records_.put(name, pieces);
}

void session_store::restore_places(session_places& into) {
  numbers<4 * servers_max> kept;
  const std::size_t size = records_.read({kind_places, 0}, 0, kept.octets()).value_or(0);
  std::array<std::uint32_t, servers_max> known{};
  for (std::uint32_t& each : known) each = static_cast<std::uint32_t>(kept.get(4));
  into.restore(std::span{known}.first(size / 4));
}

std::optional<std::uint32_t> session_store::number_of(std::string_view filter) {
  std::optional<std::uint32_t> number;
  for (std::uint32_t from = 0; (number = records_.next(kind_subscription, from)); from = *number + 1) {
    const key name{kind_subscription, *number};
    bool same = records_.size_of(name) == subscription_head_bytes + filter.size();
    std::array<std::byte, 32> part;
    for (std::size_t at = 0; same && at < filter.size(); at += part.size()) {
      const auto size = records_.read(name, static_cast<std::uint32_t>(subscription_head_bytes + at), part);
      same = size && as_text(bytes{part}.first(*size)) == filter.substr(at, part.size());
    }
    if (same) return number;
  }
  return std::nullopt;
}

std::expected<void, store::error> session_store::subscribed(const mqtt::subscription& what, std::uint32_t identifier) {
  auto number = number_of(what.filter);
  for (std::uint32_t from = 0; !number; ++from)
    if (records_.next(kind_subscription, from) != from) number = from;
  return subscribed_at(*number, what, identifier);
}

std::expected<void, store::error> session_store::subscribed_at(std::uint32_t number, const mqtt::subscription& what,
                                                               std::uint32_t identifier) {
  numbers<subscription_head_bytes> head;
  head.put(static_cast<std::uint64_t>(what.qos) | (what.no_local ? 4U : 0U) | (what.retain_as_published ? 8U : 0U) |
               static_cast<std::uint64_t>(what.retain_handling) << 4,
           1);
  head.put(identifier, 4);
  keep_unanswered();
  const bytes pieces[] = {head.octets(), as_bytes(what.filter)};
  return records_.put({kind_subscription, number}, pieces);
}

std::expected<void, store::error> session_store::unsubscribed(std::string_view filter) {
  const auto number = number_of(filter);
  return number ? unsubscribed_at(*number) : std::expected<void, store::error>{};
}

std::expected<void, store::error> session_store::unsubscribed_at(std::uint32_t number) {
  return records_.remove({kind_subscription, number});
}

std::optional<session_store::stored_subscription> session_store::next_subscription(std::uint32_t from,
                                                                                   mutable_bytes space) {
  const auto number = records_.next(kind_subscription, from);
  numbers<subscription_head_bytes> head;
  if (!number || !records_.read({kind_subscription, *number}, 0, head.octets())) return std::nullopt;
  const auto size = records_.read({kind_subscription, *number}, subscription_head_bytes, space);
  if (!size) return std::nullopt;
  const std::uint64_t options = head.get(1);
  stored_subscription result;
  result.what = {.filter = as_text(space.first(*size)), .qos = static_cast<mqtt::qos>(options & 3)};
  result.what.no_local = (options & 4) != 0;
  result.what.retain_as_published = (options & 8) != 0;
  result.what.retain_handling = static_cast<mqtt::retain_handling>(options >> 4);
  result.identifier = static_cast<std::uint32_t>(head.get(4));
  result.number = *number;
  return result;
}

}  // namespace recado::chain
