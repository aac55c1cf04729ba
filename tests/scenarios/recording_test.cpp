// What others can read: the device's own recording, and one of the network as a third party takes it.
#include "scenario_for_tests.hpp"

#include <csignal>
#include <fstream>

#include <sys/stat.h>

namespace recado::test {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

/// What tshark prints, without the user's configuration and its words on running as root.
std::string tshark(const std::filesystem::path& file, const words& more) {
  words all{
      "env",        "HOME=" + own_folder().string(), "sh", "-c", "tshark \"$@\" 2>\"$HOME/tshark.log\"", "tshark", "-r",
      file.string()};
  all.insert(all.end(), more.begin(), more.end());
  const result done = run(all, std::chrono::seconds{60});
  EXPECT_EQ(done.status, 0) << content_of(own_folder() / "tshark.log");
  return done.output;
}

/// The names of the packets' last protocols, one line for each packet that the filter shows.
std::string shown(const std::filesystem::path& file, const std::string& filter, const words& more = {}) {
  words all{"-Y", filter, "-T", "fields", "-e", "_ws.col.Protocol", "-e", "_ws.col.Info"};
  all.insert(all.end(), more.begin(), more.end());
  return tshark(file, all);
}

/// Runs the device until it has obeyed one command, and lets it say goodbye.
void one_session(const lab& hosts, const words& command, const std::string& version = "3") {
  running board{command};
  ASSERT_TRUE(board.says("TLS 1." + version)) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  run(hosts.visitor("mosquitto_pub", {"-q", "1", "-t", "[TEMA_SECRETO]", "-m", "LD2OFF"}));
  ASSERT_TRUE(board.says("LED 2 off")) << board.said();
  board.signal(SIGTERM);
  ASSERT_EQ(board.ended().status, 0) << board.said();
}

/// A lab whose servers speak this version of TLS at most.
class recording : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto folder = own_folder();
    std::filesystem::create_directories(folder.parent_path());
    const std::string config = folder.string() + ".cnf";
    std::ofstream{config} << "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = limit\n"
                          << "[limit]\nMaxProtocol = TLSv1." << GetParam() << '\n';
    ::setenv("OPENSSL_CONF", config.c_str(), 1);
  }
  void TearDown() override { ::unsetenv("OPENSSL_CONF"); }
};

TEST_P(recording, of_the_device_is_read_by_tshark_with_no_option) {
  const lab hosts;
  ::unsetenv("OPENSSL_CONF");
  const auto file = hosts.folder() / "session.pcapng", keys = hosts.folder() / "keys.log";
  one_session(hosts, hosts.board({"--pcapng", file.string(), "--keylog", keys.string()}), GetParam());
  EXPECT_EQ(mode_of(file), 0600u);
  EXPECT_EQ(mode_of(keys), 0600u);
  const std::string mqtt = shown(file, "mqtt");
  for (const char* each : {"Connect Command", "Connect Ack", "Subscribe Request", "Publish Message", "Publish Ack",
                           "Unsubscribe Request", "Disconnect Req"})
    EXPECT_THAT(mqtt, HasSubstr(each));
  EXPECT_THAT(mqtt, AllOf(HasSubstr("[[TEMA_SECRETO]]"), HasSubstr("TEMA_P")));
  const std::string messages = tshark(file, {"-Y", "mqtt.msg", "-T", "fields", "-e", "mqtt.msg"});
  EXPECT_THAT(messages, HasSubstr("4c44324f4646")) << "LD2OFF in hexadecimal: " << messages;
  const std::string datagrams = shown(file, "dhcp || dns || ntp");
  for (const char* each : {"DHCP Discover", "DHCP Offer", "DHCP Request", "DHCP ACK", "DHCP Release", "ntp.lab",
                           "broker.lab", "NTP Version 4, client", "NTP Version 4, server"})
    EXPECT_THAT(datagrams, HasSubstr(each));
  EXPECT_EQ(shown(file, "_ws.malformed || tcp.analysis.flags || _ws.expert.severity == error"), "");
  EXPECT_EQ(shown(file, "tls.handshake.type == 1").empty(), false);
}
INSTANTIATE_TEST_SUITE_P(tls, recording, testing::Values("2", "3"),
                         [](const auto& version) { return std::string{"tls_1_"} + version.param; });

