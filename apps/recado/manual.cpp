// recado manual: the manual pages, from the same tables as --help.
#include <filesystem>
#include <fstream>

#include <CLI/CLI.hpp>

#include <recado/core/utf8.hpp>

#include "command.hpp"
#include "console.hpp"
#include "description.hpp"

namespace recado::app {
namespace {

/// Text for roff: hyphens that can be copied, nothing that looks like a request, characters beyond ASCII by number.
std::string roff(std::string_view text) {
  std::string result;
  if (text.starts_with('.') || text.starts_with('\'')) result += "\\&";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else if (c < 0x80) {
      result += text[i];
    } else {
      const unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
      unsigned value = c & (0x3fU >> more);
      for (unsigned k = 0; k < more && i + 1 < text.size(); ++k) value = value << 6 | (text[++i] & 0x3f);
      char name[16];
      std::snprintf(name, sizeof name, "\\[u%04X]", value);
      result += name;
    }
  }
  return result;
}

std::string name_of(const described_command& which) {
  return which.path.empty() ? "recado" : "recado-" + which.words("-");
}

struct meaning {
  const char* left;
  const char* right;
};

constexpr meaning formats[] = {
    {"%%", "a percent sign"},
    {"%A", "topic alias"},
    {"%C", "content type"},
    {"%D", "correlation data"},
    {"%E", "message expiry interval"},
    {"%F", "payload format indicator"},
    {"%I", "time in ISO 8601"},
    {"%j", "the message as JSON, its payload as a string"},
    {"%J", "the message as JSON, its payload as the JSON that it is"},
    {"%l", "length of the payload"},
    {"%m", "packet identifier"},
    {"%p", "payload"},
    {"%P", "user properties"},
    {"%q", "QoS"},
    {"%r", "retain flag"},
    {"%R", "response topic"},
    {"%S", "subscription identifier"},
    {"%t", "topic"},
    {"%U", "seconds since 1970 with nanoseconds"},
    {"%x", "payload in hexadecimal"},
    {"%X", "the same with capital letters"},
    {"@X", "what strftime(3) makes of %X, of the local time; @N is the nanoseconds, @@ an at sign"},
    {"\\n", "line end; likewise \\t \\r \\a \\e \\v \\0 and \\\\"},
};
constexpr meaning statuses[] = {
    {"0", "what was asked for happened"},
    {"1", "usage, name, TCP or local files; a subscription or message that is not possible"},
    {"2", "the broker broke the standard"},
    {"7", "the connection was lost"},
    {"8", "TLS"},
    {"9", "the message is longer than allowed"},
    {"19", "no answer to PINGREQ"},
    {"21", "a malformed packet"},
    {"24, 25, 28", "QoS, size or retain that the broker does not offer"},
    {"27", "time-out, also that of \\-W"},
    {"128 and above", "the reason code by which the broker refused; CONNACK of 3.1.1: 1 to 5"},
    {"130", "interrupted"},
};

template <std::size_t N>
std::string table(const meaning (&rows)[N]) {
  std::string text;
  for (const meaning& each : rows) text += ".TP\n.B " + roff(each.left) + "\n" + roff(each.right) + "\n";
  return text;
}

std::string options_of(const described_command& which) {
  std::string text;
  for (const described_option& each : which.options) {
    std::string left;
    if (!each.letter.empty()) left = "\\fB\\-" + roff(each.letter) + "\\fR";
    if (!each.name.empty()) left += (left.empty() ? "\\fB\\-\\-" : ", \\fB\\-\\-") + roff(each.name) + "\\fR";
    if (!each.argument.empty()) left += " \\fI" + roff(each.argument) + "\\fR";
    text += ".TP\n" + left + "\n" + roff(each.help.empty() ? each.name : each.help) + "\n";
  }
  return text.empty() ? text : ".SH OPTIONS\n" + text;
}

std::string more_of_tool(const described_command& which) {
  const std::string name = which.path[0];
  std::string text;
  if (name != "pub")
    text +=
        ".SH FORMATS\nThe sequences of \\fB\\-F\\fR. Between % and the letter may stand \\- (to the left), 0 (filled "
        "with zeros), a width and a precision.\n" +
        table(formats);
  text += ".SH \"EXIT STATUS\"\n" + table(statuses);
  text += ".SH FILES\n.TP\n.I $XDG_CONFIG_HOME/recado_" + name + ", $HOME/.config/recado_" + name +
          "\nDefaults, one option a line, as on the command line but without quotes; lines that begin with # are "
          "comments. If there is none, that of mosquitto_" +
          name + " is read. With \\fB\\-o\\fR none of them is.\n";
  return text;
}

void write_all(const std::vector<described_command>& all, const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  for (const described_command& each : all) {
    std::ofstream file{folder / (name_of(each) + ".1")};
    file << manual_of(each, all);
    file.close();
    if (!file) throw failure("the manual pages could not be written to '" + folder.string() + "'", "check the folder");
  }
}

}  // namespace

std::string manual_of(const described_command& which, const std::vector<described_command>& all) {
  const std::string name = name_of(which);
  std::string title = name;
  for (char& c : title) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  std::string text = ".TH " + roff(title) + " 1 \"\" \"recado " RECADO_VERSION "\" \"recado\"\n.SH NAME\n" +
                     roff(name) + " \\- " + roff(which.purpose) + "\n.SH SYNOPSIS\n.B recado";
  if (!which.path.empty()) text += " " + roff(which.words());
  text += "\n";
  if (!which.children.empty()) text += ".I COMMAND\n";
  text += "[\\fIOPTIONS\\fR]";
  text += which.usage.empty() ? "\n" : " " + roff(which.usage) + "\n";
  text += options_of(which);
  if (!which.children.empty()) {
    text += ".SH COMMANDS\n";
    for (const described_command& each : all)
      if (each.path.size() == which.path.size() + 1 &&
          std::equal(which.path.begin(), which.path.end(), each.path.begin()))
        text += ".TP\n.B " + roff(each.path.back()) + "\n" + roff(each.purpose) + "\n";
  }
  const bool of_tools =
      which.path.size() == 1 && (which.path[0] == "pub" || which.path[0] == "sub" || which.path[0] == "rr");
  if (of_tools) text += more_of_tool(which);
  text += ".SH \"SEE ALSO\"\n";
  std::string others;
  for (const described_command& each : all)
    if (each.path.size() <= 1 && each.path != which.path)
      others += (others.empty() ? "" : ",\n") + (".BR " + roff(name_of(each)) + " (1)");
  return text + others + "\n";
}

void add_manual(CLI::App& root) {
  struct wish {
    std::vector<std::string> path;
    std::string folder;
  };
  auto what = std::make_shared<wish>();
  CLI::App* command = root.add_subcommand("manual", "Print a manual page, for 'man -l -'");
  command->add_option("COMMAND", what->path, "Which command's, such as pub, or pki server; the program's if not given");
  command->add_option("--into", what->folder, "Write all of them to this folder instead")->type_name("FOLDER");
  on_run(*command, [what, &root] {
    const auto all = describe(root);
    if (!what->folder.empty()) {
      write_all(all, what->folder);
      return static_cast<int>(exit_success);
    }
    for (const described_command& each : all)
      if (each.path == what->path) {
        out() << std::string_view{manual_of(each, all)};
        return static_cast<int>(exit_success);
      }
    throw usage_error("there is no such command", "'recado --help' lists them");
  });
}

}  // namespace recado::app
