// Measuring without the turns of other programs.
#pragma once

#include <sched.h>

#include <recado/device/board.hpp>

namespace recado::linux_board {

/// As long as it lives, this thread has real-time priority where the system allows it: what a system call wakes (the
/// broker, in the lab) doesn't take the processor away before the call is back, so its time is the call's own.
class undisturbed {
 public:
  /// Warns if the user has no right to real-time priority (CAP_SYS_NICE, or a limit of RLIMIT_RTPRIO).
  explicit undisturbed(device::console& to);
  ~undisturbed();
  undisturbed(const undisturbed&) = delete;
  undisturbed& operator=(const undisturbed&) = delete;

 private:
  int policy_before_;
  sched_param before_{};
  bool allowed_;
};

}  // namespace recado::linux_board
