#include <recado/client/biased_mutex.hpp>

#include <chrono>
#include <thread>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace recado::client {
namespace {

// What a processor has yet to write it has written by then, with a thousand times to spare.
constexpr std::chrono::milliseconds written_by{10};

bool order_all_threads(int command) { return ::syscall(SYS_membarrier, command, 0U, 0) == 0; }

}  // namespace

biased_mutex::biased_mutex() : can_order_(order_all_threads(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)) {}

void biased_mutex::lock_to_own() {
  inner_.lock();
  if (owner_.load(std::memory_order_relaxed) != nullptr) disown();
  if (std::exchange(last_, this_thread()) != this_thread()) in_a_row_ = 0;
  if (++in_a_row_ >= turns_to_own && can_order_) owner_.store(seat_of_this_thread(), std::memory_order_release);
}

// A thread that has ended leaves its seat to one that begins at the same place; null if there are too many.
biased_mutex::seat* biased_mutex::seat_of_this_thread() {
  for (seat& one : seats_) {
    if (one.who == nullptr) one.who = this_thread();
    if (one.who == this_thread()) return &one;
  }
  return nullptr;
}

// Behind the system call the owner has either seen that it is none any more, or is seen inside; and then it sees that
// when it leaves.
void biased_mutex::disown() {
  seat& former = *owner_.load(std::memory_order_relaxed);
  owner_.store(nullptr, std::memory_order_relaxed);
  if (former.who == this_thread()) return;
  if (!order_all_threads(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) {  // a sandbox that was entered since has taken it away
    can_order_ = false;
    std::this_thread::sleep_for(written_by);
  }
  former.inside.wait(1, std::memory_order_acquire);
}

void biased_mutex::tell_who_disowned(seat& former) {
  std::atomic_thread_fence(std::memory_order_seq_cst);  // before the look whether anybody waits
  former.inside.notify_one();
}

}  // namespace recado::client
