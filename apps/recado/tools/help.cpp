#include "option.hpp"

namespace recado::app::tools {
namespace {

std::string_view purpose(tool which) {
  switch (which) {
    case tool::pub:
      return "Publish messages.";
    case tool::sub:
      return "Subscribe, and print what arrives.";
    case tool::rr:
      return "Publish a request and print the answer.";
  }
  return "";
}

constexpr std::size_t column = 38;

void add_line(std::string& to, const option& what) {
  std::string left = what.letter != 0 ? std::string{"  -"} + what.letter : "    ";
  if (!what.name.empty()) left += (what.letter != 0 ? ", --" : "  --") + std::string{what.name};
  if (!what.argument.empty()) left += " " + std::string{what.argument};
  to += left;
  to += left.size() + 1 < column ? std::string(column - left.size(), ' ') : "\n" + std::string(column, ' ');
  to += std::string{what.help} + "\n";
}

}  // namespace

std::string_view usage_of(tool which) {
  switch (which) {
    case tool::pub:
      return "-t TOPIC (-m TEXT | -f FILE | -s | -l | -n)";
    case tool::sub:
      return "-t FILTER …";
    case tool::rr:
      return "-t TOPIC -e RESPONSE-TOPIC (-m TEXT | -f FILE | -s | -n)";
  }
  return "";
}

std::string help_of(tool which) {
  const std::string name{name_of(which)};
  std::string text = std::string{purpose(which)} + " The options are those of mosquitto_" + name +
                     ", and some more.\n\nUsage: recado " + name + " [OPTIONS] " + std::string{usage_of(which)} +
                     "\n\nOptions:\n";
  for (const option& each : options())
    if (each.belongs_to(which) && !each.help.starts_with("refused")) add_line(text, each);
  return text + "\nDefaults are read from $XDG_CONFIG_HOME/recado_" + name + ", one option a line.\n";
}

}  // namespace recado::app::tools
