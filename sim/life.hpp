// One life: a plan played from the first to the last moment in virtual time.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include <sim/plan.hpp>
#include <sim/world.hpp>

namespace recado::sim {

/// How a life ended.
struct outcome {
  std::string violation;  ///< empty if every invariant held
  instant at{};           ///< when it did not
  tally count;
  std::vector<planned> added;  ///< mishaps that the plan didn't have
};

/// Once nothing goes wrong any more, everything has to have arrived within this time: the longest keep alive one and a
/// half times, the longest pause between rounds, the slowest answers, and some to spare.
inline constexpr duration progress_bound = std::chrono::minutes{15};

/// Plays it; `trace` gets a line for everything that happens, if it isn't null.
outcome live(const plan& all, std::FILE* trace = nullptr);

}  // namespace recado::sim
