// The example programs, run as a reader of them would, against a real mosquitto.
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include <recado/client/blocking_client.hpp>
#include <recado/pki/authority.hpp>
#include <tests/support/mosquitto.hpp>

namespace recado {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

std::string example(const std::string& name) { return RECADO_EXAMPLES "/" + name; }

struct ended {
  int status = -1;
  std::string said;
};
ended run(const std::string& command) {
  ended result;
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  char piece[4096];
  for (std::size_t n = 0; (n = std::fread(piece, 1, sizeof piece, pipe)) != 0;) result.said.append(piece, n);
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return result;
}

class examples : public testing::Test {
 protected:
  ~examples() override {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  std::string port() const { return std::to_string(broker.port()); }
  ended run_example(const std::string& name, const std::string& more = {}) const {
    return run(example(name) + " " + broker.url() + " " + more);
  }

  fs::path folder =
      fs::path{RECADO_TEST_FOLDER} /
      (std::string{testing::UnitTest::GetInstance()->current_test_info()->name()} + "." + std::to_string(::getpid()));
  test::mosquitto broker{RECADO_SERVERS "/usr/sbin/mosquitto", folder / "broker"};
};

TEST_F(examples, publish_and_subscribe) {
  test::child_process subscriber{{example("02_subscribe"), broker.url()}};
  ASSERT_TRUE(subscriber.says("subscribed")) << subscriber.said();
  const ended done = run_example("01_publish");
  EXPECT_EQ(done.status, 0) << done.said;
  EXPECT_TRUE(subscriber.says("recado/greeting: hello\n")) << subscriber.said();
  EXPECT_EQ(run("mosquitto_pub -p " + port() + " -t recado/x -m end").status, 0);
  EXPECT_TRUE(subscriber.says("recado/x: end\n")) << subscriber.said();
}

TEST_F(examples, say_what_is_wrong) {
  for (const char* name : {"01_publish", "04_exactly_once", "05_request", "07_last_will", "08_threads"}) {
    const ended done = run(example(name) + " mqtt://127.0.0.1:" + std::to_string(test::free_port()));
    EXPECT_EQ(done.status, 1) << name;
    EXPECT_THAT(done.said, HasSubstr("; ")) << name;
  }
}

TEST_F(examples, tls_with_client_certificate) {
  using namespace pki;
  authority all{
      folder / "pki", {}, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()), existing::keep};
  all.init({.organization = "", .key = {}, .valid = {}, .passphrase = {}});
  for (const profile what : {profile::server, profile::client})
    all.issue_entity(
        {.what = what,
         .name = what == profile::server ? "broker.lab" : "board",
         .subject = {},
         .names = {{}, what == profile::server ? std::vector<std::string>{"127.0.0.1"} : std::vector<std::string>{}},
         .key = {},
         .passphrase = {},
         .valid = {}});
  const std::string base = (folder / "pki").string();
  test::mosquitto secure{RECADO_SERVERS "/usr/sbin/mosquitto", folder / "secure",
                         "allow_anonymous true\nrequire_certificate true\ncafile " + base + "/ca.crt\ncertfile " +
                             base + "/servers/broker.lab-chain.crt\nkeyfile " + base + "/servers/broker.lab.key\n"};
  const ended done = run(example("03_tls") + " " + secure.url("mqtts") + " " + base + "/ca.crt " + base +
                         "/clients/board-chain.crt " + base + "/clients/board.key");
  EXPECT_EQ(done.status, 0) << done.said;
  EXPECT_EQ(done.said, "published over TLS\n");
}

TEST_F(examples, exactly_once) {
  EXPECT_EQ(run_example("04_exactly_once").said, "1000 messages arrived exactly once\n");
}

TEST_F(examples, request) { EXPECT_EQ(run_example("05_request").said, "recado\n"); }

TEST_F(examples, large_file) {
  fs::create_directories(folder);
  const fs::path file = folder / "large";
  std::ofstream{file, std::ios::binary} << std::string(3'000'000, 'x') << "end";
  client::blocking_client subscriber;
  ASSERT_TRUE(subscriber.connect(broker.url()) && subscriber.subscribe("recado/file"));
  EXPECT_EQ(run_example("06_large_file", file.string()).said, "3000003 bytes arrived\n");
  const auto got = subscriber.receive();
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->payload.size(), 3'000'003u);
  EXPECT_TRUE((*got)->text().ends_with("xxend"));
}

TEST_F(examples, last_will) {
  const std::string look = "mosquitto_sub -W 10 -p " + port() + " -t recado/device/state -F %p ";
  EXPECT_EQ(run_example("07_last_will").said, "online\noffline\n");
  EXPECT_EQ(run(look + "-C 1").said, "offline\n");
  test::child_process watcher{{"/usr/bin/mosquitto_sub", "-p", port(), "-t", "recado/device/state", "-F", "%p"}};
  ASSERT_TRUE(watcher.says("offline\n"));
  EXPECT_EQ(run_example("07_last_will", "crash").said, "online\n");
  EXPECT_TRUE(watcher.says("offline\nonline\noffline\n")) << watcher.said();
}

TEST_F(examples, threads) { EXPECT_EQ(run_example("08_threads").said, "sent 400, heard 400\n"); }

TEST_F(examples, own_loop) { EXPECT_EQ(run(example("09_own_loop") + " 127.0.0.1 " + port()).said, "round\n"); }

TEST_F(examples, own_transport) {
  EXPECT_EQ(run(example("10_own_transport") + " 127.0.0.1 " + port()).said, "acknowledged\n");
}

}  // namespace
}  // namespace recado
