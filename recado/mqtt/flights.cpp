#include <recado/mqtt/flights.hpp>

#include <algorithm>

#include <recado/mqtt/limits.hpp>

namespace recado::mqtt {

flight_table::flight_table(std::span<outgoing_flight> memory)
    : all_(memory.first(std::min<std::size_t>(memory.size(), packet_identifier_max))) {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    all_[i] = {};
    append(free_, static_cast<place>(i));
  }
}

std::uint16_t flight_table::next_identifier() const {
  if (full()) return 0;
  const std::uint32_t before = all_[free_.oldest].packet_identifier;
  const std::uint32_t next = before == 0 ? free_.oldest + 1U : before + static_cast<std::uint32_t>(all_.size());
  return static_cast<std::uint16_t>(next > packet_identifier_max ? free_.oldest + 1U : next);
}

place flight_table::take(stage what) {
  const std::uint16_t identifier = next_identifier();
  const place at = free_.oldest;
  remove(free_, at);
  all_[at] = {
      .packet_identifier = identifier, .older = no_place, .newer = no_place, .stage = static_cast<std::uint8_t>(what)};
  ++used_;
  return at;
}

place flight_table::take_again(std::uint16_t packet_identifier, stage what) {
  if (packet_identifier == 0 || all_.empty()) return no_place;
  const auto at = static_cast<place>((packet_identifier - 1U) % all_.size());
  if (all_[at].stage != static_cast<std::uint8_t>(stage::unused)) return no_place;
  remove(free_, at);
  all_[at] = {.packet_identifier = packet_identifier,
              .older = no_place,
              .newer = no_place,
              .stage = static_cast<std::uint8_t>(what)};
  ++used_;
  return at;
}

place flight_table::find(std::uint16_t packet_identifier) const {
  if (packet_identifier == 0 || all_.empty()) return no_place;
  const auto at = static_cast<place>((packet_identifier - 1U) % all_.size());
  const outgoing_flight& flight = all_[at];
  const bool live = flight.packet_identifier == packet_identifier &&
                    flight.stage != static_cast<std::uint8_t>(stage::unused) &&
                    flight.stage != static_cast<std::uint8_t>(stage::report);
  return live ? at : no_place;
}

void flight_table::release(place at) {
  all_[at].stage = static_cast<std::uint8_t>(stage::unused);
  append(free_, at);
  --used_;
}

void flight_table::append(flight_list& list, place at) {
  all_[at].older = list.newest;
  all_[at].newer = no_place;
  if (list.newest != no_place) all_[list.newest].newer = at;
  else list.oldest = at;
  list.newest = at;
}

void flight_table::remove(flight_list& list, place at) {
  const outgoing_flight& flight = all_[at];
  if (flight.older != no_place) all_[flight.older].newer = flight.newer;
  else list.oldest = flight.newer;
  if (flight.newer != no_place) all_[flight.newer].older = flight.older;
  else list.newest = flight.older;
}

}  // namespace recado::mqtt
