// recado run: the device application on this machine.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include <boards/linux/configuration_file.hpp>
#include <boards/linux/report.hpp>
#include <boards/linux/runner.hpp>
#include <recado/capture/key_log_file.hpp>
#include <recado/capture/pcapng_writer.hpp>
#include <recado/chain/words.hpp>

#include "command.hpp"
#include "console.hpp"
#include "passphrase.hpp"
#include "tools/kept_session.hpp"

namespace recado::app {
namespace {

namespace board = recado::linux_board;

struct run_options {
  std::string config, interface, keylog, pcapng, storage, session, button, results = "results", tls_backend = "openssl";
  std::vector<std::string> settings;
  std::vector<std::uint32_t> sizes;
  bool check = false, options = false, show_secrets = false, set_system_clock = false, compare = false;
  bool results_given = false;
};

/// The sizes of the comparison: 16 bytes to 4 KiB.
const std::vector<std::uint32_t> comparison_sizes{16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

/// Each secret to the key log and to the recording.
class both final : public tls::key_log {
 public:
  void add(tls::key_log* one) { logs_.push_back(one); }
  bool empty() const { return logs_.empty(); }
  void line(std::string_view text) override {
    for (tls::key_log* each : logs_) each->line(text);
  }

 private:
  std::vector<tls::key_log*> logs_;
};

capture::private_file open_private(const std::string& path, capture::opening how) {
  auto file = capture::private_file::open(path, how);
  if (!file) throw failure("'" + path + "' can't be written: " + std::strerror(file.error()), "choose another place");
  return std::move(*file);
}

std::filesystem::path default_storage() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != 0)
    return std::filesystem::path{state} / "recado";
  const char* home = std::getenv("HOME");
  return std::filesystem::path{home != nullptr ? home : "/var/lib"} / ".local/state/recado";
}

void load(const run_options& options, board::configuration_file& file) {
  if (!options.config.empty()) file.read(options.config);
  for (const std::string& each : options.settings) file.override_with(each);
  if (!options.interface.empty()) file.override_with("network.interface=" + options.interface);
  if (!options.session.empty()) file.override_with("device.session='''" + options.session + "'''");
  file.finish();
  if (file.problems().empty()) return;
  throw configuration_error(file.describe_problems(), "'recado run --options' explains every key");
}

std::string text_of(const fault& what) {
  char memory[800];
  buffer_sink line{memory};
  chain::describe_cause(what, line);
  return std::string{chain::name_of(what.where)} + ": " + std::string{line.view()};
}

/// One run with its recordings.
class one_run {
 public:
  one_run(const run_options& options, const device::configuration& chosen) : chosen_(chosen) {
    how_.storage = !options.storage.empty()         ? std::filesystem::path{options.storage}
                   : !chosen.device.storage.empty() ? std::filesystem::path{chosen.device.storage}
                                                    : default_storage();
    how_.button_held = options.button == "held" || options.compare;
    how_.set_system_clock = options.set_system_clock;
    how_.style = {out().is_terminal(), out().has_colours(), chosen.device.console};
    how_.out = &out(), how_.flush = [] { out().flush(); };
    how_.ask = &ask_;
    const auto by = tls_backend_of(options.tls_backend);
    if (!by)
      throw failure("--tls-backend " + options.tls_backend, std::string{tls_backend_trouble(options.tls_backend)},
                    exit_usage);
    how_.tls_by = *by;
    read_pass_phrase();
  }

