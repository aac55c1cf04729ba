// The firmware on the emulated board: what only a board has (LEDs to look at, a cable, an end that QEMU reports), and
// the ways to the broker. What a PC goes through in the other scenarios, the board goes through with RECADO_BOARD.
#include <algorithm>
#include <csignal>
#include <fstream>

#include "emulated_board_for_tests.hpp"

namespace recado::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

words listener(const lab& hosts) { return hosts.visitor("mosquitto_sub", {"-t", "[TEMA_PÚBLICO]", "-F", "%p|"}); }

void order(const lab& hosts, const std::string& message) {
  const result sent = run(hosts.visitor("mosquitto_pub", {"-q", "1", "-t", "[TEMA_SECRETO]", "-m", message}));
  EXPECT_EQ(sent.status, 0) << sent.output;
}

/// True while this lab's QEMU runs: other tests may have theirs at the same time.
bool runs_qemu(const lab& hosts) { return !processes_with((hosts.folder() / "emulated").string()).empty(); }

/// Presses the button and looks that the board ends well.
void expect_goodbye(const lab& hosts, board_in_qemu& board) {
  board.press_button();
  const result ended = board.ended();
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_TRUE(hosts.logs("dnsmasq", "DHCPRELEASE"));
}

TEST(emulated, goes_from_no_address_to_messages_and_its_leds_obey) {
  const lab hosts;
  running seen{listener(hosts)};
  ASSERT_TRUE(hosts.logs("mosquitto", "Sending SUBACK to auto-"));
  board_in_qemu board{hosts, {"device.publish_s=1"}};
  ASSERT_TRUE(board.starts()) << board.said();
  for (const char* rung : {"network link", "network address", "10.77.0.1", "name of the time server", "time ",
                           "stratum 3", "name of the broker", "10.77.0.2", "connection to the broker", "10.77.0.2:8883",
                           "TLS 1.3", "MQTT 5.0", "online"})
    ASSERT_TRUE(board.says(rung)) << rung << " is missing in\n" << board.said();
  ASSERT_TRUE(seen.says("[PLACA CONECTADA]|")) << board.said();
  EXPECT_TRUE(board.lights_are({true, true, true}));
  order(hosts, "LD2OFF");
  EXPECT_TRUE(seen.says("[LED 2 APAGADO]|")) << board.said();
  EXPECT_TRUE(board.lights_are({true, false, true}));
  EXPECT_TRUE(board.says("LED 2 off")) << board.said();
  order(hosts, "LD1OFF");
  EXPECT_TRUE(seen.says("[LED 1 APAGADO]|"));
  order(hosts, "LD2ON");
  EXPECT_TRUE(seen.says("[LED 2 ENCENDIDO]|"));
  EXPECT_TRUE(board.lights_are({false, true, true}));
  EXPECT_TRUE(seen.says(" - ")) << "date and time";
  expect_goodbye(hosts, board);
  EXPECT_TRUE(seen.says("[PLACA DESCONECTADA]|"));
  EXPECT_TRUE(eventually([&] { return !runs_qemu(hosts); }));
}

TEST(emulated, without_tls) {
  const lab hosts;
  board_in_qemu board{hosts, {"tls.enabled=false"}};
  ASSERT_TRUE(board.starts()) << board.said();
  ASSERT_TRUE(board.says("10.77.0.2:1883")) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  EXPECT_THAT(board.said(), Not(HasSubstr("TLS")));
  expect_goodbye(hosts, board);
}

class broker_with_one_version : public testing::TestWithParam<const char*> {};

TEST_P(broker_with_one_version, is_spoken_to) {
  std::optional<one_tls_version> only{GetParam()};
  const lab hosts;
  only.reset();
  board_in_qemu board{hosts};
  ASSERT_TRUE(board.starts()) << board.said();
  ASSERT_TRUE(board.says(std::string{"TLS "} + GetParam())) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  expect_goodbye(hosts, board);
}
INSTANTIATE_TEST_SUITE_P(emulated, broker_with_one_version, testing::Values("1.2", "1.3"),
                         [](const auto& version) { return version.index == 0 ? "tls_1_2" : "tls_1_3"; });

TEST(emulated, notices_a_cable_pulled_at_either_end) {
  const lab hosts;
  board_in_qemu board{hosts, {"reconnect.first_ms=100"}};
  ASSERT_TRUE(board.starts()) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  board.plug(false);
  ASSERT_TRUE(board.says(" lost")) << board.said();
  board.plug(true);
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  EXPECT_EQ(hosts("cable", {"unplug", "board"}).status, 0);
  ASSERT_TRUE(board.says(" lost")) << board.said();
  EXPECT_EQ(hosts("cable", {"plug", "board"}).status, 0);
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  expect_goodbye(hosts, board);
}

TEST(emulated, comes_up_twenty_times_in_a_row) {
  const lab hosts;
  board_in_qemu board{hosts};
  ASSERT_TRUE(board.starts()) << board.said();
  for (int boot = 0; boot < 20; ++boot) {
    ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << "boot " << boot << '\n' << board.said();
    if (boot != 19) board.reset();
  }
  expect_goodbye(hosts, board);
  EXPECT_THAT(board.said(), Not(HasSubstr("fault")));
}

