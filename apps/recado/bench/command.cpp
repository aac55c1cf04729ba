// recado bench: how fast a broker and the way to it are.
#include <algorithm>
#include <charconv>
#include <memory>

#include <CLI/CLI.hpp>

#include <recado/mqtt/topic.hpp>

#include "../command.hpp"
#include "../tools/option.hpp"
#include "../tools/topic_words.hpp"
#include "plan.hpp"
#include "report.hpp"

namespace recado::app {
namespace bench {
namespace {

/// The options of recado pub that mean the same here.
constexpr std::string_view options_of_tools[] = {
    "host",     "port",     "url",       "unix",         "mptcp",           "timeout",          "id-prefix",
    "username", "pw",       "pw-file",   "pw-env",       "cafile",          "capath",           "no-tls",
    "cert",     "key",      "ciphers",   "crlfile",      "tls-version",     "tls-alpn",         "tls-keylog",
    "psk",      "insecure", "keepalive", "psk-identity", "passphrase-file", "tls-use-os-certs", "protocol-version"};

/// Those of the way to the broker that are not measured: known, to be refused in words.
constexpr std::string_view refused_options[] = {"ws", "ws-path", "proxy"};

usage_error wrong(const std::string& cause, std::string remedy) { return usage_error(cause, std::move(remedy)); }

/// Without what only the tools know: WebSocket, rr and -D.
std::string help_of(const tools::option& what) {
  if (what.name == "url") return "all at once: mqtt(s)://[user[:password]@]host[:port]/topic";
  if (what.name == "protocol-version") return "5 (mqttv5) or 311 (mqttv311); 311";
  return std::string{what.help};
}

CLI::Option& add_option_of_tools(CLI::App& to, const tools::option& what, const std::shared_ptr<plan>& with) {
  std::string names = what.letter != 0 ? std::string{"-"} + what.letter + "," : std::string{};
  names += "--" + std::string{what.name};
  const auto apply = [with, &what](std::string_view value) {
    try {
      what.apply(with->how, value);
    } catch (const failure& error) {
      throw wrong(error.what(), std::string{error.remedy()});
    }
  };
  if (what.argument.empty()) {
    return *to.add_flag_callback(
        names, [apply] { apply({}); }, help_of(what));
  }
  return *to.add_option_function<std::string>(names, apply, help_of(what))->type_name(std::string{what.argument});
}

void add_options_of_tools(CLI::App& to, const std::shared_ptr<plan>& with) {
  const auto among = [](auto& list, std::string_view name) { return std::ranges::find(list, name) != std::end(list); };
  for (const tools::option& each : tools::options()) {
    if (among(options_of_tools, each.name)) add_option_of_tools(to, each, with);
    if (among(refused_options, each.name)) add_option_of_tools(to, each, with).group("");  // not in the help
  }
}

double positive(const std::string& text, const std::string& name) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || !(value > 0 && value <= 1e9))
    throw wrong("'" + text + "' is no value of " + name, "give a number greater than 0, and at most 1000000000");
  return value;
}

template <class T>
void add_number(CLI::App& to, const std::string& name, std::uint64_t least, std::uint64_t most,
                const std::string& argument, const std::string& help, T& value) {
  to.add_option_function<std::string>(
        name,
        [&value, name, least, most](const std::string& text) {
          std::uint64_t number = 0;
          const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
          if (code != std::errc{} || end != text.data() + text.size() || number < least || number > most)
            throw wrong("'" + text + "' is no value of " + name,
                        "give a number from " + std::to_string(least) + " to " + std::to_string(most));
          if constexpr (requires { value.value(); }) value = number;
          else value = static_cast<T>(number);
        },
        help)
      ->type_name(argument);
}

void add_time(CLI::App& to, const std::string& name, const std::string& help, auto set) {
  to.add_option_function<std::string>(
        name,
        [set, name](const std::string& text) {
          const auto time = std::chrono::duration_cast<duration>(std::chrono::duration<double>{positive(text, name)});
          if (time == duration{}) throw wrong("'" + text + "' is no value of " + name, "give a microsecond or more");
          set(time);
        },
        help)
      ->type_name("SECONDS");
}

void add_amount(CLI::App& to, const std::shared_ptr<plan>& with) {
  const std::string things = with->what == kind::connect ? "connections" : "messages";
  if (with->what != kind::fleet)
    add_number(to, "--count", 1, 1'000'000'000'000, "COUNT", "end after so many " + things, with->count);
  add_time(to, "--duration",
           with->what == kind::fleet ? "end so long after all are connected; 10"
                                     : "end after so long; 10 if no count is given",
           [with](duration time) { with->time = time; });
  if (with->what == kind::receive) return;
  to.add_option_function<std::string>(
        "--rate", [with](const std::string& text) { with->rate = positive(text, "--rate"); },
        with->what == kind::fleet ? "connections that are begun a second; 1000"
                                  : "so many " + things + " a second in all, evenly; as fast as it goes if not given")
      ->type_name("NUMBER");
}

void add_messages_options(CLI::App& to, const std::shared_ptr<plan>& with) {
  to.add_option_function<std::string>(
        "-q,--qos",
        [with](const std::string& text) {
          if (text != "0" && text != "1" && text != "2")
            throw wrong("'" + text + "' is no QoS", "give 0 (at most once), 1 (at least once) or 2 (exactly once)");
          with->how.qos = static_cast<mqtt::qos>(text[0] - '0');
        },
        "0, 1 or 2; 0")
      ->type_name("QOS");
  to.add_option("-t,--topic", with->topic,
                with->what == kind::receive ? "what is subscribed to, with all below it; recado/bench"
                                            : "with several clients each has /NUMBER behind it; recado/bench")
      ->type_name("TOPIC");
  if (with->what == kind::receive) return;
  add_number(to, "--size", with->what == kind::rtt ? 16 : 0, 200'000'000, "BYTES",
             "of the payload; 16, from which on it carries its number and time", with->size);
  if (with->what != kind::fleet)
    add_number(to, "--inflight", 1, 65'534, "COUNT",
               with->what == kind::rtt ? "messages of a client that are on their way at a time; 1, with --rate 1000"
                                       : "messages of QoS 1 and 2 of a client without their answer, at most; 1000",
               with->in_flight);
}

void add_report_options(CLI::App& to, const std::shared_ptr<plan>& with) {
  to.add_option_function<std::vector<std::string>>(
        "--json",
        [with](const std::vector<std::string>& file) {
          with->json = true;
          if (!file.empty() && file[0] != "-" && file[0] != "{}") with->json_file = file[0];
        },
        "the report as JSON, to a file or standard output")
      ->type_name("FILE")
      ->expected(0, 1);
}

void check_topic(const plan& what) {
  if (what.what == kind::connect) return;
  if (what.what == kind::receive) {
    if (!mqtt::check_topic_filter(what.topic, what.how.version.value_or(mqtt::version::v3_1_1)))
      throw wrong("'" + what.topic + "' is not a valid topic filter",
                  "+ stands for one whole level and # for the rest");
    return;
  }
  if (const auto valid = mqtt::check_topic_name(what.topic); !valid)
    throw wrong("'" + what.topic + "' is not a valid topic to publish to: " + std::string{words(valid.error())},
                std::string{tools::remedy_of_topic(valid.error())});
}

void settle(plan& what) {
  using namespace std::chrono_literals;
  if (!what.how.topics.empty()) what.topic = what.how.topics.front();  // of --url
  if (what.how.websocket) throw wrong("WebSocket is not measured", "leave out --ws, and give mqtt:// or mqtts://");
  if (what.how.via) throw wrong("the way through a proxy is not measured", "leave out --proxy: measure from beyond it");
  if (what.count && what.time) throw wrong("--count and --duration are both given", "give one of them");
  if (!what.count && !what.time) what.time = 10s;
  if (what.in_flight != 0 && what.what == kind::publish && what.how.qos == mqtt::qos::at_most_once)
    throw wrong("--inflight is about messages of QoS 1 and 2, and QoS 0 has no answers", "add -q 1, or leave it out");
  if (what.what == kind::connect && !what.how.topics.empty())
    throw wrong("connect publishes nothing, and the URL has a topic", "leave the topic out");
  if (what.in_flight == 0) what.in_flight = what.what == kind::rtt && what.rate == 0 ? 1 : 1000;
  if (what.what == kind::fleet && what.rate == 0) what.rate = 1000;
  if (what.resume && what.what == kind::connect && !what.how.secure && what.how.port != 8883)
    throw wrong("--resume is about sessions of TLS, and TLS is not asked for", "add --cafile FILE");
  if (what.how.password && !what.how.user_name && !what.how.version_5())
    throw wrong("MQTT 3.1.1 has no password without a user name", "add -u NAME, or -V 5");
  check_topic(what);
  try {
    tools::check_tls(what.how);
    tools::check_route(what.how);
    tools::check_unix(what.how);
  } catch (const failure& error) {
    throw wrong(error.what(), std::string{error.remedy()});
  }
}

CLI::App& add_leaf(CLI::App& to, kind which, const std::string& help, int (*run)(const plan&),
                   const std::shared_ptr<plan>& with) {
  with->what = which;
  CLI::App& leaf = *to.add_subcommand(std::string{name_of(which)}, help);
  leaf.set_help_flag("--help", "Print this help and exit");
  add_amount(leaf, with);
  if (which != kind::connect) add_messages_options(leaf, with);
  const std::uint64_t most = which == kind::fleet ? 1'000'000 : 10'000;
  add_number(leaf, "--clients", 1, most, "COUNT",
             which == kind::connect ? "connections that are begun at a time; 1"
             : which == kind::fleet ? "devices; 1000"
                                    : "connections; 1",
             with->clients);
  add_report_options(leaf, with);
  add_options_of_tools(leaf, with);
  on_run(leaf, [with, run] {
    settle(*with);
    check_report(*with);
    return run(*with);
  });
  return leaf;
}

}  // namespace
}  // namespace bench

void add_bench(CLI::App& root) {
  using namespace bench;
  CLI::App& command = *root.add_subcommand("bench", "Measure a broker: messages and connections a second, latency");
  command.require_subcommand(0, 1);
  add_leaf(command, kind::publish, "Publish as fast as it goes, or at a rate", measure_traffic,
           std::make_shared<plan>());
  add_leaf(command, kind::receive, "Subscribe and count what 'recado bench publish' sends", measure_traffic,
           std::make_shared<plan>());
  add_leaf(command, kind::rtt, "Publish and receive the same messages: their time through the broker", measure_traffic,
           std::make_shared<plan>());
  const auto with = std::make_shared<plan>();
  add_leaf(command, kind::connect, "Connect again and again: connections a second", measure_connects, with)
      .add_flag("--resume", with->resume, "resume the TLS session of an earlier connection");
  const auto devices = std::make_shared<plan>();
  devices->clients = 1000;
  add_time(add_leaf(command, kind::fleet, "Many devices in one process, each publishing now and then", measure_fleet,
                    devices),
           "--interval", "between two messages of a device; 60",
           [devices](duration time) { devices->interval = time; });
}

}  // namespace recado::app