  std::expected<void, fault> check() const {
    const auto good = board::check_tls(chosen_, how_);
    ask_.rethrow();
    return good;
  }
  /// Begins the recording and the key log.
  void record(const run_options& options) {
    std::string keylog = options.keylog;
    if (keylog.empty() && chosen_.tls.enabled && chosen_.tls.debug_level >= 3) {
      std::filesystem::create_directories(how_.storage);
      keylog = (how_.storage / "keys.log").string();
      err() << painted{style::warning, "warning: "} << "tls.debug_level writes the connection's keys to "
            << std::string_view{keylog} << "; who has them can read everything\n";
    }
    if (!keylog.empty()) {
      key_log_.emplace(open_private(keylog, capture::opening::append));
      keys_.add(&*key_log_);
    }
    if (!options.pcapng.empty()) {
      recording_.emplace(open_private(options.pcapng, capture::opening::replace), clock_now());
      how_.observer = &*recording_;
      keys_.add(&*recording_);
    }
    if (!keys_.empty()) how_.keys = &keys_;
  }
  /// The session outlives this run.
  void keep_session() {
    if (chosen_.device.session.empty()) return;
    session_buffer_.resize(session_buffer_bytes);
    session_.emplace(session_buffer_);
    const std::string folder{chosen_.device.session};
    tools::open_file(*session_, folder, static_cast<posix::durability>(chosen_.device.session_durability), true);
    tools::check_head(*session_, folder);
    how_.session = &*session_;
  }
  board::run_result operator()(const device::test_plan* plan) { return asked(board::run(chosen_, how_, plan)); }
  board::run_result compare(const device::test_plan& secure, const device::test_plan& plain) {
    return asked(board::compare(chosen_, how_, secure, plain));
  }
  /// Throws `failure` if less was recorded than went over the wire.
  void check_recordings() const {
    const int keys = key_log_ ? key_log_->error() : 0, packets = recording_ ? recording_->error() : 0;
    if (keys == 0 && packets == 0) return;
    throw failure((packets != 0 ? "the recording" : "the key log") + std::string{" could not be written: "} +
                      std::strerror(packets != 0 ? packets : keys),
                  "make room or write elsewhere");
  }

 private:
  board::run_result asked(board::run_result ended) const {
    ask_.rethrow();
    return ended;
  }

  void read_pass_phrase() {
    const std::string file{chosen_.tls.key_password_file};
    if (file.empty()) return;
    if (chosen_.tls.enabled)
      refuse_needless(file, std::string{chosen_.tls.key.empty() ? chosen_.tls.certificate : chosen_.tls.key},
                      "tls.key_password_file");
    pass_phrase_.emplace(read_passphrase_file(file));
    how_.pass_phrase = as_bytes(pass_phrase_->view());
  }

  /// The recording's time stamps are the system's.
  static wall_clock clock_now();

  static constexpr std::size_t session_buffer_bytes = 256 << 10;
  const device::configuration& chosen_;
  std::vector<std::byte> session_buffer_;
  std::optional<posix::file_storage> session_;
  board::run_choices how_;
  key_passphrase ask_{"the private key of the client certificate", passphrase_from({}, "tls.key_password_file")};
  std::optional<pki::secret> pass_phrase_;
  both keys_;
  std::optional<capture::key_log_file> key_log_;
  std::optional<capture::pcapng_writer> recording_;
};

wall_clock one_run::clock_now() {
  wall_clock clock;
  clock.set(std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()),
            instant{std::chrono::duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch())});
  return clock;
}

int finish(const board::run_result& result, const device::configuration& chosen) {
  out().flush();
  if (is(result.failure, link_error::no_such_interface) && chosen.network.interface.empty())
    throw failure("no interface is named, and none of this host's has an Ethernet address",
                  "name one by --interface, or use this machine's own network: network.mode = \"as-is\"");
  if (result.failure) {
    std::string remedy{chain::remedy_of(result.failure)};
    if (is(result.failure, link_error::not_permitted))
      remedy += ", or use this machine's own network: network.mode = \"as-is\"";
    throw failure(text_of(result.failure), remedy);
  }
  return exit_success;
}

void write_file(const std::filesystem::path& path, const std::string& content) {
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  if (!(file << content) || !file.flush())
    throw failure("'" + path.string() + "' can't be written", "choose another folder with --results");
}

