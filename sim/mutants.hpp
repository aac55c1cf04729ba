// The deliberate mistakes, and how many seeds each takes to be found.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace recado::sim {

/// Each mutant has to be found within so many seeds.
inline constexpr std::uint64_t mutant_seeds_max = 20000;

struct mutant {
  int number;
  std::string_view file;  ///< below recado/
  std::string_view words;
};

/// Lives with each mutant in turn, each in a process of its own, since a mistake may crash or never end. Prints a line
/// for each and returns how many were not found.
int run_mutants(std::span<const mutant> all, std::uint64_t from, std::uint64_t seeds);

}  // namespace recado::sim
