// The exchanges in flight to the server: a table in the caller's memory, found by packet identifier in one step.
//
// A packet identifier names its place: place + 1 + n * places, with the next n whenever the place is used again. So
// it is never 0, never in use twice, wraps at 65,535, and looking it up is one division. Places are taken in the
// order in which they became free, which makes the identifiers count up one by one in ordinary traffic.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <recado/mqtt/dissolve.hpp>
#include <recado/mqtt/limits.hpp>
#include <recado/mqtt/memory.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// What an exchange waits for.
enum class stage : std::uint8_t { unused, puback, pubrec, pubcomp, suback, unsuback, report };
/// What can come for it. `refused` is a PUBREC with a reason code of 0x80 or more.
enum class answer_packet : std::uint8_t { puback, pubrec, refused, pubcomp, suback, unsuback };
/// What an exchange then does.
enum class step : std::uint8_t { wrong, release, finish };

/// A cell of the table below.
struct transition {
  stage next = stage::unused;  ///< what it waits for then
  step then = step::wrong;     ///< what is to be done
};

/// Figures 4.2 and 4.3 of the standard from the sender's side, [stage][packet]. What is not here is a protocol error.
/// A PUBREC that comes again is answered by PUBREL again [MQTT-4.3.3-4].
inline constexpr transition outgoing_transitions[6][6] = {
    // PUBACK, PUBREC, PUBREC refusing, PUBCOMP, SUBACK, UNSUBACK
    {{}, {}, {}, {}, {}, {}},                                                          // unused
    {{stage::unused, step::finish}, {}, {}, {}, {}, {}},                               // puback
    {{}, {stage::pubcomp, step::release}, {stage::unused, step::finish}, {}, {}, {}},  // pubrec
    {{}, {stage::pubcomp, step::release}, {}, {stage::unused, step::finish}, {}, {}},  // pubcomp
    {{}, {}, {}, {}, {stage::unused, step::finish}, {}},                               // suback
    {{}, {}, {}, {}, {}, {stage::unused, step::finish}},                               // unsuback
};
/// What an answer does to an exchange at that stage.
constexpr transition after(stage now, answer_packet packet) {
  return now == stage::report ? transition{} : outgoing_transitions[static_cast<int>(now)][static_cast<int>(packet)];
}

/// The steps of that table alone: all that a session asks at run time.
inline constexpr auto outgoing_steps = [] {
  std::array<std::array<step, 6>, 7> all{};
  for (unsigned now = 0; now < 7; ++now)
    for (unsigned packet = 0; packet < 6; ++packet)
      all[now][packet] = after(static_cast<stage>(now), static_cast<answer_packet>(packet)).then;
  return all;
}();
/// `after(now, packet).then`.
constexpr step step_after(stage now, answer_packet packet) {
  return outgoing_steps[static_cast<unsigned>(now)][static_cast<unsigned>(packet)];
}

/// A place in the table, or `none`.
using place = std::uint16_t;
/// No place at all.
inline constexpr place no_place = 0xffff;

/// `outgoing_flight::marks`.
inline constexpr std::uint8_t mark_attempted =
    1;                                           ///< some of its bytes may have reached the server: DUP when sent again
inline constexpr std::uint8_t mark_waiting = 2;  ///< it is to be sent again, but the server's quota is used up
inline constexpr std::uint8_t mark_again = 4;    ///< it is to be sent again, and not all of it is sent
inline constexpr std::uint8_t mark_text = 8;     ///< its payload, which comes from a source, claims to be UTF-8

/// A doubly linked list of flights.
struct flight_list {
  place oldest = no_place;  ///< the front; `no_place` if it is empty
  place newest = no_place;  ///< the back
  /// True if nothing is in it.
  bool empty() const { return oldest == no_place; }
};

/// The table and its lists. A flight is in at most one list.
class flight_table {
 public:
  /// All places of `memory`, which must outlive it, are free.
  explicit flight_table(std::span<outgoing_flight> memory);

