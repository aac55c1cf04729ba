// Many lives, one after another on each thread, until all are lived or one fails.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include <sim/life.hpp>

namespace recado::sim {

struct campaign_options {
  std::uint64_t from = 1;
  std::uint64_t seeds = 1000;
  unsigned jobs = 1;
  std::uint64_t failures_max = 1;  ///< stop after so many failing seeds
};

/// A seed whose life broke an invariant.
struct failure {
  std::uint64_t seed = 0;
  outcome how;
};

struct campaign_result {
  tally count;
  std::vector<failure> failures;
  double seconds = 0;
};

/// Called about twice a second, from one thread at a time, with what has been done so far.
using progress = std::function<void(std::uint64_t done, double seconds, std::uint64_t failures)>;
campaign_result run(const campaign_options& how, const progress& tell);

/// Ends the campaign after the lives under way; may be called from a signal's handler.
void stop_soon();

/// The seed that this thread is living, for a report of a crash.
std::uint64_t current_seed();
void set_current_seed(std::uint64_t seed);

}  // namespace recado::sim
