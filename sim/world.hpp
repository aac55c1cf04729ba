// What all parts of a life share: the time, what went wrong, what was counted, and the trace.
#pragma once

#include <array>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include <recado/core/instant.hpp>
#include <sim/plan.hpp>
#include <sim/storage.hpp>

namespace recado::sim {

/// What a life, or many of them, came to.
struct tally {
  std::array<std::uint64_t, mishap_count> mishaps{};           ///< that had an effect
  std::array<std::uint64_t, power_loss_count> power_losses{};  ///< that met something which was not synced
  std::uint64_t lives = 0;
  std::uint64_t published = 0;  ///< messages that the device accepted
  std::uint64_t delivered = 0;  ///< messages that the device was told
  std::uint64_t connections = 0;
  std::uint64_t packets = 0;              ///< that the broker heard and said
  std::uint64_t resumed = 0;              ///< sessions that the broker still had
  std::uint64_t in_doubt = 0;             ///< of them those that the device could not know for sure
  std::uint64_t held = 0;                 ///< messages that waited in the journal when the power came back
  std::uint64_t dated = 0;                ///< of them those that expire, and whose time went on meanwhile
  std::uint64_t repeated = 0;             ///< messages that a 3.1.1 broker said twice on one connection
  std::uint64_t refused_by_date = 0;      ///< certificates, for the clock was wrong
  std::uint64_t unsubscribed = 0;         ///< UNSUBSCRIBE that the broker heard
  std::uint64_t authenticated = 0;        ///< connections that were, by AUTH
  std::uint64_t challenges = 0;           ///< that the broker asked
  std::uint64_t authenticated_again = 0;  ///< exchanges on connections that stood
  std::uint64_t retained_up = 0;          ///< messages to the broker with RETAIN
  std::uint64_t retained_down = 0;        ///< messages that it had kept for a new subscription
  std::uint64_t wills_published = 0;      ///< wills that came true,
  std::uint64_t wills_discarded = 0;      ///< were taken back by a goodbye,
  std::uint64_t wills_overtaken = 0;      ///< or by the client's coming back in time
  std::uint64_t steps = 0;
  std::uint64_t least_messages = UINT64_MAX;  ///< of one life, in both directions
  std::uint64_t least_faults = UINT64_MAX;
  std::uint64_t virtual_us = 0;

  void add(const tally& other);
};

class world {
 public:
  explicit world(std::FILE* trace = nullptr) : trace_(trace) {}

  instant now{};
  tally count;
  /// What the broker has said last, for the device's invariants: the session mayn't be asked about itself.
  std::uint16_t keep_alive_s = 0;
  /// So many messages of QoS 2 the device can receive at a time: with 3.1.1 its broker is configured for that.
  std::uint32_t received_max = 65'535;
  /// The power goes as a CONNACK arrives.
  bool power_due = false;
  /// The power goes within so many writes behind the next CONNACK that tells of a new session; 0: it doesn't.
  std::uint32_t cut_with_loss = 0;
  /// The same as that CONNACK is said.
  std::uint32_t cut_due = 0;

  // A mishap counts when something is the worse for it, and once: where nothing is written no write can fail.
  void begins(mishap what) { lurks_[static_cast<std::size_t>(what)] = true; }
  void is_over(mishap what) { lurks_[static_cast<std::size_t>(what)] = false; }
  void takes_effect(mishap what) {
    if (std::exchange(lurks_[static_cast<std::size_t>(what)], false)) happened(what);
  }
  /// How many faults had an effect.
  std::uint64_t faults() const { return faults_; }

  bool tracing() const { return trace_ != nullptr; }
  /// A line of the trace, with the time in front.
  [[gnu::format(printf, 2, 3)]] void note(const char* format, ...);
  /// An invariant does not hold. Only the first one is kept.
  [[gnu::format(printf, 2, 3)]] void violate(const char* format, ...);
  bool violated() const { return !violation_.empty(); }
  const std::string& violation() const { return violation_; }

 private:
  void print(const char* mark, const char* text);
  void happened(mishap what);

  std::FILE* trace_;
  std::array<bool, mishap_count> lurks_{};
  std::uint64_t faults_ = 0;
  std::string violation_;
};

}  // namespace recado::sim
