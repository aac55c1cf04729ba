// How many system calls and allocations the code under test makes. A test that links recado_test_counts has
// them wrapped.
#pragma once

#include <cstddef>

namespace recado::test {

/// Counted since the program began; tests look at differences.
struct call_counts {
  std::size_t sends = 0;
  std::size_t receives = 0;
  std::size_t allocations = 0;  ///< malloc and its like, from any code, operator new included
  std::size_t news = 0;         ///< operator new alone: C++ code, not the C libraries below it
};
call_counts& counts();

}  // namespace recado::test
