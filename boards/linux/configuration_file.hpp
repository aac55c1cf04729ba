// The device's configuration from a TOML file.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <recado/core/text.hpp>
#include <recado/device/configuration.hpp>

namespace recado::linux_board {

/// Something in the file that can't be used as it is: "unknown key 'dhcp.atempts'; did you mean 'attempts'?"
struct problem {
  unsigned line = 0;  ///< 0: no line of the file is to blame
  std::string text;
};

/// A configuration and the texts that its views point into.
class configuration_file {
 public:
  configuration_file() = default;
  ~configuration_file();
  configuration_file(const configuration_file&) = delete;
  configuration_file& operator=(const configuration_file&) = delete;

  /// Reads a file. What was wrong is added to `problems()`; values without a problem are taken all the same.
  void read(const std::filesystem::path& file);
  /// The same from memory; paths in it are relative to `folder`.
  void parse(std::string_view text, std::string_view name, const std::filesystem::path& folder);
  /// Takes one "section.name=value" of the command line, the value as TOML or as a bare word.
  void override_with(std::string_view assignment);
  /// Looks for what contradicts itself, and reads password and pre-shared key from their files or the environment.
  void finish();
  /// True if the file or an assignment gave this option.
  bool gives(std::string_view section, std::string_view option) const;
  /// False if the file could not be read, or is no TOML: then only the defaults are known.
  bool readable() const { return readable_; }
  /// Adds a problem with an option, at the line that gave it.
  void refuse(std::string_view section, std::string_view option, std::string_view why);

  const std::vector<problem>& problems() const { return problems_; }
  /// "device.toml:12: …" for each problem.
  std::string describe_problems() const;

  device::configuration values;
  std::string name = "the command line";

 private:
  friend struct reader;
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  void complain(unsigned line, std::string text) { problems_.push_back({line, std::move(text)}); }
  void load_password();
  void load_psk();
  void check_network();
  void check_topics();
  std::optional<std::string> first_line_of(std::string_view path, std::string_view option);

  std::deque<std::string> texts_;
  std::vector<problem> problems_;
  bool readable_ = true;
  std::map<std::string, unsigned, std::less<>> given_;  // the lines, by "section.option"
};

/// All options with their types, defaults and meanings as a table in Markdown: `recado run --options`.
void print_options(text_sink& out);
/// What the configuration means, in the order of the ladder: `recado run --check`.
void explain(const configuration_file& what, bool show_secrets, text_sink& out);

}  // namespace recado::linux_board
