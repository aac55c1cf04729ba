// A mutex that costs a thread next to nothing while it alone takes it, again and again.
//
// Taking and leaving a mutex are two atomic operations, each of which waits until the processor has written what it
// had yet to write: more than to publish a small message. So whoever `quick` has given the mutex to some times in a row
// keeps it: from then on that thread says by a plain store that it is inside, and looks whether the mutex is still its
// own. Any other thread that locks the mutex ends that first: it orders the memory of all threads by one system call,
// membarrier(2), which takes some microseconds, and waits until the owner isn't inside. Where the system has no such
// call, or no longer has it, it is a mutex like any other.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
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
    locked();
  }
  void unlock() { inner_.unlock(); }
  /// True if it is the calling thread's own.
  bool is_own() const { return own_seat() != nullptr; }

  /// Calls `what` with a lock of the standard's mutex, to wait with on a condition variable. The calling thread holds
  /// this mutex by `lock`, before and afterwards.
  template <class What>
  auto with_inner(What&& what) {
    std::unique_lock<std::mutex> held{inner_, std::adopt_lock};
    const auto result = std::forward<What>(what)(held);
    held.release();
    locked();
    return result;
  }

  class quick;

 private:
  /// A thread, as long as it lives: the address of something that each has of its own.
  using thread = const char*;
  /// Where a thread says that it is inside. Nobody else writes there, for it may do so late, as an owner that is none
  /// any more.
  struct alignas(64) seat {
    thread who = nullptr;
    std::atomic<std::int32_t> inside = 0;
  };
  /// So many threads have one, the first to be owners.
  static constexpr std::size_t seats_max = 8;

  static thread this_thread() { return &place_of_thread; }

  seat* own_seat() const {
    seat* const one = owner_.load(std::memory_order_acquire);
    return one != nullptr && one->who == this_thread() ? one : nullptr;
  }
  // That others see the store before the second look is what `disown` sees to.
  seat* enter() {
    seat* const own = own_seat();
    if (own == nullptr) return nullptr;
    own->inside.store(1, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (owner_.load(std::memory_order_acquire) == own) return own;
    leave(*own);
    return nullptr;
  }
  void leave(seat& own) {
    own.inside.store(0, std::memory_order_release);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (owner_.load(std::memory_order_relaxed) != &own) tell_who_disowned(own);
  }
  void locked() {
    in_a_row_ = 0;
    if (owner_.load(std::memory_order_relaxed) != nullptr) disown();
  }
  void lock_to_own();
  void disown();
  seat* seat_of_this_thread();
  static void tell_who_disowned(seat& former);

  inline static constinit thread_local char place_of_thread = 0;

  bool can_order_;  // the memory of all threads; under `inner_`
  std::mutex inner_;
  // Under `inner_`: who took it last by `quick`, and how often with no other in between.
  thread last_ = nullptr;
  unsigned in_a_row_ = 0;
  std::array<seat, seats_max> seats_{};
  std::atomic<seat*> owner_ = nullptr;  // written under `inner_`
};

/// Holds the mutex as `std::scoped_lock` does, for a thread that is likely to be the next one, too.
class biased_mutex::quick {
 public:
  explicit quick(biased_mutex& which) : which_(which), own_(which.enter()) {
    if (own_ == nullptr) which.lock_to_own();
  }
  ~quick() {
    if (own_ != nullptr) which_.leave(*own_);
    else which_.unlock();
  }
  quick(const quick&) = delete;
  quick& operator=(const quick&) = delete;

 private:
  biased_mutex& which_;
  seat* const own_;
};

}  // namespace recado::client
