// The deliberate mistake that a run makes, if any; only the copies that mutants.cmake makes ask for it.
#pragma once

namespace recado::sim {

/// 0: none.
inline int chosen_mutant = 0;
inline bool mutated(int number) { return chosen_mutant == number; }

}  // namespace recado::sim
