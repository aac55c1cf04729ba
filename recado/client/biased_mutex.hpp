// A mutex that costs a thread next to nothing while it alone takes it, again and again.
//
// Taking and leaving a mutex are two atomic operations, each of which waits until the processor has written what it
// had yet to write: more than to publish a small message. So whoever `quick` has given the mutex to some times in a row
// keeps it: from then on that thread says by a plain store that it is inside, and looks whether the mutex is still its
// own. Any other thread that locks the mutex ends that first: it orders the memory of all threads by one system call,
// membarrier(2), which takes some microseconds, and waits until the owner isn't inside. Where the system has no such
// call it is a mutex like any other.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>

namespace recado::client {

class biased_mutex {
 public:
  /// So often must one thread take it, with no other in between, before it is its own.
  static constexpr unsigned turns_to_own = 64;

  biased_mutex();

  void lock() {
    inner_.lock();
    in_a_row_ = 0;
    if (owner_.load(std::memory_order_relaxed) != nobody) disown();
  }
  void unlock() { inner_.unlock(); }
  /// True if it is the calling thread's own.
  bool is_own() const { return owner_.load(std::memory_order_acquire) == this_thread(); }

  /// Calls `what` with a lock of the standard's mutex, to wait with on a condition variable. The calling thread holds
  /// this mutex by `lock`, before and afterwards.
  template <class What>
  auto with_inner(What&& what) {
    std::unique_lock<std::mutex> held{inner_, std::adopt_lock};
    const auto result = std::forward<What>(what)(held);
    held.release();
    in_a_row_ = 0;
    if (owner_.load(std::memory_order_relaxed) != nobody) disown();
    return result;
  }

  /// Holds the mutex as `std::scoped_lock` does, for a thread that is likely to be the next one, too.
  class quick {
   public:
    explicit quick(biased_mutex& which) : which_(which), own_(which.enter()) {
      if (!own_) which.lock_to_own();
    }
    ~quick() {
      if (own_) which_.leave();
      else which_.unlock();
    }
    quick(const quick&) = delete;
    quick& operator=(const quick&) = delete;

   private:
    biased_mutex& which_;
    const bool own_;
  };

 private:
  /// A thread, as long as it lives: the address of something that each has of its own.
  using thread = const char*;
  static constexpr thread nobody = nullptr;
  static thread this_thread() { return &place_of_thread; }

  // That others see the store before the second look is what `disown` sees to.
  bool enter() {
    if (!is_own()) return false;
    inside_.store(1, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (is_own()) return true;
    leave();
    return false;
  }
  void leave() {
    inside_.store(0, std::memory_order_release);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (owner_.load(std::memory_order_relaxed) == nobody) tell_who_disowns();
  }
  void lock_to_own();
  void disown();
  void tell_who_disowns();

  inline static constinit thread_local char place_of_thread = 0;

  const bool can_order_;  // the memory of all threads
  std::mutex inner_;
  thread last_ = nobody;                              // by `quick`; under `inner_`
  unsigned in_a_row_ = 0;                             // how often it has
  std::atomic<thread> owner_ = nobody;                // written under `inner_`
  alignas(64) std::atomic<std::int32_t> inside_ = 0;  // written by the owner: apart from what others write
};

}  // namespace recado::client
