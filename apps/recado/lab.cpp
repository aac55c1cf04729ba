// recado lab: a network of three hosts with the real servers, to bring recado up in.
#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <optional>

#include "command.hpp"
#include "console.hpp"
#include "lab/lab.hpp"
#include "lab/network.hpp"
#include "lab_board.hpp"

namespace recado::app {

namespace {

struct lab_options {
  std::string folder;
  bool loopback = false;
  int while_process = 0;
  std::vector<std::string> dnsmasq, chronyd, mosquitto;
  std::string host;
  std::string server;
  std::string action;
  std::string capture, dump;
  std::string board, image;
  std::vector<std::string> words;

  lab::folder where() const { return {folder.empty() ? lab::default_folder() : std::filesystem::absolute(folder)}; }
  lab::up_options up(bool tied) const {
    return {
        where(), loopback, tied, while_process, {{"dnsmasq", dnsmasq}, {"chronyd", chronyd}, {"mosquitto", mosquitto}}};
  }
};

using options_pointer = std::shared_ptr<lab_options>;

/// The words for the host, with those behind "--", which stay as they are ("[a,b]" isn't a list there).
std::vector<std::string> words_of(const lab_options& options) {
  std::vector<std::string> all = options.words;
  const auto behind = words_behind_dashes();
  all.insert(all.end(), behind.begin(), behind.end());
  return all;
}

/// Runs a part of the lab and turns its errors into the program's.
int guarded(const std::function<int()>& part) {
  try {
    return part();
  } catch (const lab::lab_error& error) {
    throw failure(error.text);
  } catch (const std::filesystem::filesystem_error& error) {
    throw failure(error.what(), "check the folder's rights, or choose another with --dir");
  }
}

void print_hosts(const lab::state& is) {
  const lab::plan at = lab::plan_of(is);
  out() << painted{style::title, "lab"}
        << (is.how == lab::mode::namespaces ? ": three hosts on a bridge\n" : ": on loopback\n");
  out() << "  router  " << at.router_address << "  DHCP, DNS (dnsmasq), NTP (chronyd)\n";
  out() << "  broker  " << at.broker_address << "  mosquitto: " << std::to_string(at.mqtt_port) << " plain, "
        << std::to_string(at.mqtts_port) << " TLS with a client certificate\n";
  out() << "  board   " << (is.how == lab::mode::namespaces ? "no address until DHCP gives one" : "127.0.0.1") << '\n';
}

/// What a lab is brought up with comes too late for one that is up.
void refuse_too_late(const lab_options& options, const lab::state& is) {
  const bool given = (options.loopback && is.how != lab::mode::loopback) || options.while_process != 0 ||
                     !options.dnsmasq.empty() || !options.chronyd.empty() || !options.mosquitto.empty();
  if (given)
    throw usage_error(
        "the lab is up already, and --loopback, --dnsmasq, --chronyd, --mosquitto and --while are for "
        "bringing it up",
        "take it down by 'recado lab down' before, or leave them out");
}

lab::state bring_up(const lab_options& options, bool tied) {
  if (const lab::state is = lab::load(options.where()); lab::alive(is)) refuse_too_late(options, is);
  const lab::up_result result = lab::up(options.up(tied));
  if (result.fell_back)
    err() << "recado lab: no namespaces are allowed here; the lab runs on loopback with the static configuration\n";
  if (result.was_up) err() << "recado lab: it was up already\n";
  return result.is;
}

int up(const lab_options& options) {
  print_hosts(bring_up(options, false));
  out() << "next: recado lab run, recado lab shell HOST, recado lab down\n";
  return exit_success;
}

int down(const lab_options& options) {
  if (!lab::down(options.where())) out() << "no lab was up\n";
  return exit_success;
}

int status(const lab_options& options) {
  print_hosts(lab::require_up(options.where()));
  out() << lab::ask_keeper(options.where(), "servers");
  return exit_success;
}

/// The device application's words: those given, or the lab's own configuration.
std::vector<std::string> device_command(const lab_options& options) {
  std::vector<std::string> words{std::filesystem::read_symlink("/proc/self/exe").string(), "run"};
  const auto has_config = [](const std::string& word) { return word.starts_with("--config") || word == "-c"; };
  const std::vector<std::string> given = words_of(options);
  if (std::ranges::none_of(given, has_config)) {
    words.push_back("--config");
    words.push_back(options.where().device_config().string());
  }
  words.insert(words.end(), given.begin(), given.end());
  return words;
}

[[noreturn]] void become(const lab_options& options, const std::string& host, const std::vector<std::string>& words) {
  out().flush();
  lab::become_on(options.where(), host, words);
}

/// The device application on the board: this machine's, or QEMU's.
int run_device(const lab_options& options, const std::filesystem::path& image) {
  if (image.empty()) return lab::execute_on(options.where(), "board", device_command(options));
  return run_emulated(options.where(), image, options.dump);
}

int run(const lab_options& options) {
  if (options.board.empty() && !options.image.empty())
    throw usage_error("--image needs to know what for", "add --board mps2-an500");
  if (options.board.empty() && !options.dump.empty())
    throw usage_error("--filter-dump is QEMU's", "add --board mps2-an500, or record the bridge with --capture");
  const lab::state is = lab::load(options.where());
  const bool was_up = lab::alive(is);
  if (was_up) refuse_too_late(options, is);
  if (was_up && options.capture.empty() && options.board.empty()) become(options, "board", device_command(options));
  if (!was_up) bring_up(options, true);
  if (!options.board.empty() && lab::load(options.where()).how == lab::mode::loopback)
    throw failure("the emulated board needs a network of its own, and this lab is on loopback",
                  "run as root, or allow user namespaces");
  std::filesystem::path image;
  if (!options.board.empty()) image = image_for({options.board, options.image, words_of(options)}, options.where());
  out().flush();
  std::optional<lab::recording> recording;
  if (!options.capture.empty()) recording.emplace(options.where(), options.capture);
  const int result = run_device(options, image);
  recording.reset();
  if (!was_up) lab::down(options.where());
  return result;
}

int shell(const lab_options& options) {
  (void)lab::require_up(options.where());  // before a shell there is announced
  const char* program = std::getenv("SHELL");
  err() << "recado lab: a shell on " << options.host << "; 'exit' leaves it\n";
  setenv("RECADO_LAB_HOST", options.host.c_str(), 1);
  become(options, options.host, {program != nullptr && *program != 0 ? program : "/bin/sh"});
}

int execute(const lab_options& options) {
  const std::vector<std::string> words = words_of(options);
  if (words.empty()) throw usage_error("a command to run is missing", "recado lab exec HOST -- COMMAND");
  become(options, options.host, words);
}

int ask(const lab_options& options, const std::string& request) {
  lab::require_up(options.where());
  lab::ask_keeper(options.where(), request);
  return exit_success;
}

CLI::App* add(CLI::App& parent, const options_pointer& options, const char* name, const char* help,
              std::function<int(const lab_options&)> action) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->add_option("--dir", options->folder, "Folder of the lab (default: build/lab of the checkout)");
  on_run(*command, [options, action = std::move(action)] { return guarded([&] { return action(*options); }); });
  return command;
}

void add_up_options(CLI::App& command, const options_pointer& options) {
  command.add_flag("--loopback", options->loopback, "Don't use namespaces: all servers on 127.0.0.1");
  command.add_option("--dnsmasq", options->dnsmasq, "A line to add to dnsmasq's configuration (repeatable)");
  command.add_option("--chronyd", options->chronyd, "A line to add to chronyd's configuration (repeatable)");
  command.add_option("--mosquitto", options->mosquitto, "A line to add to mosquitto's configuration (repeatable)");
}

void add_host(CLI::App& command, const options_pointer& options) {
  command.add_option("HOST", options->host, "router, broker or board")
      ->required()
      ->check(CLI::IsMember({"router", "broker", "board"}));
}

void add_run(CLI::App& root, const options_pointer& options) {
  CLI::App* command = add(root, options, "run", "Run the device application on the board", run);
  command->add_option("--capture", options->capture, "Record the bridge with dumpcap into this file (mode 0600)");
  command->add_option("--filter-dump", options->dump,
                      "Record what the Ethernet of --board sends and hears into this file (pcap, mode 0600)");
  command->add_option("--board", options->board, "Run it on this board in QEMU: mps2-an500");
  command->add_option("--image", options->image, "An image of 'recado firmware' for --board; without one it is made");
  command->add_option("ARGUMENT", options->words, "Arguments for 'recado run' (or 'recado firmware'), after --");
  add_up_options(*command, options);
}

void add_controls(CLI::App& root, const options_pointer& options) {
  CLI::App* server = add(root, options, "server", "Stop, start or restart one of the servers",
                         [](const lab_options& o) { return ask(o, o.action + ' ' + o.server); });
  server->add_option("ACTION", options->action, "stop, start or restart")
      ->required()
      ->check(CLI::IsMember({"stop", "start", "restart"}));
  server->add_option("SERVER", options->server, "dnsmasq, chronyd or mosquitto")
      ->required()
      ->check(CLI::IsMember({"dnsmasq", "chronyd", "mosquitto"}));
  CLI::App* cable = add(root, options, "cable", "Pull a host's cable or plug it in again",
                        [](const lab_options& o) { return ask(o, o.action + ' ' + o.host); });
  cable->add_option("ACTION", options->action, "unplug or plug")->required()->check(CLI::IsMember({"unplug", "plug"}));
  add_host(*cable, options);
}

}  // namespace

void add_lab(CLI::App& root) {
  CLI::App* group = root.add_subcommand("lab", "A small network with real servers, to bring recado up in");
  group->require_subcommand(0, 1);
  const auto options = std::make_shared<lab_options>();
  CLI::App* bringing_up = add(*group, options, "up", "Bring the lab up", up);
  add_up_options(*bringing_up, options);
  bringing_up->add_option("--while", options->while_process, "Take it down when the process of this number ends")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  add_run(*group, options);
  add(*group, options, "down", "Take the lab down", down);
  add(*group, options, "status", "Say what is up", status);
  add_host(*add(*group, options, "shell", "Open a shell on a host, with its name in RECADO_LAB_HOST", shell), options);
  CLI::App* exec = add(*group, options, "exec", "Run a command on a host", execute);
  add_host(*exec, options);
  exec->add_option("COMMAND", options->words, "The command and its arguments, after --");
  add_controls(*group, options);
}

}  // namespace recado::app
