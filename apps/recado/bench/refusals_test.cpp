// recado bench where it can't go on, and where it refuses to begin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tests/support/program_run.hpp>
#include <tests/support/scripted_broker.hpp>

namespace recado::test {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using words = std::vector<std::string>;

program_run::result bench(words options) {
  options.insert(options.begin(), {RECADO_PROGRAM, "bench"});
  return program_run{.command = options}();
}

/// It had gone on for the time-out of each connection, and said nothing.
TEST(bench_connect, says_that_the_broker_does_not_end_connections) {
  scripted_broker broker{{{hears(connect_type), says("\x20\x02\0\0"s), hears(disconnect_type),  //
                           stays(std::chrono::minutes{2})}}};
  const auto done = bench({"connect", "--count", "5", "--timeout", "0.1", "--host", "127.0.0.1", "--port",
                           std::to_string(broker.port()), "--json"});
  EXPECT_EQ(done.status, 27) << done.err;
  EXPECT_THAT(done.err, HasSubstr("1 connection in "));
  EXPECT_THAT(done.err, HasSubstr("the broker did not end a connection within 0.1 s of DISCONNECT, and the next one "
                                  "waits for that; see the broker's log"));
  EXPECT_THAT(done.out, HasSubstr("\"connections\":1,"));
}

TEST(bench_command, refuses_what_can_have_no_effect) {
  const std::pair<words, const char*> rows[] = {
      {{"publish", "--inflight", "5"}, "QoS 0 has no answers; add -q 1, or leave it out"},
      {{"connect", "-L", "mqtt://127.0.0.1/topic"}, "connect publishes nothing, and the URL has a topic; leave the"},
      {{"publish", "--passphrase-file", "x"}, "--passphrase-file opens the key of --cert, and none is given"}};
  for (const auto& [options, says] : rows) {
    const auto done = bench(options);
    EXPECT_EQ(done.status, 2) << done.err;
    EXPECT_THAT(done.err, HasSubstr(says));
  }
}

TEST(bench_command, helps_with_nothing_that_it_refuses) {
  for (const char* leaf : {"publish", "receive", "rtt", "connect", "fleet"}) {
    const auto help = bench({leaf, "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, HasSubstr("--protocol-version VERSION"));
    for (const char* not_here : {"WebSocket", "ws(s)", " -D", " rr "})
      EXPECT_THAT(help.out, testing::Not(HasSubstr(not_here))) << leaf;
  }
}

/// Its remedy had named an option of recado pub.
TEST(bench_command, says_who_knows_what_a_port_speaks) {
  scripted_broker broker{{{hears(connect_type), says("HTTP/1.1 400 Bad Request\r\n\r\n"), waits_for_end()}}};
  const auto done = bench({"publish", "--port", std::to_string(broker.port()), "--count", "1"});
  EXPECT_EQ(done.status, 21) << done.err;
  EXPECT_THAT(done.err, HasSubstr("; check that it is an MQTT broker: 'recado pub' with the same options says"));
}

/// A measurement may take hours, and its report would be lost.
TEST(bench_command, measures_nothing_for_a_report_that_cannot_be_written) {
  const auto done = bench({"publish", "--port", "1", "--json", "/nowhere/report"});
  EXPECT_EQ(done.status, 1) << done.err;
  EXPECT_THAT(done.err, HasSubstr("the report could not be written to '/nowhere/report'; check the folder"));
}

}  // namespace
}  // namespace recado::test
