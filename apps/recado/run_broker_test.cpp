// recado run against a scripted broker: reasons that are final, and servers that name another one.
#include <gmock/gmock.h>

#include <algorithm>
#include <future>

#include <tests/support/program_run.hpp>
#include <tests/support/scripted_broker.hpp>

namespace recado::test {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

/// CONNACK of MQTT 5.0 with a reason code, and a Server Reference unless that is empty.
std::string connack(int code, const std::string& reference = {}) {
  const std::string list = reference.empty() ? "" : "\x1c" + field(reference);
  return packet(0x20, "\0"s + static_cast<char>(code) + static_cast<char>(list.size()) + list);
}
/// DISCONNECT in the same way.
std::string goodbye(int code, const std::string& reference) {
  const std::string list = "\x1c" + field(reference);
  return packet(0xe0, std::string(1, static_cast<char>(code)) + static_cast<char>(list.size()) + list);
}

std::string at(const scripted_broker& broker) { return "127.0.0.1:" + std::to_string(broker.port()); }

/// The device on this machine's own network, without TLS and time, until it ends by itself or the bound is reached.
program_run::result device(const std::string& broker, std::vector<std::string> settings = {},
                           std::chrono::milliseconds bound = std::chrono::seconds{20}) {
  std::vector<std::string> command{RECADO_PROGRAM, "run", "--storage", testing::TempDir() + "run_broker_test"};
  settings.insert(settings.end(),
                  {"network.mode=as-is", "ntp.enabled=false", "tls.enabled=false", "broker.servers=[" + broker + "]",
                   "reconnect.first_ms=1", "reconnect.longest_ms=50"});
  for (const std::string& each : settings) command.insert(command.end(), {"--set", each});
  return program_run{.command = command, .bound = bound}();
}
std::string quoted(const std::string& text) { return '"' + text + '"'; }

TEST(run, ends_with_one_line_where_the_reason_is_final) {
  struct row {
    int code;
    const char* says;
  };
  for (const auto& [code, says_so] : {row{0x86, "Bad User Name or Password"}, row{0x87, "Not authorized"}}) {
    scripted_broker broker{{{hears(), says(connack(code)), closes()}}};
    const auto done = device(quoted(at(broker)));
    broker.finish();
    EXPECT_EQ(done.status, 1) << done.out << done.err;
    EXPECT_EQ(broker.connections(), 1u);
    EXPECT_EQ(std::ranges::count(done.err, '\n'), 1) << done.err;
    EXPECT_THAT(done.err, HasSubstr(says_so));
    EXPECT_THAT(done.err, HasSubstr("; ")) << "the remedy";
  }
}

TEST(run, a_final_reason_is_tried_again_where_that_is_asked_for) {
  scripted_broker broker{{{hears(), says(connack(0x87)), closes()}}};
  const auto done = device(quoted(at(broker)), {"reconnect.retry_final=true", "reconnect.rounds=4"});
  broker.finish();
  EXPECT_EQ(done.status, 1);
  EXPECT_EQ(broker.connections(), 4u);
}

TEST(run, a_recording_that_has_no_room_is_no_success) {
  std::promise<pid_t> process;
  const auto granted = [&](const std::string& subscribe) {
    ::kill(process.get_future().get(), SIGINT);
    return packet(0x90, identifier_in(subscribe) + "\0\0"s);
  };
  scripted_broker broker{
      {{hears(connect_type), says(connack(0)), hears(subscribe_type), says(granted), waits_for_end()}}};
  const auto done =
      program_run{.command = {RECADO_PROGRAM, "run", "--storage", testing::TempDir() + "run_broker_test", "--set",
                              "network.mode=as-is", "--set", "ntp.enabled=false", "--set", "tls.enabled=false", "--set",
                              "broker.servers=" + quoted(at(broker)), "--pcapng", "/dev/full"},
                  .started = [&](pid_t number) { process.set_value(number); }}();
  broker.finish();
  EXPECT_EQ(done.status, 1) << done.out << done.err;
  EXPECT_THAT(done.err, HasSubstr("the recording could not be written: No space left on device; make room"));
}

TEST(run, the_next_broker_is_tried_where_one_has_refused_for_good) {
  scripted_broker strict{{{hears(), says(connack(0x87)), closes()}}};
  scripted_broker other{{{hears(), says(connack(0x86)), closes()}}};
  const auto done = device(quoted(at(strict)) + ',' + quoted(at(other)));
  strict.finish(), other.finish();
  EXPECT_EQ(done.status, 1);
  EXPECT_EQ(strict.connections(), 1u);
  EXPECT_EQ(other.connections(), 1u);
  EXPECT_THAT(done.err, HasSubstr("Bad User Name or Password"));
}

// 5.0 §4.11, in CONNACK and in DISCONNECT, for now and for good.
TEST(run, follows_a_server_reference) {
  for (const int code : {0x9c, 0x9d})
    for (const bool online : {false, true}) {
      scripted_broker last{{{hears(), says(connack(0x87)), closes()}}};
      const script refers = online ? script{hears(), says(connack(0)), hears(), says(goodbye(code, at(last))), closes()}
                                   : script{hears(), says(connack(code, at(last))), closes()};
      scripted_broker first{{refers, {hears(), says(connack(0x87)), closes()}}};
      const auto done = device(quoted(at(first)));
      first.finish(), last.finish();
      EXPECT_EQ(done.status, 1) << done.out << done.err;
      EXPECT_THAT(done.out, HasSubstr("it names another server: \"" + at(last) + '"'));
      EXPECT_EQ(last.connections(), 1u);
      EXPECT_EQ(first.connections(), 2u) << "once more, when the other one has refused for good";
    }
}

TEST(run, is_not_sent_in_circles) {
  std::promise<std::string> address;
  const std::shared_future<std::string> own = address.get_future().share();
  scripted_broker broker{{{hears(), says([&](const std::string&) { return connack(0x9c, own.get()); }), closes()}}};
  address.set_value(at(broker));
  for (const int most : {0, 3}) {
    const std::size_t before = broker.connections();
    const auto done = device(quoted(own.get()), {"reconnect.rounds=1", "reconnect.references=" + std::to_string(most)});
    EXPECT_EQ(done.status, 1);
    // Itself, those it named, and the list's first one behind them.
    EXPECT_EQ(broker.connections() - before, most == 0 ? 1u : 5u);
  }
}

}  // namespace
}  // namespace recado::test