/// Before a measurement, which takes minutes: there must be a place for what it finds.
void check_results_folder(const run_options& options) {
  std::error_code failed;
  std::filesystem::path there = std::filesystem::absolute(options.results, failed);
  while (!std::filesystem::exists(there, failed) && there.has_relative_path()) there = there.parent_path();
  const bool folder = std::filesystem::is_directory(there, failed);
  if (folder && ::access(there.c_str(), W_OK | X_OK) == 0) return;
  throw failure("there can be no results in '" + options.results +
                    "': " + (folder ? std::strerror(errno) : "'" + there.string() + "' is no folder"),
                "choose another folder with --results");
}

/// The tables and files of a measurement.
void write_results(const run_options& options, const device::configuration& chosen,
                   const std::vector<board::series>& all, bool plot) {
  const std::filesystem::path folder{options.results};
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  board::circumstances around;
  around.platform = chosen.device.platform;
  around.broker = chosen.broker.servers.empty() ? "test.mosquitto.org" : std::string{chosen.broker.servers[0]};
  around.version = chosen.broker.version == device::protocol::v5_0 ? "MQTT 5.0" : "MQTT 3.1.1";
  const std::string name = plot ? "comparison" : chosen.tls.enabled ? "test-tls" : "test-plain";
  write_file(folder / (name + ".csv"), board::csv_of(all));
  write_file(folder / (name + ".json"), board::json_of(all, around));
  if (plot) write_file(folder / (name + ".svg"), board::plot_of(all, around));
  out() << "results: " << std::string_view{(folder / (name + ".csv")).string()} << ", "
        << std::string_view{(folder / (name + ".json")).string()};
  if (plot) out() << ", plot: " << std::string_view{(folder / (name + ".svg")).string()};
  out() << '\n';
}

int run_test(const run_options& options, const device::configuration& chosen) {
  check_results_folder(options);
  const std::vector<std::uint32_t> sizes = options.sizes.empty() ? std::vector{chosen.test.bytes} : options.sizes;
  board::test_results results{chosen.tls.enabled};
  device::test_plan plan;
  plan.sizes = sizes, plan.cycles = chosen.test.cycles, plan.log = &results, plan.first_warm_up = 20;
  out() << painted{style::title, "test mode"} << (chosen.tls.enabled ? " with TLS\n" : " without TLS\n");
  one_run measured{options, chosen};
  measured.record(options);
  const int status = finish(measured(&plan), chosen);
  write_results(options, chosen, results.all, false);
  measured.check_recordings();
  return status;
}

int compare(const run_options& options, const device::configuration& chosen) {
  if (!chosen.tls.enabled)
    throw usage_error("a comparison needs tls.enabled = true", "it measures without TLS by itself");
  if (!options.pcapng.empty())
    throw usage_error("--pcapng records one connection, and a comparison has two", "record a run in test mode instead");
  check_results_folder(options);
  board::test_results secure{true}, plain{false};
  device::test_plan plan;
  plan.sizes = options.sizes.empty() ? comparison_sizes : options.sizes;
  plan.cycles = chosen.test.cycles, plan.by_turns = true, plan.first_warm_up = 20;
  device::test_plan with = plan, without = plan;
  with.log = &secure, with.name = "TLS   ", without.log = &plain, without.name = "plain ";
  out() << painted{style::title, "comparison, with and without TLS in turn\n"};
  one_run measured{options, chosen};
  measured.record(options);
  const board::run_result ended = measured.compare(with, without);
  const int status = finish(ended, chosen);
  if (ended.signal != 0) return status;
  std::vector<board::series> all = std::move(secure.all);
  all.insert(all.end(), plain.all.begin(), plain.all.end());
  out() << '\n';
  board::print_ratios(all, out());
  write_results(options, chosen, all, true);
  measured.check_recordings();
  return exit_success;
}

int check(const run_options& options, const board::configuration_file& file) {
  board::explain(file, options.show_secrets, out());
  out().flush();
  if (const auto good = one_run{options, file.values}.check(); !good)
    err() << painted{style::warning, "warning: "} << std::string_view{text_of(good.error())} << "; "
          << chain::remedy_of(good.error()) << '\n';
  return exit_success;
}

