#include "description.hpp"

#include <CLI/CLI.hpp>

#include "tools/option.hpp"

namespace recado::app {
namespace {

completes completion_of(const std::string& argument) {
  if (argument.empty()) return completes::nothing;
  for (const char* each : {"FILE", "FOLDER", "PATH", "DIR"})
    if (argument.find(each) != argument.npos) return completes::file;
  return completes::text;
}

std::vector<std::string> choices_of(const std::string& name) {
  if (name == "qos" || name == "will-qos") return {"0", "1", "2"};
  if (name == "protocol-version") return {"5", "311"};
  if (name == "tls-backend") return {"openssl", "mbedtls"};
  if (name == "tls-version") return {"tlsv1.2", "tlsv1.3"};
  if (name == "retain-handling") return {"always", "new", "never"};
  return {};
}

void describe_tool(tools::tool which, described_command& to) {
  to.usage = tools::usage_of(which);
  for (const tools::option& each : tools::options()) {
    if (!each.belongs_to(which) || each.help.starts_with("refused")) continue;
    described_option one{.name = std::string{each.name},
                         .letter = each.letter == 0 ? std::string{} : std::string(1, each.letter),
                         .argument = std::string{each.argument},
                         .help = std::string{each.help},
                         .choices = choices_of(std::string{each.name}),
                         .how = completion_of(std::string{each.argument})};
    to.options.push_back(std::move(one));
  }
}

void describe_options(const CLI::App& command, described_command& to) {
  for (const CLI::Option* each : command.get_options()) {
    if (each->get_group().empty()) continue;  // not in the help either: it is only there to be refused in words
    if (each->get_positional()) {
      to.usage += (to.usage.empty() ? "" : " ") + each->get_name(true);
      continue;
    }
    described_option one;
    if (!each->get_lnames().empty()) one.name = each->get_lnames().front();
    if (!each->get_snames().empty()) one.letter = each->get_snames().front();
    if (each->get_items_expected_max() != 0) one.argument = each->get_type_name();
    if (one.argument.find_first_of("{}[]()") != one.argument.npos) one.argument = "VALUE";
    one.help = each->get_description();
    one.choices = choices_of(one.name);
    one.how = completion_of(one.argument);
    to.options.push_back(std::move(one));
  }
}

void add(const CLI::App& command, const std::vector<std::string>& path, std::vector<described_command>& to) {
  described_command one{.path = path, .purpose = command.get_description(), .usage = {}, .options = {}, .children = {}};
  bool of_tools = false;
  for (const tools::tool each : {tools::tool::pub, tools::tool::sub, tools::tool::rr})
    if (path.size() == 1 && path[0] == tools::name_of(each)) describe_tool(each, one), of_tools = true;
  if (!of_tools) describe_options(command, one);
  const auto children = command.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children)
    if (!child->get_name().empty()) one.children.push_back(child->get_name());
  to.push_back(std::move(one));
  for (const CLI::App* child : children) {
    if (child->get_name().empty()) continue;
    std::vector<std::string> below = path;
    below.push_back(child->get_name());
    add(*child, below, to);
  }
}

}  // namespace

std::string described_command::words(const char* between) const {
  std::string result;
  for (const std::string& each : path) result += (result.empty() ? "" : between) + each;
  return result;
}

std::vector<described_command> describe(const CLI::App& root) {
  std::vector<described_command> result;
  add(root, {}, result);
  return result;
}

}  // namespace recado::app
