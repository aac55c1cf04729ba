#include <recado/client/biased_mutex.hpp>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace recado::client {
namespace {

bool order_all_threads(int command) { return ::syscall(SYS_membarrier, command, 0U, 0) == 0; }

}  // namespace

biased_mutex::biased_mutex() : can_order_(order_all_threads(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)) {}

void biased_mutex::lock_to_own() {
  inner_.lock();
  if (owner_.load(std::memory_order_relaxed) != nobody) disown();
  if (std::exchange(last_, this_thread()) != this_thread()) in_a_row_ = 0;
  if (++in_a_row_ >= turns_to_own && can_order_) owner_.store(this_thread(), std::memory_order_release);
}

// Behind the system call the owner has either seen that it is none any more, or is seen inside; and then it sees that
// when it leaves.
void biased_mutex::disown() {
  const bool own = is_own();
  owner_.store(nobody, std::memory_order_relaxed);
  if (own) return;
  order_all_threads(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  inside_.wait(1, std::memory_order_acquire);
}

void biased_mutex::tell_who_disowns() {
  std::atomic_thread_fence(std::memory_order_seq_cst);  // before the look whether anybody waits
  inside_.notify_one();
}

}  // namespace recado::client