/// Options of another use than the one that is asked for.
void refuse_in_vain(const run_options& options) {
  if (options.options && (options.check || options.compare || !options.config.empty() || !options.settings.empty()))
    throw usage_error("--options prints what there is to set, and nothing else", "leave the other options out");
  if (options.check && (!options.keylog.empty() || !options.pcapng.empty()))
    throw usage_error("--check connects to nothing, so there is nothing to record", "leave out --keylog and --pcapng");
  if (options.show_secrets && !options.check)
    throw usage_error("--show-secrets is about what --check explains", "add --check, or leave it out");
}

int run(const run_options& options) {
  refuse_in_vain(options);
  if (options.options) return board::print_options(out()), exit_success;
  if (!options.sizes.empty() && !options.compare && options.button != "held")
    throw usage_error("--sizes is for a measurement", "measure by --button held or --compare, or leave it out");
  if (options.results_given && !options.compare && options.button != "held")
    throw usage_error("--results is for a measurement", "measure by --button held or --compare, or leave it out");
  board::configuration_file file;
  load(options, file);
  if (!options.keylog.empty() && !file.values.tls.enabled)
    throw usage_error("--keylog writes the secrets of TLS, and tls.enabled is false", "leave out the one or the other");
  if (options.set_system_clock && !file.values.ntp.enabled)
    throw usage_error("--set-system-clock sets it by NTP, and ntp.enabled is false", "leave out the one or the other");
  if (options.check) return check(options, file);
  if (!file.values.device.session.empty() && (options.compare || options.button == "held"))
    throw usage_error("device.session keeps the session of the normal mode, and a measurement has none to keep",
                      "leave --session and device.session out");
  if (options.compare) return compare(options, file.values);
  if (options.button == "held" && file.values.test.enabled) return run_test(options, file.values);
  if (options.button == "held")
    err() << painted{style::warning, "warning: "} << "the button is held, but test.enabled is false: normal mode\n";
  one_run normal{options, file.values};
  normal.record(options);
  normal.keep_session();
  const int status = finish(normal(nullptr), file.values);
  normal.check_recordings();
  return status;
}

}  // namespace

void add_run(CLI::App& root) {
  const auto options = std::make_shared<run_options>();
  CLI::App* command = root.add_subcommand("run", "Run the device application: from no address to secure messages");
  command->add_option("-c,--config", options->config, "Configuration in TOML; without one, the defaults");
  command->add_option("-s,--set", options->settings, "One setting, before the file's: section.name=value (repeatable)");
  command->add_option("-i,--interface", options->interface, "Network interface");
  command->add_flag("--check", options->check, "Check and explain the configuration without connecting");
  command->add_flag("--options", options->options, "Print all options of the configuration as a table");
  command->add_option("--button", options->button, "The button while starting: held enters the test mode")
      ->check(CLI::IsMember({"held", "free"}));
  command->add_flag("--compare", options->compare, "Measure with and without TLS over many sizes, and plot it");
  command->add_option("--sizes", options->sizes, "Sizes of the test messages in bytes, instead of test.bytes")
      ->delimiter(',')
      ->check(CLI::Range(1u, device::test_bytes_max));
  command->add_option("--results", options->results, "Folder for what was measured")
      ->capture_default_str()
      ->each([options](const std::string&) { options->results_given = true; });
  command->add_option("--keylog", options->keylog, "Append the secrets of TLS to this file, for Wireshark (mode 0600)");
  command->add_option("--pcapng", options->pcapng, "Record the session, with its secrets, in this file (mode 0600)");
  command->add_option("--storage", options->storage, "Folder for what the device remembers");
  command->add_option("--session", options->session, "Folder in which the session outlives this run; device.session");
  command->add_option("--tls-backend", options->tls_backend, "The library that does TLS")
      ->check(CLI::IsMember({"openssl", "mbedtls"}))
      ->capture_default_str();
  command->add_flag("--show-secrets", options->show_secrets, "Print passwords as they are");
  command->add_flag("--set-system-clock", options->set_system_clock, "Set the system's clock by NTP, too");
  on_run(*command, [options] { return run(*options); });
}

}  // namespace recado::app
