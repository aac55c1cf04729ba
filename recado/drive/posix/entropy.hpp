// Randomness from the kernel.
#pragma once

#include <recado/core/entropy.hpp>

namespace recado::posix {

/// getrandom(2): waits at boot until the kernel has gathered enough, never fails afterwards; should it fail all
/// the same, the program is aborted, because nothing below can do without. May be shared between threads.
class system_entropy final : public entropy {
 public:
  /// From the system's generator (getrandom); never fails.
  void fill(mutable_bytes out) override;
};

}  // namespace recado::posix
