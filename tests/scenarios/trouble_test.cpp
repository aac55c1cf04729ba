// Trouble of all kinds, and who may do what.
#include "scenario_for_tests.hpp"

#include <csignal>
#include <fstream>

namespace recado::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

pid_t keeper_of(const lab& hosts) {
  const std::string state = content_of(hosts.folder() / "state.json");
  const auto at = state.find("\"keeper\": ");
  return static_cast<pid_t>(std::stol(state.substr(at + 10)));
}

bool nothing_is_left_of(const std::filesystem::path& folder) {
  return eventually([&] { return processes_with(folder.string()).empty(); });
}

TEST(trouble, a_killed_keeper_takes_everything_with_it) {
  const lab hosts;
  ::kill(keeper_of(hosts), SIGKILL);
  EXPECT_TRUE(nothing_is_left_of(hosts.folder()));
  EXPECT_EQ(hosts("status").status, 1);
  const result again = hosts("up");
  EXPECT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output, Not(HasSubstr("already")));
}

TEST(trouble, two_at_once_bring_up_one_lab) {
  const lab hosts;
  ASSERT_EQ(hosts("down").status, 0);
  running first{hosts.command("up", {})}, second{hosts.command("up", {})};
  const result one = first.ended(), other = second.ended();
  EXPECT_EQ(one.status, 0) << one.output;
  EXPECT_EQ(other.status, 0) << other.output;
  EXPECT_THAT(one.output + other.output, HasSubstr("it was up already"));
}

// Without root: the whole way, in user namespaces, with a recording.
TEST(trouble, an_ordinary_user_runs_it_all) {
  const auto folder = own_folder();
  recado({"lab", "down", "--dir", folder.string()});
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  running board{as_an_ordinary_user(folder) + words{program(), "lab", "run", "--dir", folder.string(), "--capture",
                                                    (folder / "bridge.pcapng").string()}};
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said() << content_of(folder / "dumpcap.log");
  board.signal(SIGTERM);
  EXPECT_EQ(board.ended().status, 0) << board.said();
  EXPECT_THAT(content_of(folder / "dnsmasq.log"), HasSubstr("DHCPRELEASE"));
  EXPECT_EQ(mode_of(folder / "bridge.pcapng"), 0600u);
  EXPECT_GT(std::filesystem::file_size(folder / "bridge.pcapng"), 1000u);
  EXPECT_TRUE(nothing_is_left_of(folder));
}

// In a user namespace that allows no network namespaces, on a host of another lab so that this machine's ports are
// free.
TEST(trouble, where_namespaces_are_not_allowed_the_lab_falls_back_to_loopback) {
  const lab outer;
  const std::string folder = (outer.folder() / "inner").string();
  const std::string recado_program = program();
  const result done = outer.on(
      "board", {"unshare", "-Ur", "sh", "-c",
                "echo 0 > /proc/sys/user/max_net_namespaces && " + recado_program + " lab up --dir " + folder + " && " +
                    recado_program + " lab run --dir " + folder + " -- --button held --set test.cycles=2 --results " +
                    folder + "; status=$?; " + recado_program + " lab down --dir " + folder + "; exit $status"});
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_THAT(done.output, AllOf(HasSubstr("no namespaces are allowed here; the lab runs on loopback with the static "
                                           "configuration"),
                                 HasSubstr("lab: on loopback"), HasSubstr("127.0.0.1:18883"), HasSubstr("cycle    2")));
  EXPECT_TRUE(nothing_is_left_of(folder));
}

// Root on a host of the lab, of the machine or of the user's own namespace, but with no right of root.
TEST(trouble, without_the_right_to_configure_the_network_it_says_so) {
  const lab hosts;
  const result done = hosts.on("board", {"setpriv", "--bounding-set=-all", "--inh-caps=-all", program(), "run", "--set",
                                         "network.interface=eth0", "--storage", (hosts.folder() / "own").string()});
  EXPECT_EQ(done.status, 1) << done.output;
  EXPECT_THAT(done.output, AllOf(HasSubstr("recado run: "), HasSubstr("; ")));
  EXPECT_THAT(done.output, testing::ContainsRegex("root|CAP_NET|not allowed|permi"));
}

