// The least of a plan that still fails.
#pragma once

#include <functional>

#include <sim/life.hpp>

namespace recado::sim {

/// Leaves out as many mishaps as possible such that `live` still finds a violation. `tell` hears how many are left
/// after each success.
plan shrink(plan all, const std::function<void(std::size_t)>& tell);

}  // namespace recado::sim
