// The least of a plan that still fails.
#pragma once

#include <cstdio>
#include <functional>
#include <string>

#include <sim/life.hpp>

namespace recado::sim {

/// A violation without its numbers: two of a kind are alike then.
std::string kind_of(const std::string& violation);

/// Leaves out as many mishaps as possible such that `live` still finds a violation of that kind. `tell` hears how many
/// are left after each success.
plan shrink(plan all, const std::string& kind, const std::function<void(std::size_t)>& tell);

/// Lives a seed; if it fails, prints how many of its mishaps that takes, and either which or (`traces`) all that
/// happens in the least life. Returns how that ended.
outcome live_least(std::uint64_t seed, bool traces);

}  // namespace recado::sim