TEST(emulated, the_clock_survives_a_reset) {
  const lab hosts;
  board_in_qemu board{hosts, {"ntp.on_failure=plausible"}};
  ASSERT_TRUE(board.starts()) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  hosts.server("stop", "chronyd");
  board.reset();
  ASSERT_TRUE(board.says("recado on mps2-an500")) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]", std::chrono::seconds{60})) << board.said();
  expect_goodbye(hosts, board);
}

// Of the whole network, and of the board's own Ethernet.
TEST(emulated, the_recording_is_read_with_the_keys_that_the_board_prints) {
  const lab hosts;
  const auto file = hosts.folder() / "bridge.pcapng", own = hosts.folder() / "its, own.pcap",
             keys = hosts.folder() / "keys.log";
  board_in_qemu board{hosts, {"tls.debug_level=3"}, {"--capture", file.string(), "--filter-dump", own.string()}};
  ASSERT_TRUE(board.starts()) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  order(hosts, "LD2OFF");
  ASSERT_TRUE(board.says("LED 2 off")) << board.said();
  expect_goodbye(hosts, board);
  for (const auto& each : {file, own}) EXPECT_EQ(mode_of(each), 0600u);
  std::ofstream log{keys};
  std::istringstream said{board.said()};
  for (std::string line; std::getline(said, line);)
    for (const char* label : {"CLIENT_", "SERVER_", "EXPORTER_"})
      if (const auto at = line.find(label); at != std::string::npos) log << line.substr(at) << '\n';
  log.close();
  for (const auto& each : {file, own}) {
    const auto shown = [&](const words& more) {
      words all{"tshark", "-n",     "-r", each.string(),  "-Y", "mqtt",
                "-T",     "fields", "-e", "_ws.col.Info", "-e", "mqtt.msg"};
      all.insert(all.end(), more.begin(), more.end());
      return run(all, std::chrono::seconds{60}).output;
    };
    EXPECT_THAT(shown({}), Not(HasSubstr("Connect Command"))) << each;
    EXPECT_THAT(shown({"-o", "tls.keylog_file:" + keys.string()}),
                AllOf(HasSubstr("Connect Command"), HasSubstr("[[TEMA_SECRETO]]"), HasSubstr("4c44324f4646")))
        << each;
  }
}

TEST(emulated, the_test_mode_measures) {
  const lab hosts;
  board_in_qemu board{hosts, {"test.bytes=512", "test.cycles=5"}, {}, {"--button", "held"}};
  ASSERT_TRUE(board.starts()) << board.said();
  const result ended = board.ended(std::chrono::seconds{60});
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("512 B"));
}

TEST(emulated, is_ended_with_whoever_ran_it) {
  const lab hosts;
  board_in_qemu board{hosts, {"tls.enabled=false"}};
  ASSERT_TRUE(board.starts()) << board.said();
  ASSERT_TRUE(board.says("network link")) << board.said();
  EXPECT_TRUE(runs_qemu(hosts));
  board.signal(SIGKILL);
  board.ended();
  EXPECT_TRUE(eventually([&] { return !runs_qemu(hosts); }));
  board_in_qemu again{hosts, {"tls.enabled=false"}};
  ASSERT_TRUE(again.starts()) << again.said();
  ASSERT_TRUE(again.says("[PLACA CONECTADA]")) << again.said();
}

TEST(emulated, nohup_lets_it_outlive_its_terminal) {
  const lab hosts;
  const auto before = ::signal(SIGHUP, SIG_IGN);  // is inherited
  board_in_qemu board{hosts, {"tls.enabled=false"}};
  ::signal(SIGHUP, before);
  ASSERT_TRUE(board.starts()) << board.said();
  board.signal(SIGHUP);
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  board.press_button();
  EXPECT_EQ(board.ended().status, 0) << board.said();
}

TEST(emulated, mistakes_are_said) {
  const lab hosts;
  const std::pair<words, const char*> calls[] = {
      {{"--board", "mps2"}, "QEMU has no board 'mps2'; the lab runs mps2-an500"},
      {{"--filter-dump", "x.pcap"}, "--filter-dump is QEMU's; add --board mps2-an500"},
      {{"--image", "x.elf"}, "--image needs to know what for; add --board mps2-an500"},
      {{"--board", "mps2-an500", "--image", "none.elf"}, "there is no image 'none.elf'"},
      {{"--board", "mps2-an500", "--", "--keylog", "x"}, "--set, --preset or --button"},
      {{"--board", "mps2-an500", "--", "--set", "network.mode=as-is"}, "nobody else gives a board an address"}};
  for (const auto& [arguments, says] : calls) {
    const result done = hosts("run", arguments);
    EXPECT_NE(done.status, 0);
    EXPECT_THAT(done.output, HasSubstr(says));
  }
}

}  // namespace
}  // namespace recado::test
