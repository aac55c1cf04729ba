// A program run to its end: what it was given, what it printed, how it ended; never longer than a bound.
#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <recado/drive/posix/descriptor.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace recado::test {

struct program_run {
  std::vector<std::string> command;         ///< path and arguments
  std::string input{};                      ///< standard input
  std::vector<std::string> environment{};   ///< "NAME=value", all of it
  std::chrono::milliseconds bound{20'000};  ///< it is killed then
  std::function<void(pid_t)> started{};     ///< told the program's number before it is waited for

  struct result {
    int status = -1;  ///< exit status; 128 + signal; -1 if the bound was reached
    std::string out, err;
    pid_t process = -1;  ///< the identifier it had
  };
  /// Runs it. Output and errors are read as they come, so that it never waits for a reader.
  result operator()() const;
};

namespace detail {

struct pipe_ends {
  posix::descriptor read, write;
  pipe_ends() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read.reset(ends[0]), write.reset(ends[1]);
  }
};

inline std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const auto& each : texts) result.push_back(const_cast<char*>(each.c_str()));
  result.push_back(nullptr);
  return result;
}

inline bool take(posix::descriptor& from, std::string& to) {
  char piece[65536];
  const auto count = ::read(from.get(), piece, sizeof piece);
  if (count <= 0) return from.reset(), false;
  to.append(piece, static_cast<std::size_t>(count));
  return true;
}

}  // namespace detail

inline program_run::result program_run::operator()() const {
  detail::pipe_ends in, out, err;
  const std::vector<char*> arguments = detail::pointers(command), variables = detail::pointers(environment);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(in.read.get(), STDIN_FILENO), ::dup2(out.write.get(), STDOUT_FILENO), ::dup2(err.write.get(), STDERR_FILENO);
    ::execve(arguments[0], arguments.data(), variables.data());
    ::_exit(127);
  }
  in.read.reset(), out.write.reset(), err.write.reset();
  if (started) started(child);
  ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
  result done;
  done.process = child;
  std::size_t given = 0;
  const auto end = std::chrono::steady_clock::now() + bound;
  bool killed = false;
  while (out.read || err.read) {
    if (given == input.size()) in.write.reset();
    pollfd waiting[3] = {
        {out.read ? out.read.get() : -1, POLLIN, 0},
        {err.read ? err.read.get() : -1, POLLIN, 0},
        {in.write ? in.write.get() : -1, POLLOUT, 0},
    };
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (::poll(waiting, 3, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) == 0) {
      ::kill(child, SIGKILL), killed = true;
      break;
    }
    if (waiting[0].revents != 0) detail::take(out.read, done.out);
    if (waiting[1].revents != 0) detail::take(err.read, done.err);
    if (waiting[2].revents != 0) {
      const auto count = ::write(in.write.get(), input.data() + given, input.size() - given);
      if (count < 0 && errno != EAGAIN) given = input.size();
      else given += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!killed) done.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return done;
}

}  // namespace recado::test
