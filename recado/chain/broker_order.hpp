// Which broker next: the list in its order, without those that refused for a final reason, and in front of it the
// servers that a broker named in its own place (Server Reference, 5.0 §4.11). Both conductors choose by it.
#pragma once

#include <cstdint>

#include <recado/chain/prospect.hpp>
#include <recado/core/fault.hpp>

namespace recado::chain {

inline constexpr std::uint8_t brokers_max = 32;         ///< in the list
inline constexpr std::uint8_t referred_max = 8;         ///< servers of one Server Reference that are tried
inline constexpr std::uint8_t references_in_a_row = 4;  ///< of them that are followed, unless configured

/// Which broker an attempt is meant for.
struct broker_choice {
  std::uint8_t number = 0;  ///< in the list of brokers, or among those of the last Server Reference
  bool referred = false;    ///< of the last Server Reference
  /// Member by member.
  constexpr bool operator==(const broker_choice&) const = default;
};

/// How brokers are chosen.
struct broker_policy {
  std::uint8_t brokers = 1;                           ///< how many are in the list: 1 to `brokers_max` are used
  bool retry_final = false;                           ///< true: final reasons are tried again like any other
  std::uint8_t references_max = references_in_a_row;  ///< followed in a row; 0: none is
};

/// What a failure means for the choice.
enum class broker_verdict : std::uint8_t {
  again,     ///< the same one may be tried again
  left_out,  ///< it is left out from now on; see `anybody`
  follow,    ///< the first of the servers that it named is chosen
};

/// The choice among brokers, known by their numbers only.
class broker_order {
 public:
  /// Begins as `begin` does.
  explicit broker_order(const broker_policy& how);
  /// From the start: nobody is left out, no reference is known.
  void begin();
  /// The one that is chosen.
  broker_choice now() const { return now_; }
  /// Chooses the first one of a round; a server that was named for now only (0x9C) is forgotten. False: nobody is left.
  bool first();
  /// Chooses the next one of the round; false if there is none.
  bool next();
  /// True if a new round would have somebody to try.
  bool anybody() const;
  /// Judges why the chosen one failed or was lost; it named so many servers in its place. The driver remembers them in
  /// the place of those that were named before.
  broker_verdict failed(const fault& why, std::uint16_t named);
  /// It went well for long enough: references may be followed anew.
  void went_well() { references_ = 0; }
  /// True if the server moved for good (0x9D): the last reference is tried first in every round.
  bool moved() const { return moved_; }

 private:
  bool choose_from(broker_choice from);
  bool follow(const fault& why, std::uint16_t named);
  bool ruled_out(unsigned broker) const { return (ruled_out_ >> broker & 1U) != 0; }

  broker_policy how_;
  broker_choice now_;
  bool moved_ = false;
  std::uint8_t referred_ = 0;    // servers of the last reference that may be tried
  std::uint8_t references_ = 0;  // followed in a row
  std::uint32_t ruled_out_ = 0;  // one bit for each broker
};

}  // namespace recado::chain
