#include <recado/drive/posix/loop.hpp>

#include <csignal>
#include <thread>

#include <gtest/gtest.h>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/entropy.hpp>

#include <sys/socket.h>
#include <unistd.h>

namespace recado::posix {
namespace {

using namespace std::chrono_literals;

TEST(clock, never_goes_back_and_realtime_is_after_the_standard) {
  const instant before = now();
  EXPECT_GE(now(), before);
  EXPECT_GT(realtime().time_since_epoch(), 1'700'000'000s);
}

TEST(clock, a_stamp_becomes_the_instant_at_which_it_was_taken) {
  timespec stamp{};
  clock_gettime(CLOCK_REALTIME, &stamp);
  const instant taken = now();
  const instant seen = instant_of(stamp, now());
  EXPECT_LT(std::chrono::abs(seen - taken), 5ms);
}

TEST(clock, a_stamp_from_another_time_counts_as_now) {
  const instant at = now();
  EXPECT_EQ(instant_of(timespec{0, 0}, at), at);
  EXPECT_EQ(instant_of(timespec{time_t{1} << 33, 0}, at), at);
}

TEST(loop, doesnt_wait_for_what_was_due_long_ago) {
  recado::posix::loop loop;
  ASSERT_TRUE(loop.open());
  loop.wait(recado::instant::min());  // would overflow, and then wait for ever
  loop.wait(recado::posix::now());
}

TEST(entropy, fills_all_of_it_with_something_new) {
  system_entropy random;
  std::array<std::byte, 64> a{};
  std::array<std::byte, 64> b{};
  random.fill(a);
  random.fill(b);
  EXPECT_NE(a, b);
  EXPECT_NE(bytes{a}.last(8)[0] == std::byte{} && equal(bytes{a}.last(8), bytes{b}.last(8)), true);
}

class loop_test : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(loop_.open());
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_), 0);
  }
  void TearDown() override { ::close(ends_[0]), ::close(ends_[1]); }
  loop loop_;
  int ends_[2]{};
  source source_;
};

TEST_F(loop_test, waits_until_its_deadline_and_not_less) {
  const instant until = now() + 3ms;
  EXPECT_TRUE(loop_.wait(until).empty());
  EXPECT_GE(now(), until);
  EXPECT_FALSE(loop_.woken());
}

TEST_F(loop_test, a_deadline_that_has_passed_only_looks) {
  ASSERT_TRUE(loop_.watch(ends_[0], source_, trigger::level_read));
  EXPECT_TRUE(loop_.wait(instant{}).empty());
  ASSERT_EQ(::write(ends_[1], "x", 1), 1);
  const auto ready = loop_.wait(instant{});
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(ready[0], &source_);
  EXPECT_TRUE(source_.readable);
  EXPECT_FALSE(source_.hung_up);
}

TEST_F(loop_test, edges_come_once_and_levels_stay) {
  source level;
  ASSERT_TRUE(loop_.watch(ends_[0], source_, trigger::edge_both));
  const int same = ::dup(ends_[0]);
  ASSERT_TRUE(loop_.watch(same, level, trigger::level_read));
  ASSERT_EQ(::write(ends_[1], "x", 1), 1);
  EXPECT_EQ(loop_.wait(never).size(), 2u);
  EXPECT_TRUE(source_.readable && source_.writable);
  const auto again = loop_.wait(instant{});
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0], &level);
  loop_.forget(same, level);
  ::close(same);
}

TEST_F(loop_test, the_end_of_the_peer_is_told) {
  ASSERT_TRUE(loop_.watch(ends_[0], source_, trigger::edge_both));
  ::shutdown(ends_[1], SHUT_WR);
  loop_.wait(never);
  EXPECT_TRUE(source_.hung_up && source_.readable);
}

TEST_F(loop_test, what_is_forgotten_disappears_from_the_answer_under_way) {
  ASSERT_TRUE(loop_.watch(ends_[0], source_, trigger::edge_both));
  source_.owner = this;
  const auto ready = loop_.wait(never);
  ASSERT_EQ(ready.size(), 1u);
  loop_.forget(ends_[0], source_);
  EXPECT_EQ(ready[0]->owner, nullptr);
}

TEST_F(loop_test, another_thread_wakes_it) {
  std::thread other{[this] { loop_.wake(); }};
  EXPECT_TRUE(loop_.wait(never).empty());
  EXPECT_TRUE(loop_.woken());
  other.join();
  loop_.wait(instant{});
  EXPECT_FALSE(loop_.woken());
}

TEST_F(loop_test, a_wake_up_before_the_wait_is_not_lost) {
  loop_.wake();
  loop_.wake();
  EXPECT_TRUE(loop_.wait(never).empty());
  EXPECT_TRUE(loop_.woken());
}

// As timeout(1) sends it, to a process and to its group: between the two it may have been read.
TEST_F(loop_test, a_signal_that_is_sent_twice_is_one) {
  signals interrupts;
  ASSERT_TRUE(interrupts.open(loop_, {SIGUSR1, SIGUSR2}));
  ::kill(::getpid(), SIGUSR1);
  EXPECT_EQ(interrupts.next(), SIGUSR1);
  ::kill(::getpid(), SIGUSR1);
  ::kill(::getpid(), SIGUSR2);
  EXPECT_EQ(interrupts.next(), SIGUSR2) << "another one is another wish";
  EXPECT_FALSE(interrupts.next());
  for (const instant until = now() + signals::again_after; now() < until;) loop_.wait(until);
  ::kill(::getpid(), SIGUSR2);
  EXPECT_EQ(interrupts.next(), SIGUSR2) << "after a while it is meant";
}

// signalfd(2) would give it all the same, for what is blocked isn't ignored.
TEST_F(loop_test, a_hangup_that_is_ignored_stays_so) {
  ASSERT_NE(::signal(SIGHUP, SIG_IGN), SIG_ERR);
  {
    signals interrupts;
    ASSERT_TRUE(interrupts.open(loop_, {SIGHUP, SIGUSR2}));
    ::kill(::getpid(), SIGHUP);
    EXPECT_FALSE(interrupts.next());
    ::kill(::getpid(), SIGUSR2);
    EXPECT_EQ(interrupts.next(), SIGUSR2);
  }
  ::signal(SIGHUP, SIG_DFL);
}

TEST_F(loop_test, signals_are_something_to_wait_for) {
  {
    signals interrupts;
    ASSERT_TRUE(interrupts.open(loop_, {SIGUSR1, SIGUSR2}));
    EXPECT_FALSE(interrupts.next());
    ::kill(::getpid(), SIGUSR2);
    EXPECT_EQ(loop_.wait(never).size(), 1u);
    EXPECT_EQ(interrupts.next(), SIGUSR2);
    EXPECT_FALSE(interrupts.next());
  }
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  EXPECT_FALSE(sigismember(&blocked, SIGUSR2));
}

}  // namespace
}  // namespace recado::posix