// What each level of tls.debug_level shows, and that only the third one gives the keys away.
TEST(tls_debug_level, shows_the_server_then_its_chain_then_writes_the_keys) {
  const lab hosts;
  const auto keys = hosts.folder() / "board" / "keys.log";
  struct row {
    int level;
    bool server, chain, keys;
  };
  for (const row& each :
       {row{0, false, false, false}, row{1, true, false, false}, row{2, true, true, false}, row{3, true, true, true}}) {
    running board{hosts.board_with({"tls.debug_level=" + std::to_string(each.level)})};
    ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
    board.signal(SIGTERM);
    EXPECT_EQ(board.ended().status, 0);
    const auto shows = [&](const char* text) { return board.said().find(text) != std::string::npos; };
    EXPECT_EQ(shows("CN=broker.lab"), each.server) << each.level << '\n' << board.said();
    EXPECT_EQ(shows("Root CA"), each.chain) << each.level << '\n' << board.said();
    EXPECT_EQ(shows(("warning: tls.debug_level writes the connection's keys to " + keys.string()).c_str()), each.keys);
    EXPECT_EQ(std::filesystem::exists(keys), each.keys) << each.level;
  }
  EXPECT_EQ(mode_of(keys), 0600u);
  EXPECT_EQ(count_in(keys, "CLIENT_TRAFFIC_SECRET_0 "), 1u);
  EXPECT_EQ(count_in(keys, "SERVER_TRAFFIC_SECRET_0 "), 1u);
}

TEST(third_party, reads_the_network_only_with_the_key_log) {
  const lab hosts;
  const auto file = hosts.folder() / "bridge.pcapng", keys = hosts.folder() / "keys.log";
  one_session(hosts, hosts.command("run", {"--capture", file.string(), "--", "--keylog", keys.string()}));
  EXPECT_EQ(mode_of(file), 0600u);
  EXPECT_EQ(mode_of(keys), 0600u);
  EXPECT_TRUE(processes_with(file.string()).empty()) << "dumpcap still runs";
  EXPECT_THAT(shown(file, "tls"), AllOf(HasSubstr("Client Hello"), HasSubstr("Application Data")));
  EXPECT_THAT(shown(file, "dhcp || dns || ntp"), AllOf(HasSubstr("DHCP ACK"), HasSubstr("broker.lab")));
  EXPECT_EQ(shown(file, "mqtt"), "");
  const std::string raw = content_of(file);
  for (const char* each : {"TEMA_SECRETO", "LD2OFF", "PLACA CONECTADA", "MQTT"}) EXPECT_THAT(raw, Not(HasSubstr(each)));
  const words with_keys{"-o", "tls.keylog_file:" + keys.string()};
  EXPECT_THAT(shown(file, "mqtt", with_keys), AllOf(HasSubstr("Connect Command"), HasSubstr("[[TEMA_SECRETO]]")));
  EXPECT_THAT(tshark(file, {"-o", with_keys[1], "-Y", "mqtt.msg", "-T", "fields", "-e", "mqtt.msg"}),
              HasSubstr("4c44324f4646"));
}

TEST(third_party, a_recording_that_cannot_be_written_is_said) {
  const lab hosts;
  const result none = hosts("run", {"--capture", "/proc/none/bridge.pcapng"});
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.output, HasSubstr("cannot write /proc/none/bridge.pcapng: No such file or directory; check"));
  const std::filesystem::path pipe = own_folder() / "pipe";
  std::filesystem::remove(pipe);
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0644), 0);
  const result other = hosts("run", {"--capture", pipe.string()});
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.output, HasSubstr("is no file that can be written anew; give the path of one"));
  EXPECT_EQ(mode_of(pipe), 0644u) << "nor would that of /dev/null change";
  const result own = run(hosts.board({"--pcapng", "/proc/none/own.pcapng"}));
  EXPECT_EQ(own.status, 1);
  EXPECT_THAT(own.output, HasSubstr("/proc/none/own.pcapng"));
}

}  // namespace
}  // namespace recado::test
