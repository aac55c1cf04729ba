#include "report.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>

#include <sys/resource.h>

#include "../command.hpp"
#include "../console.hpp"
#include "../tools/json.hpp"
#include "link.hpp"

namespace recado::app::bench {
namespace {

constexpr struct {
  const char* name;
  double share;
} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1}};

double seconds_of(duration time) { return std::chrono::duration<double>{time}.count(); }

double a_second(const findings& found) {
  return found.time > duration{} ? static_cast<double>(found.messages) / seconds_of(found.time) : 0;
}

double cpu_a_million(const findings& found) {
  return found.messages == 0 ? 0 : seconds_of(found.cpu) * 1e6 / static_cast<double>(found.messages);
}

std::string rounded(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

/// As it was given, however small.
std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, std::end(text), value).ptr};
}

std::uint64_t value_of(const histogram& from, double share) { return share >= 1 ? from.most() : from.quantile(share); }

int qos_of(const plan& what, const findings& found) {
  return static_cast<int>(std::min(what.how.qos, found.granted.value_or(what.how.qos)));
}

std::string amount(std::uint64_t number, const std::string& thing) {
  return grouped(number) + " " + thing + (number == 1 ? "" : "s");
}

std::string things(const plan& what, const findings& found) {
  if (what.what == kind::connect) return amount(found.messages, "connection");
  return amount(found.messages, "message") + " of " + amount(found.size, "byte") + " (QoS " +
         std::to_string(qos_of(what, found)) + ")";
}

std::string line_of(const plan& what, const findings& found) {
  std::string text = things(what, found) + " in " + rounded(seconds_of(found.time), 3) +
                     " s: " + grouped(static_cast<std::uint64_t>(a_second(found) + 0.5)) + " a second, " +
                     rounded(cpu_a_million(found), 3) + " s of CPU a million";
  if (found.latency != nullptr && found.latency->total() != 0) {
    text += "; " + found.latency_of + " in µs:";
    for (const auto& each : quantiles)
      text += std::string{" "} + each.name + " " + grouped(value_of(*found.latency, each.share));
  }
  const auto add = [&](const char* name, const std::optional<std::uint64_t>& number) {
    if (number) text += std::string{"; "} + name + " " + grouped(*number);
  };
  add("lost", found.lost), add("duplicated", found.duplicated), add("out of order", found.out_of_order);
  if (found.refused.value_or(0) != 0) add("refused", found.refused);
  if (found.foreign.value_or(0) != 0) add("of others", found.foreign);
  add("resumed", found.resumed), add("connections lost", found.connections_lost);
  add("reconnections", found.reconnections);
  if (found.memory_bytes_per_connection)
    text += "; " + rounded(*found.memory_bytes_per_connection, 0) + " bytes of memory a connection";
  return text + "\n";
}

class object {
 public:
  object() { json_.open('{'); }
  void text(const char* name, std::string_view value) { json_.key(name).string(value); }
  void word(const char* name, const std::string& value) { json_.key(name).word(value); }
  void number(const char* name, std::uint64_t value) { word(name, std::to_string(value)); }
  void number(const char* name, double value, int digits) { word(name, rounded(value, digits)); }
  void maybe(const char* name, const std::optional<std::uint64_t>& value) {
    word(name, value ? std::to_string(*value) : "null");
  }
  void latency(const histogram* from) {
    if (from == nullptr || from->total() == 0) return word("latency_us", "null");
    json_.key("latency_us").open('{');
    for (const auto& each : quantiles) number(each.name, value_of(*from, each.share));
    json_.close('}');
  }
  std::string done() { return json_.close('}').text() + "\n"; }

 private:
  tools::json json_;
};

void add_plan(object& to, const plan& what, const findings& found) {
  to.text("command", name_of(what.what));
  to.text("broker", what.how.place());
  to.word("tls", what.how.secure ? "true" : "false");
  to.text("version", what.how.version_5() ? "5.0" : "3.1.1");
  to.word("qos", std::to_string(qos_of(what, found)));
  to.number("clients", std::uint64_t{what.clients});
  to.word("inflight", what.publishes() ? std::to_string(what.in_flight) : "null");
  to.word("rate", what.rate == 0 ? "null" : shortest(what.rate));
}

std::string json_of(const plan& what, const findings& found) {
  object to;
  add_plan(to, what, found);
  const bool connects = what.what == kind::connect;
  to.number(connects ? "connections" : "messages", found.messages);
  if (!connects) to.number("size", found.size);
  to.number("seconds", seconds_of(found.time), 6);
  if (connects) to.number("connections_per_second", a_second(found), 3);
  to.word("messages_per_second", connects ? "null" : rounded(a_second(found), 3));
  to.number("cpu_seconds_per_million", cpu_a_million(found), 6);
  to.latency(found.latency);
  to.maybe("lost", found.lost), to.maybe("duplicated", found.duplicated);
  to.maybe("out_of_order", found.out_of_order);
  to.maybe("refused", found.refused), to.maybe("foreign", found.foreign);
  if (connects) to.maybe("resumed", found.resumed);
  if (what.what == kind::fleet) {
    to.maybe("connections_lost", found.connections_lost), to.maybe("reconnections", found.reconnections);
    to.word("memory_bytes_per_connection",
            found.memory_bytes_per_connection ? rounded(*found.memory_bytes_per_connection, 1) : "null");
  }
  return to.done();
}

}  // namespace

std::string_view name_of(kind which) {
  static constexpr std::string_view names[] = {"publish", "receive", "rtt", "connect", "fleet"};
  return names[static_cast<std::size_t>(which)];
}

duration processor_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

namespace {

failure unwritten(const plan& what) {
  return failure("the report could not be written to '" + what.json_file + "'", "check the folder and disk");
}

}  // namespace

void check_report(const plan& what) {
  if (!what.json_file.empty() && !std::ofstream{what.json_file, std::ios::app}) throw unwritten(what);
}

void report(const plan& what, const findings& found) {
  const bool json_here = what.json && what.json_file.empty();
  const std::string line = line_of(what, found);
  (json_here ? err() : out()) << std::string_view{line};
  if (json_here) out() << std::string_view{json_of(what, found)};
  if (what.json_file.empty()) return;
  std::ofstream file{what.json_file};
  file << json_of(what, found);
  file.close();
  if (!file) throw unwritten(what);
}

void progress_bar::show(std::uint64_t done, duration since, instant now) {
  if (now < next_ || !err().is_terminal()) return;
  constexpr int width = 30;
  const double share = what_.count  ? static_cast<double>(done) / static_cast<double>(*what_.count)
                       : what_.time ? seconds_of(since) / seconds_of(*what_.time)
                                    : 0;
  const double pace =
      last_ == instant{} ? 0 : static_cast<double>(done - last_done_) / std::max(1e-6, seconds_of(now - last_));
  const int filled = static_cast<int>(std::min(share, 1.0) * width);
  const std::string bar = what_.count || what_.time
                              ? "[" + std::string(static_cast<std::size_t>(filled), '=') +
                                    std::string(static_cast<std::size_t>(width - filled), ' ') + "] "
                              : std::string{};
  const std::string text =
      "\r\x1b[K" + bar + grouped(done) + ", " + grouped(static_cast<std::uint64_t>(pace)) + " a second";
  err() << std::string_view{text};
  err().flush();
  last_ = now, last_done_ = done, next_ = now + std::chrono::milliseconds{250}, shown_ = true;
}

void progress_bar::clear() {
  if (!shown_) return;
  err() << "\r\x1b[K";
  err().flush();
  shown_ = false;
}

}  // namespace recado::app::bench