  outgoing_flight& operator[](place at) { return all_[at]; }              ///< at a place, which must be one
  const outgoing_flight& operator[](place at) const { return all_[at]; }  ///< at a place, which must be one
  /// True if no place is free.
  bool full() const { return free_.empty(); }
  /// How many places are taken.
  std::size_t used() const { return used_; }
  /// How many there are, at most 65,535.
  std::size_t capacity() const { return all_.size(); }

  /// The packet identifier that `take` will give; 0 if the table is full.
  RECADO_MQTT_DISSOLVING std::uint16_t next_identifier() const {
    if (full()) return 0;
    const std::uint32_t before = all_[free_.oldest].packet_identifier;
    const std::uint32_t next = before == 0 ? free_.oldest + 1U : before + static_cast<std::uint32_t>(all_.size());
    return static_cast<std::uint16_t>(next > packet_identifier_max ? free_.oldest + 1U : next);
  }
  /// Takes the next place for an exchange that waits for `what`.
  place take(stage what) { return take(next_identifier(), what); }
  /// The same for whom `next_identifier` has said it.
  RECADO_MQTT_DISSOLVING place take(std::uint16_t identifier, stage what) {
    const place at = free_.oldest;
    remove(free_, at);
    occupy(at, identifier, what);
    return at;
  }
  /// Takes the place of that identifier, as an earlier run of the program left it; `no_place` if that isn't free.
  place take_again(std::uint16_t packet_identifier, stage what);
  /// The exchange with that identifier, or `no_place`.
  place find(std::uint16_t packet_identifier) const;
  /// The same if it waits for `what`. An identifier has one place; whoever guesses it spares a division.
  place find(std::uint16_t packet_identifier, stage what, place guess = no_place) const {
    if (packet_identifier == 0 || all_.empty()) return no_place;
    const bool guessed = guess < all_.size() && all_[guess].packet_identifier == packet_identifier;
    const place at = guessed ? guess : place_of(packet_identifier);
    const outgoing_flight& flight = all_[at];
    const bool found = flight.packet_identifier == packet_identifier && static_cast<mqtt::stage>(flight.stage) == what;
    return found ? at : no_place;
  }
  /// Gives the place back; it must be in no list.
  RECADO_MQTT_DISSOLVING void release(place at) {
    all_[at].stage = static_cast<std::uint8_t>(stage::unused);
    append(free_, at);
    --used_;
  }

  /// Puts a flight that is in no list behind the newest of this one.
  RECADO_MQTT_DISSOLVING void append(flight_list& list, place at) {
    all_[at].older = list.newest;
    all_[at].newer = no_place;
    if (list.newest != no_place) all_[list.newest].newer = at;
    else list.oldest = at;
    list.newest = at;
  }
  /// Takes a flight out of the list in which it is.
  RECADO_MQTT_DISSOLVING void remove(flight_list& list, place at) {
    const outgoing_flight& flight = all_[at];
    if (flight.older != no_place) all_[flight.older].newer = flight.newer;
    else list.oldest = flight.newer;
    if (flight.newer != no_place) all_[flight.newer].older = flight.older;
    else list.newest = flight.older;
  }

 private:
  RECADO_MQTT_DISSOLVING void occupy(place at, std::uint16_t packet_identifier, mqtt::stage what) {
    all_[at] = {.packet_identifier = packet_identifier,
                .older = no_place,
                .newer = no_place,
                .stage = static_cast<std::uint8_t>(what)};
    ++used_;
  }
  // Of an identifier that isn't 0, in a table that isn't empty.
  place place_of(std::uint16_t packet_identifier) const {
    return static_cast<place>((packet_identifier - 1U) % static_cast<std::uint32_t>(all_.size()));
  }
  std::span<outgoing_flight> all_;
  flight_list free_;
  std::size_t used_ = 0;
};

}  // namespace recado::mqtt
