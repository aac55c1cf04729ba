// The conductor: in which order a device goes from no address to secure messages, how long it waits for each rung,
// and how far it falls when something goes wrong.
//
//   link -> lease -> time server's name -> clock -> broker's name -> stream -> secure -> session -> online
//
// Each rung stands on all those below it. The conductor knows nothing of packets or sockets: it is told what
// happened (`reached`, `failed`, `lost`) and answers what to do next (`attempt` this rung, `undo` all from that one
// up, `wait`). The order, the patience and the way back are one table, `ladder()`, which the documentation and
// `recado run --check` print. Every retry is bounded by a patience, and rounds are spaced by a back-off with jitter;
// nothing fails unseen, because each `failed` and `lost` carries its fault and `last_fault()` keeps it. Who refuses for
// a final reason is left out, and when all brokers are, it is over; who names another server (0x9C, 0x9D) is followed
// there, a few times in a row at most (chain/broker_order.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <recado/chain/backoff.hpp>
#include <recado/chain/broker_order.hpp>
#include <recado/chain/error.hpp>
#include <recado/core/entropy.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/core/text.hpp>

namespace recado::chain {

/// What stands on what, from the bottom up.
enum class rung : std::uint8_t { link, lease, time_name, clock, name, stream, secure, session, online };
inline constexpr unsigned rung_count = 9;  ///< how many there are

/// One row of the ladder.
struct step {
  rung at;            ///< which rung
  const char* name;   ///< "lease"
  const char* title;  ///< "network address (DHCP)"
  duration patience;  ///< an attempt that takes longer has failed; `duration::max()`: its machine decides
  const char* next;   ///< what is tried when an attempt fails
  rung falls_to;      ///< where the next round begins when all has failed, or when the rung was lost
};

/// All rungs in their order.
std::span<const step> ladder();
/// One row of it.
const step& step_of(rung at);
std::string_view name_of(rung at);  ///< the same as in `step::name`
/// The ladder as a table, one line a rung, as the documentation shows it.
void print_ladder(text_sink& out);

/// What to do when no time server answers.
enum class no_time_policy : std::uint8_t {
  plausible,  ///< go on without TLS, or with a clock that is plausible (real-time clock, last known time)
  keep_trying,
  go_on,  ///< even with TLS and a clock that was never set
};

/// What the conductor must know of the configuration. Servers are known to it by their number in their list only.
struct policy {
  bool use_dhcp = true;           ///< false: the static address at once
  bool has_static = false;        ///< there is an address to use when DHCP has failed, or instead of it
  std::uint8_t time_servers = 0;  ///< 0: the clock is not set, that rung is left out
  std::uint8_t brokers = 1;       ///< how many are known; at least 1
  bool retry_final = false;       ///< true: final reasons (chain/prospect.hpp) are tried again like any other
  /// Server References followed in a row; 0: none is followed.
  std::uint8_t references_max = references_in_a_row;
  bool secure = true;                                     ///< false: the rung `secure` is left out
  no_time_policy on_no_time = no_time_policy::plausible;  ///< see there
  backoff_limits retry;                                   ///< between rounds
  duration stable = std::chrono::seconds{30};   ///< online for so long: the next loss is a new series of failures
  std::uint32_t rounds_max = 0;                 ///< give up after so many failed rounds in a row; 0: never
  duration farewell = std::chrono::seconds{5};  ///< how long the goodbye may take
};

/// What happened.
struct happening {
  /// What it may be.
  enum class kind : std::uint8_t {
    time_passed,
    reached,  ///< the work of rung `at` is done; `choices` addresses were found, for a name
    failed,   ///< the attempt at rung `at` has failed
    lost,     ///< rung `at` had been reached and does not hold any more
    stop,     ///< the user wants to end
    farewell_said,
  };
  kind what = kind::time_passed;  ///< which of them
  rung at = rung::link;           ///< which rung
  fault why;                      ///< of what failed or was lost
  std::uint16_t choices = 1;      ///< addresses that were found; of `failed` and `lost`: servers that the broker named

