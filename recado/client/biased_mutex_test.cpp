// The mutex that becomes a thread's own. Run under tsan.
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <thread>

#include <gtest/gtest.h>

#include <recado/client/biased_mutex.hpp>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace recado::client {
namespace {

using lock = std::unique_lock<biased_mutex>;

void take_quickly(biased_mutex& mutex, unsigned times) {
  for (unsigned i = 0; i < times; ++i) const biased_mutex::quick held{mutex};
}

TEST(biased_mutex, becomes_the_own_of_who_takes_it_in_a_row) {
  biased_mutex mutex;
  take_quickly(mutex, biased_mutex::turns_to_own - 1);
  EXPECT_FALSE(mutex.is_own());
  take_quickly(mutex, 1);
  EXPECT_TRUE(mutex.is_own());
  std::thread{[&] { EXPECT_FALSE(mutex.is_own()); }}.join();
}

TEST(biased_mutex, is_nobodys_behind_a_lock) {
  biased_mutex mutex;
  take_quickly(mutex, biased_mutex::turns_to_own);
  const auto lock_it = [&] { const lock held{mutex}; };
  std::thread{lock_it}.join();
  EXPECT_FALSE(mutex.is_own());
  take_quickly(mutex, biased_mutex::turns_to_own - 1);
  EXPECT_FALSE(mutex.is_own()) << "it is counted anew";
  take_quickly(mutex, 1);
  EXPECT_TRUE(mutex.is_own());
  lock_it();
  EXPECT_FALSE(mutex.is_own());
}

TEST(biased_mutex, passes_from_one_to_another) {
  biased_mutex mutex;
  take_quickly(mutex, biased_mutex::turns_to_own);
  std::thread{[&] {
    take_quickly(mutex, 1);
    EXPECT_FALSE(mutex.is_own());
    take_quickly(mutex, biased_mutex::turns_to_own - 1);
    EXPECT_TRUE(mutex.is_own());
  }}.join();
  EXPECT_FALSE(mutex.is_own());
}

TEST(biased_mutex, of_two_in_turns_is_nobodys) {
  biased_mutex mutex;
  for (unsigned i = 0; i < 2 * biased_mutex::turns_to_own; ++i) {
    take_quickly(mutex, 1);
    std::thread{[&] { take_quickly(mutex, 1); }}.join();
  }
  EXPECT_FALSE(mutex.is_own());
}

TEST(biased_mutex, isnt_had_while_its_owner_is_inside) {
  biased_mutex mutex;
  std::atomic<bool> had = false;
  std::thread other;
  take_quickly(mutex, biased_mutex::turns_to_own);
  {
    const biased_mutex::quick held{mutex};
    ASSERT_TRUE(mutex.is_own());
    other = std::thread{[&] {
      const lock mine{mutex};
      had = true;
    }};
    while (mutex.is_own()) std::this_thread::yield();  // until the other one ends that
    EXPECT_FALSE(had);
  }
  other.join();
  EXPECT_TRUE(had);
}

TEST(biased_mutex, keeps_out_whoever_else) {
  biased_mutex mutex;
  long count = 0;  // plain: what is lost was counted by two at once
  constexpr long quickly = 400'000, seldom = 2'000;
  std::atomic<bool> owned = false;
  const auto count_quickly = [&] {
    for (long i = 0; i < quickly; ++i) {
      const biased_mutex::quick held{mutex};
      ++count;
      if (mutex.is_own()) owned = true;
    }
  };
  const auto count_seldom = [&] {
    for (long i = 0; i < seldom; ++i) {
      const lock held{mutex};
      const long before = count;
      std::this_thread::yield();
      count = before + 1;
    }
  };
  std::thread all[] = {std::thread{count_quickly}, std::thread{count_quickly}, std::thread{count_seldom}};
  for (auto& one : all) one.join();
  EXPECT_EQ(count, 2 * quickly + seldom);
  EXPECT_TRUE(owned);
}

TEST(biased_mutex, is_left_to_others_by_who_waits) {
  biased_mutex mutex;
  std::condition_variable changed;
  int turn = 0;
  constexpr int turns = 2'000;
  const auto play = [&](int mine) {
    for (int i = 0; i < turns; ++i) {
      lock held{mutex};
      while (turn % 2 != mine)
        mutex.with_inner([&](std::unique_lock<std::mutex>& inner) { return changed.wait(inner), true; });
      ++turn;
      changed.notify_one();
      held.unlock();
      take_quickly(mutex, i % 2 == 0 ? 0 : biased_mutex::turns_to_own);
    }
  };
  std::thread other{play, 1};
  play(0);
  other.join();
  EXPECT_EQ(turn, 2 * turns);
}

// From now on this process has no such system call.
bool take_away(unsigned number) {
  sock_filter steps[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
                         {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number},
                         {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS},
                         {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  const sock_fprog program = {4, steps};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(biased_mutex, is_one_like_any_other_where_the_system_orders_no_memory) {
  const auto in_such_a_system = [] {
    if (!take_away(SYS_membarrier)) return 2;
    biased_mutex mutex;
    take_quickly(mutex, 2 * biased_mutex::turns_to_own);
    return mutex.is_own() ? 1 : 0;
  };
  EXPECT_EXIT(::_exit(in_such_a_system()), testing::ExitedWithCode(0), "");
}

// As behind the start of a program that then gives up what it doesn't need.
TEST(biased_mutex, is_one_like_any_other_once_the_system_orders_no_memory) {
  const auto in_such_a_system = [] {
    biased_mutex mutex;
    take_quickly(mutex, biased_mutex::turns_to_own);
    if (!mutex.is_own() || !take_away(SYS_membarrier)) return 2;
    bool had = false;
    std::thread{[&] {
      const lock held{mutex};
      had = true;
    }}.join();
    if (!had || mutex.is_own()) return 3;
    take_quickly(mutex, 2 * biased_mutex::turns_to_own);
    return mutex.is_own() ? 1 : 0;
  };
  EXPECT_EXIT(::_exit(in_such_a_system()), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace recado::client
