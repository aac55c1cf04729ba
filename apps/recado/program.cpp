#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <recado/core/nearest.hpp>

#include <fcntl.h>
#include <unistd.h>

#include "command.hpp"
#include "console.hpp"
#include "tools/tool.hpp"

namespace recado::app {
namespace {

/// What the command that was parsed will do.
std::function<int()>& chosen() {
  static std::function<int()> action;
  return action;
}

/// "recado pki server" for the command server of pki.
std::string path_of(const CLI::App* command) {
  if (command == nullptr) return "recado";
  std::string path = command->get_name();
  for (command = command->get_parent(); command != nullptr; command = command->get_parent())
    path = command->get_name() + ' ' + path;
  return path;
}

const CLI::App* deepest(const CLI::App& root) {
  const CLI::App* command = &root;
  for (auto used = command->get_subcommands(); !used.empty(); used = command->get_subcommands()) command = used.front();
  return command;
}

std::vector<std::string> names_of_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::vector<std::string> names_of_commands(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; }))
    if (!child->get_name().empty()) names.push_back(child->get_name());
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string nearest_of(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  return std::string{nearest(word, views)};
}

/// The error for a word that `command` doesn't know.
usage_error unknown_word(const CLI::App& command, std::string word) {
  const bool is_option = word.starts_with('-');
  const std::vector<std::string> children = names_of_commands(command);
  if (is_option) word = word.substr(0, word.find('='));
  const std::string kind = is_option ? "unknown option" : children.empty() ? "unexpected argument" : "unknown command";
  const std::string guess = nearest_of(word, is_option ? names_of_options(command) : children);
  const std::string help = "'" + path_of(&command) + " --help' lists what there is";
  return usage_error(kind + " '" + word + "'", guess.empty() ? help : "did you mean '" + guess + "'? " + help);
}

usage_error missing_command(const CLI::App& command) {
  return usage_error("a command is missing", "one of " + joined(names_of_commands(command)) + " ('" +
                                                 path_of(&command) + " --help' explains them)");
}

/// CLI11's own sentences span lines and begin as they like; ours is one line.
std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  while (!text.empty() && (text.back() == ' ' || text.back() == '.')) text.pop_back();
  return text;
}

usage_error explained(const CLI::App& command, const CLI::ParseError& error) {
  const std::vector<std::string> left = command.remaining();
  if (!left.empty()) return unknown_word(command, left.front());
  return usage_error(one_line(error.what()), "see '" + path_of(&command) + " --help'");
}

/// A line that quotes much of what was given keeps its beginning and its end, where the reason stands.
std::string abbreviated(std::string_view line) {
  constexpr std::size_t most = 1000, beginning = 200, end = 300;
  if (line.size() <= most) return std::string{line};
  std::size_t from = line.size() - end, to = beginning;
  const auto within_character = [&](std::size_t at) { return (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80; };
  while (within_character(from)) ++from;
  while (within_character(to)) --to;
  return std::string{line.substr(0, to)} + " [... " + std::to_string(from - to) + " bytes ...] " +
         std::string{line.substr(from)};
}

/// What could move a terminal's cursor is shown as a dot; line feeds only part the faults of a configuration.
std::string readable(std::string text, bool has_lines) {
  if (!has_lines) std::ranges::replace(text, '\n', '.');
  std::string all;
  for (std::size_t at = 0, end = 0; end != text.npos; at = end + 1) {
    end = text.find('\n', at);
    all += (at == 0 ? "" : "\n") + abbreviated(std::string_view{text}.substr(at, end == text.npos ? end : end - at));
  }
  for (char& c : all)
    if ((static_cast<unsigned char>(c) < ' ' && c != '\n') || c == 0x7f) c = '.';
  return all;
}

void print(const failure& error, const std::string& who) {
  err() << painted{style::bad, who} << ": " << std::string_view{readable(error.what(), error.has_lines())};
  if (!error.remedy().empty()) err() << "; " << error.remedy();
  err() << '\n';
}

void print(const failure& error, const CLI::App* command) { print(error, path_of(command)); }

/// A repeatable option takes one word each time, or `decode --port 1884 FILE` would take the file as a port, too.
void take_one_value_each(CLI::App& command) {
  for (CLI::Option* each : command.get_options())
    if (each->nonpositional()) each->allow_extra_args(false);
  for (CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; })) take_one_value_each(*child);
}

std::unique_ptr<CLI::App> make_root() {
  auto root = std::make_unique<CLI::App>("From no network address to secure MQTT messages.", "recado");
  root->set_version_flag("--version", "recado " RECADO_VERSION, "Print the version and exit");
  root->set_help_flag("-h,--help", "Print this help and exit");
  root->require_subcommand(0, 1);
  for (const add_command add : commands()) add(*root);
  take_one_value_each(*root);
  return root;
}