  /// Makes one.
  static happening reached(rung at, std::uint16_t choices = 1) { return {kind::reached, at, {}, choices}; }
  /// Makes one. The driver remembers the servers that were `named` in the place of those that were named before.
  static happening failed(rung at, fault why, std::uint16_t named = 0) { return {kind::failed, at, why, named}; }
  /// The same for what had been reached.
  static happening lost(rung at, fault why, std::uint16_t named = 0) { return {kind::lost, at, why, named}; }
  static happening stop() { return {kind::stop, rung::link, {}, 0}; }                    ///< Makes one.
  static happening farewell_said() { return {kind::farewell_said, rung::link, {}, 0}; }  ///< Makes one.
};

/// What to do next.
struct want {
  /// What it may be.
  enum class kind : std::uint8_t {
    wait,      ///< nothing until something happens, or until `until`
    attempt,   ///< begin rung `at` with server `server` of its list (lease: 0 DHCP, 1 static) and address `address`
    undo,      ///< end everything from rung `at` upwards; what stands below it stays
    farewell,  ///< say goodbye in the session, then tell `farewell_said`
    end,       ///< it is over; `last_fault()` says why if it wasn't wished
  };
  kind what = kind::wait;     ///< which of them
  rung at = rung::link;       ///< which rung
  std::uint8_t server = 0;    ///< its number in the list
  std::uint16_t address = 0;  ///< its number among the addresses of its name
  bool referred = false;      ///< of a broker: `server` counts those of the last Server Reference
  instant until = never;      ///< with `wait`: when to come back; see `pausing`
};

/// The conductor of one device.
class bring_up {
 public:
  /// The randomness must outlive it.
  bring_up(const policy& how, entropy& random)
      : random_(&random), how_(how), backoff_(how.retry), order_({how.brokers, how.retry_final, how.references_max}) {}

  /// Takes in what happened and answers one thing to do. Call it again with `time_passed` until it answers `wait`,
  /// and again when something happened or `until` has come. What comes late (a rung that isn't attempted any
  /// more) is ignored.
  want resume(const happening& what, instant now);

  /// The rung that is being climbed; `online` once all is reached.
  rung at() const { return at_; }
  bool is_online() const { return at_ == rung::online && phase_ == phase::standing; }  ///< True once all is reached.
  /// True while it waits for the next round, until `until()`.
  bool pausing() const { return phase_ == phase::pausing; }
  instant until() const { return until_; }  ///< with `wait`: when to come back; see `pausing`
  /// The address of the broker that is being tried, by its number in the answer.
  std::uint16_t address() const { return address_; }
  /// A time server has set the clock.
  bool clock_was_set() const { return clock_set_; }
  /// Everything is being undone for good.
  bool ending() const { return phase_ == phase::ending || phase_ == phase::ended; }
  /// How many rounds in a row have failed.
  std::uint32_t rounds() const { return rounds_; }
  /// The last thing that went wrong, for whoever asks.
  fault last_fault() const { return last_fault_; }
  /// The rung's patience is used up: `resume` will take it for failed.
  bool too_late(instant now) const { return phase_ == phase::working && now >= until_; }
  /// Is the clock good enough to check certificates without a time server? A real-time clock or the last known time
  /// may be, a guess is not.
  void clock_is_plausible(bool yes) { plausible_ = yes; }

 private:
  enum class phase : std::uint8_t { due, working, pausing, standing, leaving, ending, ended };

  void take(const happening& what, instant now);
  void on_reached(const happening& what, instant now);
  void on_failed(const happening& what, instant now);
  void on_lost(const happening& what, instant now);
  void on_stop(instant now);
  void on_time(instant now);
  void climb_to(rung at);
  bool left_out(rung at) const;
  void first_broker();
  void time_failed(instant now);
  void broker_failed(const happening& what, instant now);
  void next_of_broker(bool same, instant now);
  rung next_round();
  void round_failed(rung next, instant now);
  void fall(rung from, rung next);
  void start_again(rung at);
  want next_want(instant now);
  want start_attempt(instant now);

  // Flags and small numbers come first: there a Cortex-M reaches them with short instructions.
  rung at_ = rung::link;
  phase phase_ = phase::due;
  rung undo_from_ = rung::link;
  bool undo_due_ = false;
  bool clock_set_ = false;
  bool plausible_ = false;
  bool clock_doubted_ = false;
  bool static_used_ = false;
  bool farewell_asked_ = false;
  std::uint8_t server_ = 0;
  std::uint16_t address_ = 0;
  std::uint16_t addresses_ = 0;
  std::uint32_t rounds_ = 0;
  entropy* random_;
  instant until_ = never;
  instant online_since_ = never;
  policy how_;
  backoff backoff_;
  broker_order order_;
  fault last_fault_;
};

}  // namespace recado::chain
