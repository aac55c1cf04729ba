#include <recado/chain/broker_order.hpp>

#include <algorithm>

namespace recado::chain {

broker_order::broker_order(const broker_policy& how) : how_(how) {
  how_.brokers = std::clamp<std::uint8_t>(how.brokers, 1, brokers_max);
}

void broker_order::begin() {
  now_ = {};
  moved_ = false;
  referred_ = references_ = 0;
  ruled_out_ = 0;
}

bool broker_order::choose_from(broker_choice from) {
  if (from.referred && from.number < referred_) return now_ = from, true;
  for (std::uint8_t i = from.referred ? std::uint8_t{0} : from.number; i < how_.brokers; ++i)
    if (!ruled_out(i)) return now_ = {i, false}, true;
  return false;
}

bool broker_order::first() {
  references_ = 0;  // whoever sends in circles does it within a round
  if (!moved_) referred_ = 0;
  return choose_from({0, referred_ != 0});
}

bool broker_order::next() { return choose_from({static_cast<std::uint8_t>(now_.number + 1), now_.referred}); }

bool broker_order::anybody() const {
  const std::uint32_t all = how_.brokers < brokers_max ? (1U << how_.brokers) - 1 : ~0U;
  return (moved_ && referred_ != 0) || (~ruled_out_ & all) != 0;
}

broker_verdict broker_order::failed(const fault& why, std::uint16_t named) {
  const prospect next = prospect_of(why);
  if (next == prospect::elsewhere && follow(why, named)) return broker_verdict::follow;
  if (named != 0) referred_ = 0, moved_ = false;  // the driver knows only those that were named last
  if (next != prospect::final || how_.retry_final) return broker_verdict::again;
  if (now_.referred) referred_ = 0, moved_ = false;
  else ruled_out_ |= 1U << now_.number;
  return broker_verdict::left_out;
}

// The server names others: for now, or for good. Who sends us in circles is left with a pause.
bool broker_order::follow(const fault& why, std::uint16_t named) {
  if (named == 0 || references_ >= how_.references_max) return false;
  ++references_;
  referred_ = static_cast<std::uint8_t>(std::min<std::uint16_t>(named, referred_max));
  moved_ = moved_for_good(why);
  now_ = {0, true};
  return true;
}

}  // namespace recado::chain
