// recado sub with --session: what of its output is on the disk when the broker is told.
#include <bit>
#include <csignal>
#include <cstddef>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "session_for_tests.hpp"

namespace recado::app::tools {
namespace {

/// From now on this process gets EIO for what it wants to sync of its standard output (seccomp(2)).
void fail_to_sync_output() {
  constexpr auto argument = offsetof(struct seccomp_data, args[0]) + (std::endian::native == std::endian::big ? 4 : 0);
  ::sock_filter steps[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_fdatasync, 0, 3),
                           BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument),
                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, STDOUT_FILENO, 0, 1),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const ::sock_fprog program{std::size(steps), steps};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    ::_exit(126);
}

using tool_session_output = tool_session;

// The broker is told that a message arrived only when the file that has it is on the disk, as the journal is.
TEST_F(tool_session_output, what_is_printed_is_synced_before_it_is_acknowledged) {
  const std::string kept = (folder / "kept").string();
  const fs::path got = folder / "got";
  const auto subscribe = [&](const std::string& durability, const std::vector<std::string>& more) {
    auto all = command("sub", {"-i", "me", "--session", kept, "-q", "2", "-t", "t", "--session-durability"});
    all.push_back(durability);
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const auto ended = [&](const std::vector<std::string>& what, void (*begins)() = nullptr) {
    fs::remove(got.string() + ".err");
    running one{what, "/dev/null", got, begins};
    EXPECT_TRUE(within(20s, [&] { return one.over(); }));
    return one.status();
  };
  const auto publish = [&](const std::string& text) {
    const auto done = recado::test::program_run{.command = command("pub", {"-q", "2", "-t", "t", "-m", text})}();
    ASSERT_EQ(done.status, 0) << done.err;
  };
  const auto said = [&] { return text_of(got.string() + ".err"); };
  ASSERT_EQ(ended(subscribe("fsync", {"-E"})), 0) << said();
  publish("first");
  EXPECT_EQ(ended(subscribe("fsync", {"-C", "1"}), fail_to_sync_output), 1);
  EXPECT_NE(said().find("the output could not be synced: Input/output error; check the disk"), std::string::npos)
      << said();
  EXPECT_EQ(ended(subscribe("fsync", {"-C", "1"})), 0);
  EXPECT_NE(said().find("6 bytes of the output were taken back"), std::string::npos) << said();
  EXPECT_EQ(text_of(got), "first\n") << "it came again";
  publish("second");
  EXPECT_EQ(ended(subscribe("flush", {"-C", "1"}), fail_to_sync_output), 0) << said();
  EXPECT_EQ(text_of(got), "first\nsecond\n");
  fs::resize_file(got, 6);
  publish("third");
  EXPECT_EQ(ended(subscribe("fsync", {"-C", "1"})), 0);
  EXPECT_NE(said().find("warning: the output is 7 bytes shorter than the session knows it"), std::string::npos)
      << said();
  EXPECT_EQ(text_of(got), "first\nthird\n");
}

// A run that ended in order has nothing to take back: neither messages of QoS 0, which won't come again, nor what
// another program wrote behind them.
TEST_F(tool_session_output, of_a_run_that_ended_in_order_stays) {
  const fs::path got = folder / "got";
  const auto hear = [&](const std::string& name) {
    running one{command("sub", {"-i", "me", "--session", (folder / "kept").string(), "-q", "0", "-t", "t"}),
                "/dev/null", got};
    EXPECT_TRUE(within(20s, [&] {
      const auto sent = recado::test::program_run{.command = command("pub", {"-q", "1", "-t", "t", "-m", name})}();
      return sent.status == 0 && text_of(got).find(name) != std::string::npos;
    })) << text_of(got.string() + ".err");
    one.end(SIGTERM);
  };
  hear("first");
  std::ofstream{got, std::ios::app} << "another program's\n";
  hear("second");
  EXPECT_NE(text_of(got).find("first\nanother program's\nsecond\n"), std::string::npos) << text_of(got);
  EXPECT_EQ(text_of(got.string() + ".err").find("taken back"), std::string::npos) << text_of(got.string() + ".err");
}

}  // namespace
}  // namespace recado::app::tools
