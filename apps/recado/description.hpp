// The commands and options of the program as data, for its manual pages and the shells' completions.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace recado::app {

/// How the argument of an option is completed.
enum class completes : std::uint8_t { nothing, text, file };

struct described_option {
  std::string name;      ///< long, without dashes; may be empty
  std::string letter;    ///< without its dash; may be empty
  std::string argument;  ///< empty: it takes none
  std::string help;
  std::vector<std::string> choices;  ///< all that the argument may be, if they are few
  completes how = completes::nothing;
};

struct described_command {
  std::vector<std::string> path;  ///< "pki", "server"; empty for the program itself
  std::string purpose;
  std::string usage;  ///< what stands behind the options
  std::vector<described_option> options;
  std::vector<std::string> children;  ///< names of its commands
  std::string words(const char* between = " ") const;
};

/// All commands, the program itself first. recado pub, sub and rr bring their options from their own table.
std::vector<described_command> describe(const CLI::App& root);

/// The script that completes recado's command line in "bash", "zsh" or "fish"; empty for another shell.
std::string completion_for(const std::string& shell, const std::vector<described_command>& all);
/// The manual page of a command, in roff.
std::string manual_of(const described_command& which, const std::vector<described_command>& all);

}  // namespace recado::app
