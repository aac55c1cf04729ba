#include "process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "plan.hpp"

namespace recado::lab {

namespace {

using clock = std::chrono::steady_clock;

int status_of(int raw) { return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw); }

/// True if the process behind `handle` ended within `limit`.
bool ended_within(const file_descriptor& handle, std::chrono::milliseconds limit) {
  pollfd wait{handle.get(), POLLIN, 0};
  return poll(&wait, 1, static_cast<int>(limit.count())) == 1;
}

bool same_namespace(const std::string& a, const std::string& b) {
  struct stat first {
  }, second{};
  return stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0 && first.st_ino == second.st_ino;
}

}  // namespace

file_descriptor open_process(pid_t process) {
  return file_descriptor{static_cast<int>(syscall(SYS_pidfd_open, process, 0))};
}

lab_error no_room(const char* what) {
  return {std::string{"the system has no room for "} + what + ": " + std::strerror(errno) +
          "; end other programs, or raise this user's limits ('ulimit -a' shows them)"};
}

std::pair<file_descriptor, file_descriptor> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw no_room("a pipe");
  return {file_descriptor{ends[0]}, file_descriptor{ends[1]}};
}

file_descriptor create_private(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::exists(file, error) && !std::filesystem::is_regular_file(file, error))
    throw lab_error{"'" + file.string() + "' is no file that can be written anew; give the path of one"};
  file_descriptor created{open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!created || fchmod(created.get(), 0600) != 0)
    throw lab_error{"cannot write " + file.string() + ": " + std::strerror(errno) + "; check the path and its rights"};
  return created;
}

void file_descriptor::reset() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

void execute(const command& what) {
  if (!what.log.empty()) {
    const file_descriptor log{open(what.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
    const file_descriptor null{open("/dev/null", O_RDONLY | O_CLOEXEC)};
    dup2(null.get(), STDIN_FILENO);
    dup2(log.get(), STDOUT_FILENO);
    dup2(log.get(), STDERR_FILENO);
  }
  std::vector<char*> words;
  for (const auto& word : what.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  signal(SIGPIPE, SIG_DFL);  // this program ignores them, others needn't
  signal(SIGXFSZ, SIG_DFL);
  execvp(words[0], words.data());
  std::fprintf(stderr, "recado: cannot run %s: %s\n", words[0], std::strerror(errno));
  _exit(cannot_run);
}

pid_t call(const std::function<int()>& what) {
  const pid_t child = fork();
  if (child < 0) throw no_room("a process");
  if (child > 0) return child;
  try {
    _exit(what());
  } catch (const lab_error& error) {
    std::fprintf(stderr, "recado: %s\n", error.text.c_str());
  }
  _exit(1);
}

pid_t start(const command& what, const std::function<void()>& prepare) {
  return call([&] {
    if (prepare) prepare();
    execute(what);
    return cannot_run;
  });
}

std::optional<int> wait_for(pid_t child, std::chrono::milliseconds limit) {
  const auto handle = open_process(child);
  if (handle && !ended_within(handle, limit)) return {};
  return wait_for(child);
}

int wait_for(pid_t child) {
  int raw = 0;
  while (waitpid(child, &raw, 0) < 0)
    if (errno != EINTR) return 127;
  return status_of(raw);
}

sigset_t ending_signals() {
  sigset_t result;
  sigemptyset(&result);
  for (const int each : {SIGINT, SIGTERM}) sigaddset(&result, each);
  struct sigaction is {};
  const bool deaf = sigaction(SIGHUP, nullptr, &is) == 0 && is.sa_handler == SIG_IGN;
  if (!deaf) sigaddset(&result, SIGHUP);
  return result;
}

int run(const command& what, const std::function<void()>& prepare) { return wait_for(start(what, prepare)); }

void end_with_parent(pid_t parent, int signal) {
  prctl(PR_SET_PDEATHSIG, signal);
  if (getppid() != parent) raise(signal);  // it ended in between
}

signals_held::signals_held() : parent_(getpid()) {
  sigemptyset(&held_);
  for (const int number : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&held_, number);
  sigprocmask(SIG_BLOCK, &held_, &before_);
}

signals_held::~signals_held() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

void signals_held::let_go_with_parent() const {
  end_with_parent(parent_, SIGTERM);
  // A shell starts what runs in the background deaf to the terminal's signals; the command shall hear them.
  for (const int number : {SIGINT, SIGQUIT}) ::signal(number, SIG_DFL);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

int signals_held::hand_on_to(pid_t child) const {
  for (;;) {
    siginfo_t what{};
    if (sigwaitinfo(&held_, &what) < 0) continue;
    if (what.si_signo != SIGCHLD && what.si_code <= 0) kill(child, what.si_signo);
    if (what.si_signo != SIGCHLD) continue;
    int raw = 0;
    if (waitpid(child, &raw, WNOHANG) == child) return status_of(raw);
  }
}

void end(pid_t process, int signal, std::chrono::milliseconds limit) {
  const auto handle = open_process(process);
  if (!handle) return;
  syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0);
  if (ended_within(handle, limit)) return;
  syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0);
  ended_within(handle, limit);
}

bool wait_until(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  const auto deadline = clock::now() + limit;
  while (!done()) {
    if (clock::now() >= deadline) return false;
    poll(nullptr, 0, 5);
  }
  return true;
}

void enter_namespaces(pid_t holder) {
  const std::string own = "/proc/self/ns/", other = "/proc/" + std::to_string(holder) + "/ns/";
  for (const auto& [name, kind] : {std::pair{"user", CLONE_NEWUSER}, std::pair{"net", CLONE_NEWNET}}) {
    if (same_namespace(own + name, other + name)) continue;
    const file_descriptor handle{open((other + name).c_str(), O_RDONLY | O_CLOEXEC)};
    if (!handle || setns(handle.get(), kind) != 0)
      throw lab_error{std::string{"cannot enter the lab's "} + name + " namespace: " + std::strerror(errno) +
                      "; run as the user who brought the lab up, or take it down and up again"};
  }
}

}  // namespace recado::lab
