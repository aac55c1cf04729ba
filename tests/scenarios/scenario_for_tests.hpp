// What the scenarios share: the real program, run as a user would, in a lab of the test's own.
//
// Nothing here waits for a fixed time: a scenario waits for a line, or for a condition, with a bound.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <recado/drive/posix/descriptor.hpp>

#include <sys/types.h>

namespace recado::test {

using words = std::vector<std::string>;
inline words operator+(words a, const words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The program under test: this build's, or the one that RECADO_UNDER_TEST names (such as one with sanitizers).
std::string program();

/// How a program ended and what it wrote, standard output and error together.
struct result {
  int status = -1;  ///< 128 + signal if it was killed
  std::string output;
};

/// The board in QEMU on which the device application runs: RECADO_BOARD of the environment; empty: on this machine.
std::string emulated_board();

/// How long a scenario waits for anything at most. An image for a board is built within it.
inline const std::chrono::seconds patience{emulated_board().empty() ? 20 : 300};

/// Asks until it is true: false if it isn't within `limit`.
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = patience);

/// Where a program's standard input, output and errors lead: nothing to read and a pipe, or a terminal that is its
/// controlling one.
enum class face { pipe, terminal };

/// A program while it runs. Ends with this object at the latest.
class running {
 public:
  explicit running(const words& command, face which = face::pipe);
  ~running();
  running(const running&) = delete;
  running& operator=(const running&) = delete;

  /// Reads on until `text` has come behind what was found before: false if it didn't come in time.
  bool says(std::string_view text, std::chrono::milliseconds limit = patience);
  void signal(int number) const;
  /// Types on its terminal.
  void types(std::string_view keys) const;
  /// How its terminal takes what is typed, also when it has ended: the flags of tcgetattr's c_lflag.
  unsigned terminal_flags() const;
  /// Waits for its end; status -1 if it didn't end in time.
  result ended(std::chrono::milliseconds limit = patience);
  const std::string& said() const { return said_; }
  pid_t number() const { return process_; }

 private:
  bool read_more(std::chrono::steady_clock::time_point until);
  void start_on_pipe(const words& command);
  void start_on_terminal(const words& command);

  pid_t process_ = -1;
  posix::descriptor output_, terminal_, handle_;
  std::string said_;
  std::size_t found_ = 0;
};

/// Runs a command to its end.
result run(const words& command, std::chrono::milliseconds limit = patience);
/// Runs recado to its end.
result recado(words arguments, std::chrono::milliseconds limit = patience);

/// From the last line of the device application's that says why it ended.
std::string last_word(const std::string& output);

/// The folder of the running test, empty at first.
std::filesystem::path own_folder();
std::string content_of(const std::filesystem::path& file);
/// How often a text stands in a file.
std::size_t count_in(const std::filesystem::path& file, std::string_view text);
/// Permissions of a file as in `chmod`.
unsigned mode_of(const std::filesystem::path& file);
/// What a command is put behind to be run as an ordinary user; the folder becomes that user's. Nothing if the tests are
/// run as one.
words as_an_ordinary_user(const std::filesystem::path& folder);
/// Processes whose command line holds this text (such as a folder's name).
std::vector<pid_t> processes_with(std::string_view text);

/// A lab for one test, taken down with it, also when the test's process is killed.
class lab {
 public:
  explicit lab(words options = {});
  ~lab();
  lab(const lab&) = delete;
  lab& operator=(const lab&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  /// `recado lab VERB --dir … ARGUMENTS`.
  result operator()(const std::string& verb, const words& arguments = {},
                    std::chrono::milliseconds limit = patience) const;
  words command(const std::string& verb, const words& arguments) const;
  /// Stops, starts or restarts a server.
  void server(const std::string& action, const std::string& name) const;
  /// Runs a command on a host to its end.
  result on(const std::string& host, words command, std::chrono::milliseconds limit = patience) const;
  words on_command(const std::string& host, const words& command) const;
  /// `recado …` on a host.
  result recado_on(const std::string& host, words arguments, std::chrono::milliseconds limit = patience) const;
  /// The command that runs the device application on the board: this machine's or QEMU's.
  words board(const words& arguments = {}) const;
  /// The same with settings "section.name=value".
  words board_with(const words& settings, words arguments = {}) const;
  /// mosquitto's own clients on the broker's host, as "visitor".
  words visitor(const std::string& program, const words& arguments) const;
  std::filesystem::path log(const std::string& server) const { return folder_ / (server + ".log"); }
  std::filesystem::path pki(const std::string& name) const { return folder_ / "pki" / name; }
  /// Waits until a server's log holds this text at least so often.
  bool logs(const std::string& server, std::string_view text, std::size_t times = 1,
            std::chrono::milliseconds limit = patience) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace recado::test
