// A tool run against a scripted broker: how it ended, and what the broker heard.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <tests/support/program_run.hpp>
#include <tests/support/scripted_broker.hpp>

#include "words_for_tests.hpp"

namespace recado::test {

using namespace std::string_literals;

/// What a run printed, and what its broker heard.
struct ended {
  program_run::result done;
  std::vector<std::vector<std::string>> heard;  // packets of each connection
};

/// Runs a tool (the first argument) against a broker that plays `scripts`.
inline ended play(std::vector<script> scripts, const words& arguments, const std::string& input = {}) {
  const std::size_t count = scripts.size();
  scripted_broker broker{std::move(scripts)};
  words command{RECADO_PROGRAM, arguments[0], "-h", "127.0.0.1", "-p", std::to_string(broker.port())};
  command.insert(command.end(), arguments.begin() + 1, arguments.end());
  ended result{program_run{command, input}(), {}};
  broker.finish();
  for (std::size_t i = 0; i < std::max(count, broker.connections()); ++i) result.heard.push_back(broker.packets(i));
  return result;
}

/// It failed so, and one line on standard error says all of it.
inline void expect_line(const program_run::result& done, int status, const words& said) {
  EXPECT_EQ(done.status, status) << done.err;
  EXPECT_EQ(std::ranges::count(done.err, '\n'), 1) << done.err;
  for (const std::string& each : said) EXPECT_THAT(done.err, testing::HasSubstr(each));
}

inline const step connack = says("\x20\2\0\0"s);
inline const step connack_5 = says("\x20\3\0\0\0"s);
/// An acknowledgement with the identifier of the packet that was heard last.
inline step acknowledges(int first, const std::string& more = {}) {
  return says([=](const std::string& last) { return packet(first, identifier_in(last) + more); });
}

}  // namespace recado::test