/// An empty value is mostly a variable of the shell that isn't set: a key would be written in the clear, the public
/// broker asked, or the current folder taken, if it passed for "not given".
void refuse_empty(const CLI::App& command) {
  static constexpr std::string_view may_be_empty[] = {"--username", "--pw", "--id-prefix", "COMMAND", "ARGUMENT"};
  for (const CLI::Option* each : command.get_options()) {
    const bool positional = !each->nonpositional();
    if (!positional && (each->get_expected_min() == 0 || each->get_lnames().empty())) continue;
    const std::string name = positional ? each->get_name(true) : "--" + each->get_lnames().front();
    const bool has_empty = std::ranges::find(each->results(), std::string{}) != each->results().end();
    if (!has_empty || std::ranges::find(may_be_empty, name) != std::end(may_be_empty)) continue;
    const std::string what = positional ? "one" : each->get_type_name();
    throw usage_error(name + " is given an empty value",
                      each->get_required() ? "give " + what : "give " + what + ", or leave it out");
  }
}

std::vector<std::string>& behind_dashes() {
  static std::vector<std::string> words;
  return words;
}

/// Takes the words for another program away from the option parser; answers how many words are left for it.
int set_aside(int argc, const char* const* argv) {
  if (argc < 2 || std::string_view{argv[1]} != "lab") return argc;
  const auto dashes = std::find(argv, argv + argc, std::string_view{"--"});
  if (dashes != argv + argc) behind_dashes().assign(dashes + 1, argv + argc);
  return static_cast<int>(dashes - argv);
}

/// Fills `chosen()`, or answers the exit status of a run that only prints help or the version.
std::optional<int> parse(CLI::App& root, int argc, const char* const* argv) {
  try {
    root.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    out() << std::string_view{root.help()};
    return exit_success;
  } catch (const CLI::CallForAllHelp&) {
    out() << std::string_view{root.help("", CLI::AppFormatMode::All)};
    return exit_success;
  } catch (const CLI::CallForVersion& version) {
    out() << std::string_view{version.what()} << '\n';
    return exit_success;
  } catch (const CLI::ParseError& error) {
    throw explained(*deepest(root), error);
  }
  if (!chosen()) throw missing_command(*deepest(root));
  refuse_empty(*deepest(root));
  return std::nullopt;
}

/// recado pub, sub and rr, which read their own command line.
std::optional<int> run_tool(int argc, const char* const* argv) {
  const std::string name = tools::name_of_call(argc, argv);
  try {
    return tools::run(argc, argv);
  } catch (const failure& error) {
    out().flush();
    print(error, name);
    return error.status();
  } catch (const std::bad_alloc&) {
    print(failure("out of memory", "free some and try again"), name);
  } catch (const std::exception& error) {
    out().flush();
    print(failure(one_line(error.what())), name);
  }
  return exit_failure;
}

int run_chosen(int argc, const char* const* argv) {
  if (const std::optional<int> done = run_tool(argc, argv)) return *done;
  const std::unique_ptr<CLI::App> root = make_root();
  try {
    const std::optional<int> done = parse(*root, set_aside(argc, argv), argv);
    return done ? *done : chosen()();
  } catch (const failure& error) {
    out().flush();
    print(error, deepest(*root));
    return error.status();
  } catch (const std::bad_alloc&) {
    print(failure("out of memory", "free some and try again"), deepest(*root));
  } catch (const std::exception& error) {
    out().flush();
    print(failure(one_line(error.what())), deepest(*root));
  }
  return exit_failure;
}

/// A full disk must not look like success; a reader that has gone away (recado … | head) is no failure to report.
int finish(int status) {
  out().drain();
  const int error = out().write_error();
  if (error == 0 || error == EINTR || status != exit_success) return status;  // EINTR: a signal, console.hpp
  if (error != EPIPE)
    print(failure(std::string{"the output could not be written: "} + std::strerror(error),
                  std::string{remedy_of_output(error)}),
          nullptr);
  return exit_failure;
}

/// A standard stream that is closed at the start would be the next file that is opened: what is said would go into a
/// recording, a key log or the connection. What stands there instead can only be used the other way round, so that
/// reading and writing fail as if it were closed.
void occupy_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) != -1) continue;
    const int opened = ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (opened != -1 && opened != stream) ::close(opened);  // stream by stream from 0 on, so it is the lowest free one
  }
}

}  // namespace

void on_run(CLI::App& command, std::function<int()> action) {
  command.callback([action = std::move(action)] { chosen() = action; });
}

std::span<const std::string> words_behind_dashes() { return behind_dashes(); }

int run_program(int argc, const char* const* argv) {
  occupy_closed_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a peer or reader that goes away is an error code, not the end of the process,
  std::signal(SIGXFSZ, SIG_IGN);  // and so is a file that may not grow (ulimit -f)
  return finish(run_chosen(argc, argv));
}

}  // namespace recado::app
