// How a command becomes part of the program: one file, one function, one line in the list of commands.cpp.
//
//   void add_hello(CLI::App& root) {
//     auto options = std::make_shared<hello_options>();
//     CLI::App* command = root.add_subcommand("hello", "Greet somebody");
//     command->add_option("NAME", options->name, "Whom to greet")->required();
//     on_run(*command, [options] { return hello(*options); });
//   }
#pragma once

#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace recado::app {

/// How the program ends.
enum exit_status : int { exit_success = 0, exit_failure = 1, exit_usage = 2 };

/// What a command throws when it can't do its work; the user reads "recado COMMAND: cause; remedy".
class failure : public std::runtime_error {
 public:
  explicit failure(const std::string& cause, std::string remedy = {}, int status = exit_failure)
      : std::runtime_error(cause), remedy_(std::move(remedy)), status_(status) {}
  std::string_view remedy() const { return remedy_; }
  int status() const { return status_; }
  /// True if the cause is several, each on a line of its own; else a line feed in it is something quoted.
  virtual bool has_lines() const { return false; }

 private:
  std::string remedy_;
  int status_;
};

/// What a command throws when it was called wrongly in a way that the option parser can't see: exit status 2.
class usage_error : public failure {
 public:
  explicit usage_error(const std::string& cause, std::string remedy = {})
      : failure(cause, std::move(remedy), exit_usage) {}
};

/// What is wrong with a configuration, a fault on each line.
class configuration_error : public usage_error {
 public:
  using usage_error::usage_error;
  bool has_lines() const override { return true; }
};

/// Says what to do when `command` (a leaf, without subcommands) was chosen. The action runs after all of the
/// command line was understood; it returns the exit status or throws `failure`.
void on_run(CLI::App& command, std::function<int()> action);

/// Adds one command and its options to the program.
using add_command = void (*)(CLI::App& root);
/// All the commands, in the order of the help.
std::span<const add_command> commands();

void add_bench(CLI::App& root);
void add_completion(CLI::App& root);
void add_decode(CLI::App& root);
void add_firmware(CLI::App& root);
void add_lab(CLI::App& root);
void add_manual(CLI::App& root);
void add_messages(CLI::App& root);
void add_pki(CLI::App& root);
void add_probe(CLI::App& root);
void add_run(CLI::App& root);
void add_session(CLI::App& root);

/// What followed the first "--" of a `recado lab` command line: words for another program, which the option parser
/// must not touch.
std::span<const std::string> words_behind_dashes();

/// The whole program: parses, runs, and turns every error into one line on standard error.
int run_program(int argc, const char* const* argv);

}  // namespace recado::app
