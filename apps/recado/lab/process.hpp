// Starting, waiting for and ending processes, in namespaces of the lab.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace recado::lab {

/// An open file descriptor that closes itself.
class file_descriptor {
 public:
  file_descriptor() = default;
  explicit file_descriptor(int number) : number_(number) {}
  file_descriptor(file_descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~file_descriptor() { reset(); }
  void reset();
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

struct lab_error;
/// Signals that end a program, but for SIGHUP where it was started deaf to that, as by nohup: what is blocked to be
/// read from a descriptor is no longer ignored.
sigset_t ending_signals();

/// What the system says in `errno` against starting a process or having a pipe, and where its limits are.
lab_error no_room(const char* what);

/// A new or emptied file that only its owner may read; nothing that isn't a file is touched.
file_descriptor create_private(const std::filesystem::path& file);

/// The status of a command that isn't there.
inline constexpr int cannot_run = 127;
/// What to run and where.
struct command {
  std::vector<std::string> words;
  std::filesystem::path log;  ///< standard output and error go there; empty: they are inherited
};

/// Replaces this process by the command; returns only by ending the process with status 127.
[[noreturn]] void execute(const command& what);

/// Starts the command in a child, after `prepare` ran there (it may end the child). Returns its number.
pid_t start(const command& what, const std::function<void()>& prepare = {});

/// Calls a function in a child, which ends with what it answers (1 if it throws lab_error). Returns its number.
pid_t call(const std::function<int()>& what);

/// Waits for a child to end; nothing if it hasn't within `limit`. Shell convention: 128 + signal if killed.
std::optional<int> wait_for(pid_t child, std::chrono::milliseconds limit);
/// Waits for a child to end, however long it takes.
int wait_for(pid_t child);

/// Runs the command to its end and returns its status.
int run(const command& what, const std::function<void()>& prepare = {});

/// In a child of `parent`: it gets this signal when the parent ends, however that ends.
void end_with_parent(pid_t parent, int signal);

/// Signals that would end this process wait while it lives, for whoever runs a command that shall end first.
class signals_held {
 public:
  signals_held();
  ~signals_held();
  signals_held(const signals_held&) = delete;
  signals_held& operator=(const signals_held&) = delete;

  /// In the child: signals as they were, and SIGTERM when the parent ends.
  void let_go_with_parent() const;
  /// Waits for the child and returns its status. What is sent to this process alone goes to the child; what the
  /// terminal sends has reached the child already.
  int hand_on_to(pid_t child) const;

 private:
  sigset_t before_{}, held_{};
  pid_t parent_;
};

/// A handle of any process, readable once it has ended; none if there is no such process.
file_descriptor open_process(pid_t process);

/// The two ends of a pipe: to read from, to write to. Throws lab_error.
std::pair<file_descriptor, file_descriptor> make_pipe();

/// Asks any process (not only a child) to end by `signal`, and kills it when it hasn't within `limit`.
void end(pid_t process, int signal, std::chrono::milliseconds limit);

/// Asks `done` every few milliseconds until it is true; false when it isn't within `limit`.
bool wait_until(const std::function<bool()>& done, std::chrono::milliseconds limit);

/// Enters the user and network namespaces of a process; throws lab_error if that isn't allowed.
void enter_namespaces(pid_t holder);

}  // namespace recado::lab
