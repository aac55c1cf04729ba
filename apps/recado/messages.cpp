// recado pub, sub and rr in the list of commands. Their command line has mosquitto's own syntax, which is read by
// tools/arguments.cpp before the program's parser sees it; here they only stand in the help.
#include <CLI/CLI.hpp>

#include "command.hpp"

namespace recado::app {

void add_messages(CLI::App& root) {
  root.add_subcommand("pub", "Publish messages, with the options of mosquitto_pub")->prefix_command();
  root.add_subcommand("sub", "Subscribe and print messages, with the options of mosquitto_sub")->prefix_command();
  root.add_subcommand("rr", "Ask and print the answer, with the options of mosquitto_rr")->prefix_command();
}

}  // namespace recado::app
