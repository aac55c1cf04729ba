#include "undisturbed.hpp"

namespace recado::linux_board {

undisturbed::undisturbed(device::console& to) : policy_before_(sched_getscheduler(0)) {
  sched_getparam(0, &before_);
  sched_param first{};
  first.sched_priority = sched_get_priority_min(SCHED_FIFO);
  allowed_ = sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) == 0;
  if (allowed_) return;
  to.line(device::console_level::warning,
          "no right to real-time priority: the times include the turns of other programs");
}

undisturbed::~undisturbed() {
  if (allowed_) sched_setscheduler(0, policy_before_, &before_);
}

}  // namespace recado::linux_board
