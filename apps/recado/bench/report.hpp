// What was measured, in words and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <recado/core/instant.hpp>

#include "histogram.hpp"
#include "plan.hpp"

namespace recado::app::bench {

/// What a measurement found. What was not measured is missing, in JSON `null`.
struct findings {
  std::uint64_t messages = 0;  ///< that were taken, or connections of `connect`
  std::uint64_t size = 0;      ///< bytes of payload of each, on average
  duration time{};             ///< from the first to the last
  duration cpu{};              ///< of this process meanwhile, user and system
  const histogram* latency = nullptr;
  std::optional<std::uint64_t> lost, duplicated, out_of_order;
  std::optional<std::uint64_t> foreign;  ///< messages of others, which were not counted
  std::optional<std::uint64_t> refused;  ///< by the broker
  std::optional<std::uint64_t> resumed, connections_lost, reconnections;
  std::optional<mqtt::qos> granted;  ///< the least that the broker granted to a subscription
  std::optional<double> memory_bytes_per_connection;
  std::string latency_of;  ///< what the latency is the time of
};

/// The processor time of this process so far.
duration processor_time();

/// "1,234,567"
std::string grouped(std::uint64_t number);

/// Throws `failure` if the file that the plan wants JSON in can't be written: before anything is measured.
void check_report(const plan& what);

/// Prints the closing line to standard output and the JSON to where the plan wants it; the line goes to standard
/// error if the JSON is on standard output. Throws `failure` if a file can't be written.
void report(const plan& what, const findings& found);

/// The bar on a terminal; nothing elsewhere.
class progress_bar {
 public:
  explicit progress_bar(const plan& what) : what_(what) {}
  ~progress_bar() { clear(); }
  /// `done` messages since the beginning, `since` it. Draws a few times a second.
  void show(std::uint64_t done, duration since, instant now);
  /// Takes it away.
  void clear();

 private:
  const plan& what_;
  instant next_{};
  std::uint64_t last_done_ = 0;
  instant last_{};
  bool shown_ = false;
};

}  // namespace recado::app::bench
