// A real server for a test: started in the foreground, watched by what it writes, ended with the test.
#pragma once

#include <csignal>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <recado/drive/posix/descriptor.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace recado::test {

class child_process {
 public:
  /// Starts it with its output and errors joined; it dies with this process at the latest.
  explicit child_process(const std::vector<std::string>& command) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    std::vector<char*> arguments;
    for (const auto& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(ends[1], STDOUT_FILENO);
      ::dup2(ends[1], STDERR_FILENO);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    output_.reset(ends[0]);
  }
  ~child_process() { end(); }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// Reads its output until `text` has come: false if it ended, or didn't say it in ten seconds of silence.
  bool says(std::string_view text) {
    while (said_.find(text) == std::string::npos) {
      pollfd waiting{output_.get(), POLLIN, 0};
      char piece[1024];
      if (::poll(&waiting, 1, 10'000) != 1) return false;
      const auto count = ::read(output_.get(), piece, sizeof piece);
      if (count <= 0) return false;
      said_.append(piece, static_cast<std::size_t>(count));
    }
    return true;
  }
  /// Throws away what it writes from now on, so that it never has to wait for a reader.
  void drain() {
    drain_ = std::jthread{[fd = output_.get()](const std::stop_token& end) {
      pollfd waiting{fd, POLLIN, 0};
      char piece[4096];
      while (!end.stop_requested())
        if (::poll(&waiting, 1, 50) == 1 && ::read(fd, piece, sizeof piece) <= 0) return;
    }};
  }
  /// All that was read so far.
  const std::string& said() const { return said_; }
  void signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
  }
  /// Sends the signal until it has ended: one that comes while a server is still starting may be forgotten
  /// (mosquitto 2.0.11 marks itself as running only after it said so).
  void end(int signal = SIGTERM) {
    if (pid_ <= 0) return;
    const posix::descriptor ended{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
    for (pollfd waiting{ended.get(), POLLIN, 0}; ::kill(pid_, signal) == 0 && ::poll(&waiting, 1, 1000) == 0;) continue;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  posix::descriptor output_;
  std::string said_;
  std::jthread drain_;  // last: it reads from the output
};

}  // namespace recado::test
