#include "beside_mosquitto_for_tests.hpp"

#include <algorithm>
#include <filesystem>
#include <future>
#include <regex>
#include <sstream>

namespace recado::app::tools::test {

using recado::test::program_run;
using recado::test::scripted_broker;
using recado::test::serves;

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> result;
  bool within = false, open = false;
  for (const char c : line) {
    if (c == '\'') {
      within = !within;
      if (!open) result.emplace_back(), open = true;
    } else if (c == ' ' && !within) {
      open = false;
    } else {
      if (!open) result.emplace_back(), open = true;
      result.back() += c;
    }
  }
  return result;
}

std::string folder() {
  std::filesystem::create_directories(RECADO_TEST_FOLDER);
  return RECADO_TEST_FOLDER;
}

namespace {

std::string replaced(std::string text, std::string_view what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

/// The properties at the front of `rest` in an order that doesn't depend on how they were given; user properties keep
/// theirs. Their order has a meaning only among user properties (MQTT 5.0 §3.1.2.11.8).
std::string sorted_properties(std::string_view& rest) {
  const std::size_t size = static_cast<unsigned char>(rest[0]);  // one byte is enough for the rows
  std::string_view list = rest.substr(1, size);
  std::vector<std::string> each, user;
  while (!list.empty()) {
    const int id = list[0];
    const auto text = [&](std::size_t at) { return at + 2 + recado::test::number_at(list.substr(at)); };
    std::size_t length = 0;
    if (id == 0x01 || id == 0x17 || id == 0x19) length = 2;
    else if (id == 0x21 || id == 0x22) length = 3;
    else if (id == 0x02 || id == 0x11 || id == 0x18 || id == 0x27) length = 5;
    else length = id == 0x26 ? text(text(1)) : text(1);
    (id == 0x26 ? user : each).emplace_back(list.substr(0, length));
    list.remove_prefix(length);
  }
  std::ranges::sort(each);
  std::string result{rest[0]};
  for (const auto& one : each) result += one;
  for (const auto& one : user) result += one;
  rest.remove_prefix(1 + size);
  return result;
}

std::string normal_connect(const std::string& packet) {
  std::string_view rest = recado::test::packet_body(packet);
  if (rest[6] != 5) return packet;
  std::string body{rest.substr(0, 10)};
  rest.remove_prefix(10);
  body += sorted_properties(rest);
  return recado::test::packet(0x10, body.append(rest));
}

std::string hex(std::string_view data, bool any_order = false) {
  std::vector<std::string> lines;
  for (const std::string& packet : recado::test::packets_of(data)) {
    std::string& line = lines.emplace_back();
    for (const char c : packet[0] == 0x10 ? normal_connect(packet) : packet) {
      char two[4];
      std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
      line += two;
    }
  }
  if (any_order) std::ranges::sort(lines);
  std::string result;
  for (const std::string& line : lines) result += line + "\n";
  return result;
}

/// The end of the identifier that is the process number becomes PID.
std::string without_pid(const std::string& wire, pid_t process) {
  std::vector<std::string> packets = recado::test::packets_of(wire);
  std::string result;
  for (std::string& one : packets) {
    if (one[0] == 0x10)
      one = recado::test::packet(0x10,
                                 replaced(std::string{recado::test::packet_body(one)}, std::to_string(process), "PID"));
    result += one;
  }
  return result;
}

std::string normal_output(std::string text, const row& what) {
  if (text.starts_with("mosquitto_" + std::string{what.program} + " is a")) return {};  // its usage: ours is an error
  static const std::regex stamp{"\"tst\":(\\t?)\"[^\"]*\""};
  text = std::regex_replace(text, stamp, "\"tst\":$1\"TIME\"");
  if (what.any_digits)
    for (char& c : text)
      if (c >= '0' && c <= '9') c = '0';
  return text;
}

}  // namespace

ending run(const std::string& program, const row& what) {
  scripted_broker broker{{{serves(what.broker)}}};
  const std::string port = std::to_string(broker.port());
  program_run how;
  how.command = program_run{{program}}.command;
  if (program == RECADO_PROGRAM) how.command.emplace_back(what.program);
  if (!what.alone) how.command.insert(how.command.end(), {"-h", "127.0.0.1", "-p", port});
  for (const std::string& word : words_of(what.arguments))
    how.command.push_back(replaced(replaced(word, "PORT", port), "FOLDER", folder()));
  how.input = what.input;
  how.environment = {"TZ=Europe/Madrid", "PATH=/usr/bin:/bin"};
  for (const std::string_view each : what.environment)
    how.environment.push_back(replaced(std::string{each}, "FOLDER", folder()));
  ending result{how(), {}, 0};
  if (result.run.status == 0 || broker.connections() != 0) broker.played(1);
  broker.finish();
  result.connections = broker.connections();
  for (std::size_t i = 0; i < result.connections; ++i) result.wire += broker.heard(i);
  if (what.pid_in_id) result.wire = without_pid(result.wire, result.run.process);
  result.run.out = normal_output(result.run.out, what);
  return result;
}

namespace {

/// mosquitto's clients often end without DISCONNECT; ours say goodbye wherever that is possible.
std::string with_goodbye(const std::string& there, const std::string& here) {
  const bool missing = here.ends_with("e000\n") && !there.ends_with("e000\n") && !there.ends_with("e00104\n");
  return missing ? there + "e000\n" : there;
}

std::string sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::ranges::sort(lines);
  std::string result;
  for (const auto& line : lines) result += line + '\n';
  return result;
}

void compare_wire(const ending& here, const ending& there, const row& what) {
  const std::string seen = hex(here.wire, what.any_order);
  if (what.wire) {
    EXPECT_EQ(seen, std::string{*what.wire}.append(what.wire->empty() ? "" : "\n"));
  } else {
    EXPECT_EQ(seen, with_goodbye(hex(there.wire, what.any_order), seen));
    EXPECT_EQ(here.connections, there.connections);
  }
}

}  // namespace

void compare(std::span<const row> table) {
  for (const row& each : table) {
    SCOPED_TRACE(std::string{each.program} + " " + std::string{each.arguments});
    std::future<ending> real;
    if (!each.not_there)
      real =
          std::async(std::launch::async, [&] { return run("/usr/bin/mosquitto_" + std::string{each.program}, each); });
    const ending here = run(RECADO_PROGRAM, each);
    const ending there = each.not_there ? ending{} : real.get();
    if (!each.other_wire) compare_wire(here, there, each);
    const std::string out = each.output ? std::string{*each.output} : there.run.out;
    if (each.any_order) {
      EXPECT_EQ(sorted_lines(here.run.out), sorted_lines(out));
    } else {
      EXPECT_EQ(here.run.out, out);
    }
    EXPECT_EQ(here.run.status, each.status.value_or(there.run.status))
        << "recado says: " << here.run.err << "mosquitto says: " << there.run.err << there.run.out.substr(0, 200);
    if (here.run.status != 0) {
      EXPECT_FALSE(here.run.err.empty());
    }
  }
}

}  // namespace recado::app::tools::test
