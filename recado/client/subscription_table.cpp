#include <recado/client/subscription_table.hpp>

#include <algorithm>
#include <utility>

#include <recado/mqtt/limits.hpp>

namespace recado::client {
namespace {

using phase = entry::phase;

constexpr std::uint64_t place_bits = 24;
constexpr std::uint64_t place_mask = (std::uint64_t{1} << place_bits) - 1;

bool is_unsettled(phase at) { return at == phase::wanted || at == phase::leaving; }
bool is_asked(phase at) { return at == phase::asked || at == phase::leaving_asked; }

}  // namespace

std::uint32_t subscription_table::place_of(const entry& one) {
  return static_cast<std::uint32_t>(one.number & place_mask);
}

subscription_table::entry_ptr subscription_table::add(const mqtt::subscription& what, message_handler handler) {
  std::uint32_t place = static_cast<std::uint32_t>(places_.size());
  if (free_places_.empty()) places_.emplace_back();
  else place = free_places_.top(), free_places_.pop();
  auto one = std::make_shared<entry>();
  one->number = ++last_number_ << place_bits | place;
  one->filter = what.filter;
  one->how = what;
  one->how.filter = one->filter;
  one->handler = std::move(handler);
  filter_use& use = filters_[one->filter];
  if (use.entries++ == 0) use.identifier = last_identifier_ = last_identifier_ % mqtt::variable_byte_integer_max + 1;
  ++use.heard;
  use.qos = std::max(use.qos, what.qos);
  one->identifier = use.identifier;
  unsettled_.insert(place);
  places_[place] = one;
  return one;
}

subscription_table::entry_ptr subscription_table::remove(entry& one) {
  const std::uint32_t place = place_of(one);
  if (places_[place].get() != &one) return nullptr;
  enter(one, phase::gone);
  silence(one);
  const auto use = filters_.find(one.filter);
  if (--use->second.entries == 0) filters_.erase(use);
  free_places_.push(place);
  return std::exchange(places_[place], nullptr);
}

subscription_table::entry_ptr subscription_table::find(std::uint64_t number) const {
  const std::uint64_t place = number & place_mask;
  if (place >= places_.size() || !places_[place] || places_[place]->number != number) return nullptr;
  return places_[place];
}

subscription_table::entry_ptr subscription_table::find(mqtt::token asked, phase at) const {
  const auto found = asked_.find(asked.packet_identifier);
  if (found == asked_.end() || places_[found->second]->at != at) return nullptr;
  return places_[found->second];
}

void subscription_table::enter(entry& one, phase next) {
  const std::uint32_t place = place_of(one);
  if (is_unsettled(one.at)) unsettled_.erase(place);
  if (is_asked(one.at)) asked_.erase(one.asked.packet_identifier);
  one.at = next;
  if (is_unsettled(next)) unsettled_.insert(place);
  if (is_asked(next)) asked_[one.asked.packet_identifier] = place;
}

void subscription_table::silence(entry& one) {
  if (!one.silent.exchange(true)) --filters_.find(one.filter)->second.heard;
}

mqtt::subscription subscription_table::wish_of(const entry& one) const {
  mqtt::subscription result = one.how;
  result.qos = filters_.find(one.filter)->second.qos;
  return result;
}

bool subscription_table::filter_in_use(const entry& besides) const {
  const auto use = filters_.find(besides.filter);
  return use != filters_.end() && use->second.heard > (besides.silent ? 0U : 1U);
}

std::optional<std::uint32_t> subscription_table::next_unsettled(std::uint32_t from) const {
  const auto found = unsettled_.lower_bound(from);
  return found != unsettled_.end() ? std::optional{*found} : std::nullopt;
}

}  // namespace recado::client