TEST(trouble, an_interface_that_is_not_there_is_named) {
  const lab hosts;
  const result done = run(hosts.board({"--interface", "eth7"}));
  EXPECT_EQ(done.status, 1) << done.output;
  EXPECT_THAT(done.output, HasSubstr("interface"));
}

TEST(trouble, the_button_ends_it_on_every_rung) {
  const lab hosts;
  hosts.server("stop", "dnsmasq");
  {
    running board{hosts.board()};
    ASSERT_TRUE(board.says("network link")) << board.said();
    board.signal(SIGTERM);
    EXPECT_EQ(board.ended(std::chrono::seconds{5}).status, 0) << "while DHCP is asked\n" << board.said();
  }
  hosts.server("start", "dnsmasq");
  hosts.server("stop", "mosquitto");
  running board{hosts.board()};
  ASSERT_TRUE(board.says("next attempt in ")) << board.said();
  board.signal(SIGTERM);
  EXPECT_EQ(board.ended(std::chrono::seconds{5}).status, 0) << "while it waits\n" << board.said();
  EXPECT_TRUE(hosts.logs("dnsmasq", "DHCPRELEASE"));
}

// [MQTT-3.1.2-22] and original defect: a broker that is there but doesn't answer.
TEST(trouble, a_frozen_broker_is_noticed_by_keep_alive) {
  const lab hosts;
  running board{hosts.board_with({"broker.keep_alive_s=2", "device.publish_s=0", "reconnect.first_ms=200"})};
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  ASSERT_TRUE(hosts.logs("mosquitto", "Received PINGREQ from board"));
  const auto broker = processes_with((hosts.folder() / "mosquitto.conf").string());
  ASSERT_EQ(broker.size(), 1u);
  ::kill(broker[0], SIGSTOP);
  EXPECT_TRUE(board.says(" lost ")) << board.said();
  ::kill(broker[0], SIGCONT);
  EXPECT_TRUE(board.says("publishing [PLACA CONECTADA]", std::chrono::seconds{40})) << board.said();
}

TEST(trouble, the_lease_names_the_servers) {
  const lab hosts;
  running board{hosts.board_with({"dns.servers=dhcp", "ntp.servers=dhcp", "ntp.trust_clock=false"})};
  ASSERT_TRUE(board.says("from DHCP: 10.77.0.1")) << board.said();
  ASSERT_TRUE(board.says("stratum 3")) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
}

TEST(trouble, a_foreign_message_in_the_test_mode_is_noticed) {
  const lab hosts;
  running board{hosts.board_with({"test.cycles=100000"}, {"--button", "held", "--results", hosts.folder().string()})};
  ASSERT_TRUE(board.says("cycle    1 ")) << board.said();
  const result sent = run(hosts.visitor("mosquitto_pub", {"-q", "1", "-t", "[TEMA_SECRETO]", "-m", "intruder"}));
  EXPECT_EQ(sent.status, 0) << sent.output;
  const result ended = board.ended();
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output,
              HasSubstr("the message that came back is not the one that was sent; check that nobody else"));
  EXPECT_THAT(ended.output, Not(HasSubstr("intruder")));
}

TEST(trouble, a_key_log_that_others_could_read_is_closed_to_them) {
  const lab hosts;
  const auto keys = hosts.folder() / "keys.log";
  std::ofstream{keys} << "# before\n";
  std::filesystem::permissions(keys, std::filesystem::perms{0644});
  running board{hosts.board({"--keylog", keys.string()})};
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  EXPECT_EQ(mode_of(keys), 0600u);
  EXPECT_THAT(content_of(keys), AllOf(HasSubstr("# before\n"), HasSubstr("CLIENT_TRAFFIC_SECRET_0 ")));
}

TEST(trouble, a_folder_with_spaces_is_a_folder) {
  const auto folder = own_folder() / "a lab, 'quoted' ñ";
  recado({"lab", "down", "--dir", folder.string()});
  std::filesystem::remove_all(folder);
  running board{{program(), "lab", "run", "--dir", folder.string()}};
  EXPECT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  board.signal(SIGTERM);
  EXPECT_EQ(board.ended().status, 0) << board.said();
  EXPECT_TRUE(nothing_is_left_of(folder));
}

}  // namespace
}  // namespace recado::test
