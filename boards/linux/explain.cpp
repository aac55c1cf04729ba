#include <array>

#include <recado/chain/bring_up.hpp>
#include <recado/device/options.hpp>

#include "configuration_file.hpp"

namespace recado::linux_board {
namespace {

void print_default(const device::option& of, text_sink& out) {
  if (!of.unset.empty() && device::is_unset(of, {})) out << of.unset;
  else device::print_value(of, {}, false, out);
}

void escape_bars(std::string_view text, text_sink& out) {
  for (const char c : text) {
    if (c == '|') out << '\\';
    out << c;
  }
}

}  // namespace

void print_options(text_sink& out) {
  std::string_view section;
  for (const device::option& each : device::options()) {
    if (each.section != section) {
      section = each.section;
      out << "\n### [" << section << "]\n\n| key | type | default | meaning |\n|---|---|---|---|\n";
    }
    out << "| `" << each.name << "` | ";
    device::print_type(each, out);
    out << " | ";
    print_default(each, out);
    out << " | ";
    escape_bars(each.help, out);
    out << " |\n";
  }
}

void explain(const configuration_file& what, bool show_secrets, text_sink& out) {
  std::string_view section;
  for (const device::option& each : device::options()) {
    if (each.section != section) {
      section = each.section;
      out << '[' << section << "]\n";
    }
    std::array<char, 512> memory;
    buffer_sink line{memory};
    line << each.name << " = ";
    device::print_value(each, what.values, show_secrets, line);
    out << "  " << line.view();
    for (std::size_t i = line.view().size(); i < 36; ++i) out << ' ';
    out << "  # " << each.help;
    if (!each.unset.empty() && device::is_unset(each, what.values)) out << " (here: " << each.unset << ')';
    out << '\n';
  }
  out << "\nThe ladder:\n";
  chain::print_ladder(out);
}

}  // namespace recado::linux_board
