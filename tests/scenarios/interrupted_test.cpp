// Tests that are killed from outside: nothing of them stays.
#include "scenario_for_tests.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace recado::test {
namespace {

using testing::HasSubstr;

constexpr const char* victim = "RECADO_TEST_TO_BE_KILLED";

bool nothing_is_left_of(const std::filesystem::path& folder) {
  return eventually([&] { return processes_with(folder.string()).empty(); });
}

/// A test with a lab, a device in it and a shell on a host, in which it would stay.
void be_killed() {
  const lab hosts;
  running board{hosts.board()};
  running shell{hosts.on_command(
      "broker", {"sh", "-c", "trap '' TERM HUP; echo stubborn; tail -f $0/state.json; :", hosts.folder().string()})};
  if (board.says("[PLACA CONECTADA]") && shell.says("stubborn")) std::puts("ready to be killed"), std::fflush(stdout);
  (void)board.ended(std::chrono::seconds{60});
}

words this_test_as_a_victim() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  words command{"env"};
  command.push_back(std::string{victim} + "=1");
  command.push_back(std::filesystem::read_symlink("/proc/self/exe").string());
  command.push_back(std::string{"--gtest_filter="} + test->test_suite_name() + '.' + test->name());
  return command;
}

TEST(interrupted_test, leaves_nothing_behind_even_when_killed) {
  if (std::getenv(victim) != nullptr) return be_killed();
  const auto folder = own_folder();
  running test{this_test_as_a_victim()};
  ASSERT_TRUE(test.says("ready to be killed", std::chrono::seconds{60})) << test.said();
  ASSERT_GE(processes_with(folder.string()).size(), 6u) << "keeper, guardian, servers, the board, the shell";
  test.signal(SIGKILL);
  EXPECT_EQ(test.ended().status, 128 + SIGKILL) << test.said();
  EXPECT_TRUE(nothing_is_left_of(folder));
}

// As CTest does when it is killed itself: its tests are nobody's then.
TEST(interrupted_test, ends_with_whoever_started_it) {
  if (std::getenv(victim) != nullptr) return be_killed();
  const auto folder = own_folder();
  std::string line;
  for (const auto& each : this_test_as_a_victim()) line += each + ' ';
  running starter{{"sh", "-c", line + "; echo it ended"}};
  ASSERT_TRUE(starter.says("ready to be killed", std::chrono::seconds{60})) << starter.said();
  starter.signal(SIGKILL);
  EXPECT_EQ(starter.ended().status, 128 + SIGKILL) << starter.said();
  EXPECT_TRUE(nothing_is_left_of(folder));
}

TEST(lab_while, a_process_that_is_not_there_is_said) {
  const auto folder = own_folder();
  const result up = recado({"lab", "up", "--dir", folder.string(), "--while", "4194304"});
  EXPECT_EQ(up.status, 1) << up.output;
  EXPECT_THAT(up.output, HasSubstr("there is no process 4194304 for --while to watch"));
}

// A command on a host would keep its network alive: it ends with the lab, politely at first.
TEST(lab_life, what_runs_on_a_host_ends_with_the_lab) {
  const lab hosts;
  running polite{hosts.on_command("board", {"sh", "-c", "trap 'echo bye; exit 3' TERM; echo there; sleep 60 & wait"})};
  ASSERT_TRUE(polite.says("there")) << polite.said();
  EXPECT_EQ(hosts("down").status, 0);
  const result ended = polite.ended();
  EXPECT_EQ(ended.status, 3) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("bye"));
}

}  // namespace
}  // namespace recado::test
