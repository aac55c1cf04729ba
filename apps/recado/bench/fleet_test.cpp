// recado bench fleet beside a real broker: devices that come, publish, ping, are lost and come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include <nlohmann/json.hpp>

#include <tests/support/mosquitto.hpp>
#include <tests/support/program_run.hpp>
#include <tests/support/scripted_broker.hpp>

#include <sys/resource.h>

namespace recado::test {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using words = std::vector<std::string>;
using nlohmann::json;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool memory_is_its_own = false;
#elif defined(__has_feature)
constexpr bool memory_is_its_own = !__has_feature(address_sanitizer);
#else
constexpr bool memory_is_its_own = true;
#endif

words operator+(words left, const words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

program_run::result run(const words& command) {
  return program_run{.command = command, .bound = std::chrono::minutes{4}}();
}

struct broker_here : mosquitto {
  broker_here()
      : mosquitto{RECADO_SERVERS "/usr/sbin/mosquitto",
                  std::string{RECADO_TEST_FOLDER "/"} + testing::UnitTest::GetInstance()->current_test_info()->name(),
                  "allow_anonymous true\n"} {}
  words fleet(const words& more) const {
    return words{RECADO_PROGRAM, "bench", "fleet", "-h", "127.0.0.1", "-p", std::to_string(port()), "--json"} + more;
  }
};

json measured(const program_run::result& done) {
  EXPECT_EQ(done.status, 0) << done.err;
  return json::parse(done.out, nullptr, false);
}

/// How many devices: RECADO_DEVICES asks for more than usual.
std::string devices_or(const std::string& usual) {
  const char* wanted = std::getenv("RECADO_DEVICES");
  return wanted != nullptr ? wanted : usual;
}
bool many() { return std::getenv("RECADO_DEVICES") != nullptr; }

/// The broker, which inherits the limit, needs as many open files.
void allow_files_for(const std::string& devices) {
  const rlim_t files = std::stoul(devices) + 500;
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur >= files) return;
  limit = {files, std::max(files, limit.rlim_max)};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(bench_fleet, publishes_and_takes_little_memory) {
  const std::string devices = devices_or("200");
  allow_files_for(devices);
  const broker_here broker;
  const std::string interval = many() ? "5" : "1";
  for (const words& more : {words{"-q", "1"}, words{"-q", "0", "-V", "5"}}) {
    SCOPED_TRACE(testing::PrintToString(more));
    const json found =
        measured(run(broker.fleet(words{"--clients", devices, "--interval", interval, "--duration", "3"} + more)));
    EXPECT_GE(found["messages"], std::stoul(devices) / 2);
    EXPECT_EQ(found["connections_lost"], 0);
    EXPECT_EQ(found["reconnections"], 0);
    EXPECT_EQ(found["lost"], more[1] == "1" ? json(0) : json(nullptr));
    EXPECT_TRUE(found["memory_bytes_per_connection"] > 0 || !memory_is_its_own) << found;
    EXPECT_TRUE(found["memory_bytes_per_connection"] <= 420 || !memory_is_its_own) << found;
  }
}

/// An idle device's session lies down, and gets up for its PINGREQ: else the broker would end the connection.
TEST(bench_fleet, idle_devices_ping) {
  const broker_here broker;
  const json found =
      measured(run(broker.fleet({"--clients", "20", "--interval", "1000", "--keepalive", "1", "--duration", "3"})));
  EXPECT_EQ(found["connections_lost"], 0);
}

TEST(bench_fleet, comes_back_when_the_broker_does) {
  const std::string devices = devices_or("50");
  allow_files_for(devices);
  broker_here broker;
  auto running = std::async(std::launch::async, [&] {
    return run(broker.fleet(
        {"--clients", devices, "--interval", many() ? "5" : "0.2", "--duration", many() ? "30" : "9", "-q", "1"}));
  });
  const auto come = run({RECADO_PROGRAM, "bench", "receive", "-h", "127.0.0.1", "-p", std::to_string(broker.port()),
                         "--count", std::to_string((many() ? 3 : 4) * std::stoul(devices)), "-q", "1"});
  ASSERT_EQ(come.status, 0) << come.err;
  broker.stop(SIGKILL);
  broker.start();
  const json found = measured(running.get());
  EXPECT_EQ(found["connections_lost"], std::stoul(devices));
  EXPECT_EQ(found["reconnections"], std::stoul(devices));
  EXPECT_EQ(found["lost"], 0) << "what was in flight is published again";
}

TEST(bench_fleet, says_why_a_device_may_not_come_back_and_what_was_measured) {
  scripted_broker broker{
      {{hears(connect_type), says("\x20\x03\0\0\0"s), hears(publish_type), says("\xe0\x01\x87"s), waits_for_end()}}};
  const auto done = run({RECADO_PROGRAM, "bench", "fleet", "-h", "127.0.0.1", "-p", std::to_string(broker.port()),
                         "--json", "--clients", "1", "--interval", "0.1", "-V", "5"});
  EXPECT_EQ(done.status, 0x87) << done.err;
  EXPECT_THAT(done.err, HasSubstr("device 0 may not come back: "));
  EXPECT_THAT(done.err, HasSubstr("Not authorized"));
  EXPECT_EQ(json::parse(done.out, nullptr, false)["messages"], 1);
}

TEST(bench_fleet, errors_are_one_line_each) {
  const std::string nobody = std::to_string(free_port());
  scripted_broker refusing{{{hears(connect_type), says("\x20\x02\0\5"s), waits_for_end()}}};
  const words fleet = {RECADO_PROGRAM, "bench", "fleet", "--clients"};
  const struct {
    words command;
    int status;
    std::string says;
  } rows[] = {
      {fleet + words{"3", "-h", "127.0.0.1", "-p", nobody}, 1, "can't be reached"},
      {fleet + words{"3", "-h", "127.0.0.1", "-p", std::to_string(refusing.port())}, 5, "not authorized"},
      {fleet + words{"30000", "-h", "192.0.2.1"}, 1, "more than a system has ports for"},
      {fleet + words{"0"}, 2, "no value of --clients"},
      {fleet + words{"3", "--interval", "0"}, 2, "no value of --interval"},
      {fleet + words{"3", "--interval", "0.0000001"}, 2, "no value of --interval; give a microsecond or more"},
      {words{"/usr/bin/setpriv", "--bounding-set", "-sys_resource", "/usr/bin/prlimit", "--nofile=200:200"} + fleet +
           words{"1000", "-h", "127.0.0.1", "-p", nobody},
       1, "this process may have 200"},
  };
  for (const auto& each : rows) {
    SCOPED_TRACE(testing::PrintToString(each.command));
    const auto done = run(each.command);
    EXPECT_EQ(done.status, each.status) << done.err;
    EXPECT_THAT(done.err, HasSubstr(each.says));
    EXPECT_EQ(std::ranges::count(done.err, '\n'), 1) << done.err;
  }
}

}  // namespace
}  // namespace recado::test
