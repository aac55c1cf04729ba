// The conductor of one connection: which broker next, which of its addresses, when, and when not any more.
//
//   a round: each broker in its order, each address of its name; the first that accepts the session wins
//   a round failed, or the connection broke: a pause with full jitter, then the next round from the first broker
//   the server names another one (0x9C, 0x9D): that one first, without a pause, a few times in a row at most
//   a final reason (chain/prospect.hpp): that broker is left out; when all are left out it is over
//
// It knows nothing of sockets, names or packets: it is told what happened and answers one thing to do. Brokers are
// known to it by their number in their list only, so a driver of any kind can use it. `chain/bring_up.hpp` does the
// same for a device that has to find its address and the time first.
#pragma once

#include <cstdint>
#include <string_view>

#include <recado/chain/backoff.hpp>
#include <recado/chain/broker_order.hpp>
#include <recado/chain/error.hpp>
#include <recado/core/entropy.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>

namespace recado::chain {

/// How to come back.
struct reconnect_policy {
  std::uint8_t brokers = 1;  ///< how many there are, at most `brokers_max`
  /// For one attempt: of the name, and the first address behind it, together; of each further address.
  duration patience = std::chrono::seconds{30};
  backoff_limits retry{};                      ///< between rounds; exponential, full jitter
  duration stable = std::chrono::seconds{10};  ///< online for so long: the next loss is the first of a new series
  std::uint32_t rounds_max = 0;                ///< over after so many failed rounds in a row; 0: never
  bool retry_first = true;                     ///< false: if the very first round fails it is over
  bool retry_lost = true;                      ///< false: over when the connection is lost
  bool retry_final = false;                    ///< true: final reasons are tried again like any other
  /// Server References followed in a row; 0: none is followed.
  std::uint8_t references_max = references_in_a_row;
  duration farewell = std::chrono::seconds{2};  ///< how long the goodbye may take
};

/// Where a connection is.
enum class reconnect_state : std::uint8_t {
  idle,       ///< `start` wasn't told, or it is over
  resolving,  ///< the broker's name
  opening,    ///< stream, TLS and session
  online,     ///< the server accepted the session
  pausing,    ///< until `retry_at()`
  leaving,    ///< the goodbye is being said
};
/// "online"
std::string_view words(reconnect_state what);

/// What happened, as `reconnect` is told.
struct reconnect_happening {
  /// What kind of thing.
  enum class kind : std::uint8_t { time_passed, start, resolved, accepted, failed, stop, gone };
  kind what = kind::time_passed;  ///< what kind
  fault why{};                    ///< of `failed`
  std::uint16_t count = 0;        ///< of `resolved`: addresses; of `failed`: servers in its Server Reference
  bool every_address = false;     ///< of `failed`: the addresses behind this one were tried, too

  /// The user wants a connection; what failed before is forgotten.
  static reconnect_happening start() { return {.what = kind::start}; }
  /// The name has so many addresses, at least one.
  static reconnect_happening resolved(std::uint16_t addresses) { return {.what = kind::resolved, .count = addresses}; }
  /// The server accepted the session.
  static reconnect_happening accepted() { return {.what = kind::accepted}; }
  /// The attempt failed, or the connection was lost. `references`: how many servers the server named instead; the
  /// driver remembers them in the place of those that were named before.
  static reconnect_happening failed(fault why, std::uint16_t references = 0) {
    return {.what = kind::failed, .why = why, .count = references};
  }
  /// No address could be connected to, of those that `open` named and all behind it: drivers that race them.
  static reconnect_happening failed_everywhere(fault why) {
    return {.what = kind::failed, .why = why, .every_address = true};
  }
  /// The user wants to end.
  static reconnect_happening stop() { return {.what = kind::stop}; }
  /// After `farewell`: the stream is closed.
  static reconnect_happening gone() { return {.what = kind::gone}; }
};

/// What to do next, as `reconnect` answers.
struct reconnect_want {
  /// What kind of thing.
  enum class kind : std::uint8_t {
    wait,      ///< nothing until something happens, or until `until`
    resolve,   ///< find the addresses of `broker`, then tell `resolved` or `failed`
    open,      ///< connect to address `address` of those found, then tell `accepted` or `failed`
    drop,      ///< end the attempt here and now: its patience is used up, or nobody wants it any more
    farewell,  ///< say goodbye and close, then tell `gone`
    end,       ///< it is over; `last_fault()` says why if it wasn't wished
  };
  kind what = kind::wait;     ///< what kind
  broker_choice broker{};     ///< of `resolve` and `open`
  std::uint16_t address = 0;  ///< of `open`
  instant until = never;      ///< of `wait`
};

/// The conductor of one connection. One thread at a time; no call blocks or allocates.
class reconnect {
 public:
  /// `random` draws the pauses and must outlive it.
  reconnect(const reconnect_policy& how, entropy& random)
      : how_(how), random_(&random), backoff_(how.retry), order_(choice_of(how)) {}

  /// Replaces the policy, while idle.
  void configure(const reconnect_policy& how) {
    how_ = how, backoff_ = backoff{how.retry}, order_ = broker_order{choice_of(how)};
  }

  /// Takes in what happened and answers one thing to do. Call it again with `{}` until it answers `wait`, and again
  /// when something happened or `until` has come. What comes too late to matter is ignored.
  reconnect_want resume(const reconnect_happening& what, instant now);

  /// Where the connection is.
  reconnect_state state() const;
  /// The last thing that went wrong since `start`; empty if nothing did.
  fault last_fault() const { return last_fault_; }
  /// When the next round begins; `never` unless `pausing`.
  instant retry_at() const { return phase_ == phase::pausing ? until_ : never; }
  /// How many rounds in a row have failed.
  std::uint32_t rounds() const { return rounds_; }
  /// How many attempts have failed and connections were lost since `start`: it has grown if `resume` took in one more.
  std::uint32_t failures() const { return failures_; }
  /// The broker that is being tried, or connected to.
  broker_choice broker() const { return order_.now(); }
  /// True if the server moved for good (0x9D): the last Server Reference is tried first in every round.
  bool moved() const { return order_.moved(); }

 private:
  enum class phase : std::uint8_t { idle, resolve, resolving, open, opening, online, pausing, leave, leaving, over };

  void take(const reconnect_happening& what, instant now);
  void on_failed(const reconnect_happening& what, instant now);
  void on_time(instant now);
  void on_stop(instant now);
  void begin_round();
  void next_broker(instant now);
  void round_over(instant now);
  void pause(instant now);
  static broker_policy choice_of(const reconnect_policy& how) {
    return {.brokers = how.brokers, .retry_final = how.retry_final, .references_max = how.references_max};
  }

  reconnect_policy how_;
  entropy* random_;
  backoff backoff_;
  broker_order order_;
  phase phase_ = phase::idle;
  instant until_ = never;
  instant online_since_ = never;
  bool drop_due_ = false;
  bool was_online_ = false;
  std::uint16_t address_ = 0;
  std::uint16_t addresses_ = 0;
  std::uint32_t rounds_ = 0;
  std::uint32_t failures_ = 0;
  fault last_fault_;
};

}  // namespace recado::chain
