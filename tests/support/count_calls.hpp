// How many system calls and allocations the code under test makes. The test's target wraps them at link time:
// target_link_options(... -Wl,--wrap=send,--wrap=recv,--wrap=malloc,--wrap=calloc,--wrap=realloc)
#pragma once

#include <cstddef>

namespace recado::test {

/// Counted since the program began; tests look at differences.
struct call_counts {
  std::size_t sends = 0;
  std::size_t receives = 0;
  std::size_t allocations = 0;
};
call_counts& counts();

}  // namespace recado::test
