// recado session: what lies in the folder of --session.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/loop.hpp>

#include <unistd.h>

#include "command.hpp"
#include "console.hpp"
#include "tools/input_position.hpp"
#include "tools/json.hpp"
#include "tools/kept_session.hpp"
#include "tools/outcome.hpp"

namespace recado::app {
namespace session_command {
namespace {

using tools::kept_session;

struct options {
  std::string folder;
  bool json = false;
  bool input_only = false;
  std::size_t messages = 1000;
};

std::string_view durability_name(posix::durability how) {
  return how == posix::durability::none ? "none" : how == posix::durability::flush ? "flush" : "fsync";
}

/// Calls `tell` with each message whose exchange isn't over.
template <class Tell>
void each_message(kept_session& kept, Tell&& tell) {
  std::uint32_t from = 0;
  while (const auto one = kept.store().next_message(from)) tell(*one);
  from = 0;
  while (const auto one = kept.store().next_released(from)) tell(*one);
}

/// The packet that a message waits for; of one that the broker has lost, "report": the next run tells of it.
std::string_view awaited_by(const chain::stored_message& one) {
  if (one.lost) return "report";
  return one.released ? "PUBCOMP" : one.qos == mqtt::qos::at_least_once ? "PUBACK" : "PUBREC";
}

/// Calls `tell` with each message that waits for a connection.
template <class Tell>
void each_held(kept_session& kept, Tell&& tell) {
  std::optional<std::uint32_t> number;
  for (std::uint32_t from = 0; (number = kept.store().next_held(from)); from = *number + 1)
    if (const auto one = kept.store().head_of_held(*number)) tell(*one);
}

void show_as_json(kept_session& kept) {
  tools::json to;
  const auto number = [&](std::string_view name, std::uint64_t value) { to.key(name).word(std::to_string(value)); };
  to.open('{');
  if (const auto& known = kept.known()) {
    to.key("client_identifier").string(known->client_identifier);
    to.key("version").word(known->version == mqtt::version::v5_0 ? "5" : "311");
    number("session_expiry_s", known->session_expiry_s);
    number("places", known->places);
  }
  const chain::stored_counts counts = kept.store().counts();
  number("received", counts.received);
  number("held", counts.held);
  to.key("messages").open('[');
  each_message(kept, [&](const chain::stored_message& one) {
    to.open('{');
    number("line", one.label);
    number("packet_identifier", one.identifier);
    number("qos", static_cast<unsigned>(one.qos));
    to.key("waits_for").string(awaited_by(one));
    number("bytes", one.size);
    to.close('}');
  });
  each_held(kept, [&](const chain::held_message& one) {
    to.open('{');
    number("line", one.label);
    number("qos", static_cast<unsigned>(one.qos));
    to.key("waits_for").string("connection");
    number("bytes", one.size());
    to.close('}');
  });
  to.close(']').key("subscriptions").open('[');
  std::vector<std::byte> space(65'535);
  for (std::uint32_t from = 0; const auto one = kept.store().next_subscription(from, space);) {
    to.open('{').key("filter").string(one->what.filter);
    number("qos", static_cast<unsigned>(one->what.qos));
    to.close('}');
    from = one->number + 1;
  }
  to.close(']').key("note").open('[');
  to.word(std::to_string(kept.store().last_note().first)).word(std::to_string(kept.store().last_note().second));
  to.close(']');
  if (const auto at = tools::input_position_of(kept.position(tools::noted::input))) {
    to.key("input").open('{');
    number("line", at->line);
    number("topic", at->topic);
    to.key("ended").word(at->ended ? "true" : "false");
    to.close('}');
  }
  number("live_bytes", kept.records().live_bytes());
  number("live_bytes_max", kept.records().live_bytes_max());
  to.key("torn").word(kept.report().torn ? "true" : "false");
  number("entries_lost", kept.report().records_lost);
  number("parts_lost", kept.report().sectors_lost);
  to.close('}');
  out() << to.text() << '\n';
}

int show(const options& from) {
  kept_session kept{from.folder, posix::durability::flush, false};
  if (from.json) return show_as_json(kept), exit_success;
  const chain::stored_counts counts = kept.store().counts();
  if (const auto& known = kept.known())
    out() << "client     " << tools::printable(known->client_identifier) << ", " << words(known->version) << '\n';
  else out() << "client     was never connected\n";
  out() << "published  " << std::to_string(counts.messages) << " wait for PUBACK or PUBREC, "
        << std::to_string(counts.released) << " for PUBCOMP\n"
        << "received   " << std::to_string(counts.received) << " of QoS 2 wait for PUBREL\n"
        << "waiting    " << std::to_string(counts.held) << " for a connection\n"
        << "subscribed " << counted(counts.subscriptions, "filter", "filters") << '\n';
  if (const auto at = tools::input_position_of(kept.position(tools::noted::input)))
    out() << "input      " << counted(at->line, "line was", "lines were") << " taken, "
          << (at->ended ? "all that there were" : "the next run goes on behind them") << '\n';
  if (const std::string damage = tools::damage_of(kept.report()); !damage.empty())
    out() << painted{style::bad, "damaged"} << "    " << std::string_view{damage} << '\n';
  out() << "room       " << std::to_string(kept.records().live_bytes()) << " of "
        << std::to_string(kept.records().live_bytes_max()) << " bytes are in use\n";
  each_message(kept, [](const chain::stored_message& one) {
    out() << "  line " << std::to_string(one.label) << ": QoS " << std::to_string(static_cast<int>(one.qos))
          << ", packet identifier " << std::to_string(one.identifier) << ", "
          << (one.lost       ? "lost with the broker's session, which the next run says"
              : one.released ? "waits for PUBCOMP"
                             : std::to_string(one.size) + " bytes")
          << '\n';
  });
  each_held(kept, [](const chain::held_message& one) {
    out() << "  line " << std::to_string(one.label) << ": QoS " << std::to_string(static_cast<int>(one.qos))
          << ", waits for a connection, " << std::to_string(one.size()) << " bytes\n";
  });
  return exit_success;
}

int check(const options& from) {
  kept_session kept{from.folder, posix::durability::flush, false};
  if (const std::string damage = tools::damage_of(kept.report()); !damage.empty())
    throw failure("the session in " + from.folder + ": " + damage,
                  "go on with it all the same, or begin anew by 'recado session clear'");
  out() << painted{style::good, "whole"} << ": " << counted(kept.records().records(), "entry", "entries") << " in "
        << counted(kept.report().sectors_read, "part", "parts")
        << (kept.report().torn ? "; what was written last was interrupted or damaged and doesn't count" : "") << '\n';
  return exit_success;
}

int clear(const options& from) {
  if (from.input_only) {
    kept_session kept{from.folder, posix::durability::fsync, false};
    if (!kept.forget_input() || !kept.records().sync())
      throw failure("the session in " + from.folder + ": " + kept.cause(), kept.remedy());
    out() << painted{style::good, "cleared"} << ": the next input begins at its first line; the session stays\n";
    return exit_success;
  }
  kept_session::clear(from.folder);
  out() << painted{style::good, "cleared"} << ": the broker may still have its side of the session\n";
  return exit_success;
}

/// What a message costs.
struct cost {
  double microseconds = 0;
  double syncs = 0;
};

/// A folder for a while: it goes also behind a failure, and behind a signal.
class passing_folder {
 public:
  explicit passing_folder(std::filesystem::path where) : path(std::move(where)) {
    if (!loop_.open() || !signals_.open(loop_, {SIGINT, SIGTERM, SIGHUP}))
      throw failure("no signals can be waited for", "see how many files may be open: ulimit -n");
  }
  ~passing_folder() { empty(); }
  passing_folder(const passing_folder&) = delete;
  passing_folder& operator=(const passing_folder&) = delete;

  void empty() {
    std::error_code none;
    std::filesystem::remove_all(path, none);
  }
  void end_if_interrupted() {
    if (const auto number = signals_.next()) throw failure("interrupted before all was measured", {}, 128 + *number);
  }

  const std::filesystem::path path;

 private:
  posix::loop loop_;
  posix::signals signals_;
};

/// A message of 100 bytes and its end, `group` of them for one commit.
cost cost_of(passing_folder& folder, posix::durability how, std::size_t messages, std::size_t group) {
  constexpr std::size_t look_after = 64;  // messages: often enough for a slow disk, and too seldom to be measured
  folder.empty();
  kept_session kept{folder.path.string(), how, true};
  const std::string text(100, 'x');
  const bytes pieces[] = {as_bytes(text)};
  const instant begun = posix::now();
  for (std::size_t i = 0; i < messages; ++i) {
    if (i % look_after == 0) folder.end_if_interrupted();
    const auto number = static_cast<std::uint32_t>(i);
    const bool good = kept.records().put({1, number}, pieces).has_value() &&
                      kept.records().remove({1, number}).has_value() &&
                      ((i + 1) % group != 0 || kept.records().sync().has_value());
    if (!good)
      throw failure("the folder " + folder.path.string() + " cannot be written", "check the disk and its room");
  }
  const auto count = static_cast<double>(messages);
  return {static_cast<double>((posix::now() - begun).count()) / count,
          static_cast<double>(kept.records().counts().syncs) / count};
}

constexpr std::size_t rounds = 5;
constexpr std::size_t groups[] = {1, 10, 100};
constexpr posix::durability durabilities[] = {posix::durability::none, posix::durability::flush,
                                              posix::durability::fsync};

/// The same several times, in turn: what disturbs one disturbs all.
struct figure {
  std::array<double, rounds> times{};
  double syncs = 0;
};
using figures = std::array<std::array<figure, std::size(groups)>, std::size(durabilities)>;

figures measured(passing_folder&& folder, std::size_t messages) {
  figures result;
  for (std::size_t round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < std::size(durabilities); ++i)
      for (std::size_t j = 0; j < std::size(groups); ++j) {
        const cost one = cost_of(folder, durabilities[i], messages, groups[j]);
        result[i][j].times[round] = one.microseconds;
        result[i][j].syncs = one.syncs;
      }
  return result;
}

template <class... Values>
std::string formatted(const char* as, Values... values) {
  char text[64];
  std::snprintf(text, sizeof text, as, values...);
  return text;
}

void print_row(std::string_view name, const std::array<std::string, std::size(groups)>& cells) {
  out() << formatted("%-16s", std::string{name}.c_str());
  for (const std::string& each : cells) out() << formatted("%26s", each.c_str());
  out() << '\n';
}

int measure(const options& from) {
  if (!std::filesystem::is_directory(from.folder))
    throw failure("there is no folder " + from.folder + " to measure in", "name one on the disk that is meant");
  const std::string own = "recado-measure-" + std::to_string(::getpid());
  figures all = measured(passing_folder{std::filesystem::path{from.folder} / own}, from.messages);
  out() << "microseconds for a message of 100 bytes, put and removed: the median of " << std::to_string(rounds)
        << " rounds (the least - the most)\n";
  print_row("one commit for", {"1 message", "10 messages", "100 messages"});
  for (std::size_t i = 0; i < std::size(durabilities); ++i) {
    std::array<std::string, std::size(groups)> cells;
    for (std::size_t j = 0; j < std::size(groups); ++j) {
      auto& times = all[i][j].times;
      std::ranges::sort(times);
      cells[j] = formatted("%.2f (%.2f - %.2f)", times[rounds / 2], times.front(), times.back());
    }
    print_row(durability_name(durabilities[i]), cells);
  }
  std::array<std::string, std::size(groups)> syncs;
  for (std::size_t j = 0; j < std::size(groups); ++j) syncs[j] = formatted("%.3f", all.back()[j].syncs);
  print_row("syncs", syncs);
  return exit_success;
}

void add_leaf(CLI::App& session, const char* name, const char* what, int (*run)(const options&)) {
  auto to = std::make_shared<options>();
  CLI::App& leaf = *session.add_subcommand(name, what);
  leaf.add_option("DIR", to->folder, "The folder that --session names")->required();
  if (run == show) leaf.add_flag("--json", to->json, "As JSON, each message with the line of the input it came from");
  if (run == clear)
    leaf.add_flag("--input", to->input_only, "Forget only how much of the input of 'recado pub -l' was taken");
  if (run == measure)
    leaf.add_option("--messages", to->messages, "How many are written for each figure")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000'000));
  on_run(leaf, [to, run] { return run(*to); });
}

}  // namespace
}  // namespace session_command

void add_session(CLI::App& root) {
  using namespace session_command;
  CLI::App& session = *root.add_subcommand("session", "Sessions that survive: what --session keeps in a folder");
  session.require_subcommand(0, 1);
  add_leaf(session, "show", "What is on its way, received and subscribed", show);
  add_leaf(session, "check", "Whether it is whole; if not, what is lost", check);
  add_leaf(session, "clear", "Forget everything in it", clear);
  add_leaf(session, "measure", "What a message costs with each durability on that disk", measure);
}

}  // namespace recado::app
