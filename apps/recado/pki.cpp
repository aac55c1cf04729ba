#include <CLI/CLI.hpp>

#include "command.hpp"

namespace recado::app {

void add_pki(CLI::App& root) {
  root.add_subcommand("pki", "Keys and certificates for brokers and devices")->require_subcommand(0, 1);
}

}  // namespace recado::app
