#include <recado/mqtt/flights.hpp>

#include <algorithm>

namespace recado::mqtt {

flight_table::flight_table(std::span<outgoing_flight> memory)
    : all_(memory.first(std::min<std::size_t>(memory.size(), packet_identifier_max))) {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    all_[i] = {};
    append(free_, static_cast<place>(i));
  }
}

place flight_table::take_again(std::uint16_t packet_identifier, stage what) {
  if (packet_identifier == 0 || all_.empty()) return no_place;
  const place at = place_of(packet_identifier);
  if (all_[at].stage != static_cast<std::uint8_t>(stage::unused)) return no_place;
  remove(free_, at);
  occupy(at, packet_identifier, what);
  return at;
}

place flight_table::find(std::uint16_t packet_identifier) const {
  if (packet_identifier == 0 || all_.empty()) return no_place;
  const place at = place_of(packet_identifier);
  const outgoing_flight& flight = all_[at];
  const bool live = flight.packet_identifier == packet_identifier &&
                    flight.stage != static_cast<std::uint8_t>(stage::unused) &&
                    flight.stage != static_cast<std::uint8_t>(stage::report);
  return live ? at : no_place;
}

}  // namespace recado::mqtt
