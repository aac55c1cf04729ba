// A tool with --session beside a real mosquitto.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include <tests/support/mosquitto.hpp>
#include <tests/support/program_run.hpp>

namespace recado::app::tools {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// True once `done` says so; false after the bound.
template <class Done>
bool within(std::chrono::milliseconds bound, Done&& done) {
  const auto end = std::chrono::steady_clock::now() + bound;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

/// A program with files for standard input and output.
class running {
 public:
  /// `begins` is called in the new process.
  running(const std::vector<std::string>& command, const fs::path& input, const fs::path& output,
          void (*begins)() = nullptr) {
    const std::vector<char*> arguments = recado::test::detail::pointers(command);
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(::open(input.c_str(), O_RDONLY), STDIN_FILENO);
      ::dup2(::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDOUT_FILENO);
      ::dup2(::open((output.string() + ".err").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
      if (begins != nullptr) begins();
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
  }
  ~running() { end(SIGKILL); }
  /// True once it has ended by itself.
  bool over() {
    if (!over_ && ::waitpid(child_, &status_, WNOHANG) == child_) over_ = true;
    return over_;
  }
  void end(int signal) {
    if (over()) return;
    ::kill(child_, signal);
    ::waitpid(child_, &status_, 0);
    over_ = true;
  }
  int status() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_); }

 private:
  ::pid_t child_ = -1;
  int status_ = 0;
  bool over_ = false;
};

class tool_session : public ::testing::Test {
 protected:
  static constexpr int lines = 10'000;

  tool_session() {
    fs::remove_all(folder);
    fs::create_directories(folder);
    std::ofstream input{folder / "input"};
    for (int i = 1; i <= lines; ++i) input << "line " << i << '\n';
  }
  ~tool_session() override { fs::remove_all(folder); }

  std::vector<std::string> command(const std::string& tool, const std::vector<std::string>& more) const {
    std::vector<std::string> all{RECADO_PROGRAM, tool, "-h", "127.0.0.1", "-p", std::to_string(broker.port())};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static std::string text_of(const fs::path& file) {
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  std::uintmax_t size_of(const fs::path& file) const { return fs::exists(file) ? fs::file_size(file) : 0; }
  recado::test::program_run::result session(const std::vector<std::string>& more) const {
    std::vector<std::string> all{RECADO_PROGRAM, "session"};
    all.insert(all.end(), more.begin(), more.end());
    return recado::test::program_run{.command = all}();
  }
  void expect_all_once(const fs::path& file) const {
    const std::string got = text_of(file), wanted = text_of(folder / "input");
    if (got == wanted) return;
    const auto [a, b] = std::ranges::mismatch(got, wanted);
    const auto at = static_cast<std::size_t>(a - got.begin());
    FAIL() << "differs at byte " << at << " of " << wanted.size() << ": '" << got.substr(at < 40 ? 0 : at - 40, 80)
           << "' instead of '" << wanted.substr(at < 40 ? 0 : at - 40, 80) << "'";
  }

  std::string broker_log() const { return text_of(folder.string() + "_broker/log"); }
  static int count_of(const std::string& text, const std::string& what) {
    int count = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
    return count;
  }

  /// Stops mosquitto and starts it again once it waits for nothing from that client. Behind a restart version 2.0.11
  /// says PUBLISH again where it had said PUBREL, which the standard forbids (MQTT-4.3.3-6): whoever had answered that
  /// PUBREL can't but take it for a new message.
  void restart_broker_behind(const std::string& client) {
    ASSERT_TRUE(within(20s, [&] {
      const std::string log = broker_log();
      return count_of(log, "Received PUBCOMP from " + client) >= count_of(log, "Sending PUBLISH to " + client + " (d0");
    })) << "mosquitto still waits for " << client;
    broker.stop(SIGTERM);
    broker.start();
  }

  const fs::path folder = fs::path{RECADO_TEST_FOLDER} / ("session_" + std::to_string(::getpid()));
  recado::test::mosquitto broker{RECADO_SERVERS "/usr/sbin/mosquitto", folder.string() + "_broker",
                                 "allow_anonymous true\nlog_dest file " + folder.string() + "_broker/log\n"};
  std::mt19937 random{1};
};

}  // namespace recado::app::tools
