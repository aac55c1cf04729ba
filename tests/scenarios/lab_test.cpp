// The lab itself: up, down, what it leaves behind, and who may bring it up.
#include "scenario_for_tests.hpp"

#include <csignal>

namespace recado::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// True once no process knows this folder any more: then no namespace of it is left, for only processes held them.
bool nothing_is_left_of(const std::filesystem::path& folder) {
  return eventually([&] { return processes_with(folder.string()).empty(); });
}

std::filesystem::path clean_folder() {
  const auto folder = own_folder();
  recado({"lab", "down", "--dir", folder.string()});
  std::filesystem::remove_all(folder);
  return folder;
}

TEST(lab_life, comes_up_says_so_and_goes_down_without_a_trace) {
  const auto folder = clean_folder();
  {
    const lab hosts;
    const result status = hosts("status");
    EXPECT_EQ(status.status, 0);
    for (const char* each : {"router  10.77.0.1", "broker  10.77.0.2", "board   no address until DHCP gives one",
                             "dnsmasq router up", "chronyd router up", "mosquitto broker up"})
      EXPECT_THAT(status.output, HasSubstr(each));
    EXPECT_THAT(hosts.on("board", {"ip", "-4", "address", "show"}).output, Not(HasSubstr("10.77.0")));
    EXPECT_THAT(hosts.on("broker", {"ip", "-4", "address", "show"}).output, HasSubstr("10.77.0.2/24"));
    const result again = hosts("up");
    EXPECT_EQ(again.status, 0);
    EXPECT_THAT(again.output, HasSubstr("it was up already"));
    for (const char* each : {"up", "run"}) {
      const result late = hosts(each, {"--dnsmasq", "no-dhcp-interface=eth0"});
      EXPECT_EQ(late.status, 2) << late.output;
      EXPECT_THAT(late.output, HasSubstr("are for bringing it up; take it down by 'recado lab down' before"));
    }
    const result down = hosts("down");
    EXPECT_EQ(down.status, 0) << down.output;
    EXPECT_TRUE(nothing_is_left_of(folder));
    EXPECT_EQ(hosts("down").status, 0);
    EXPECT_THAT(hosts("down").output, HasSubstr("no lab was up"));
    const result gone = hosts("status");
    EXPECT_EQ(gone.status, 1);
    EXPECT_THAT(gone.output, HasSubstr("run 'recado lab up' first"));
  }
  EXPECT_TRUE(nothing_is_left_of(folder));
}

TEST(lab_life, its_private_keys_are_private) {
  const lab hosts;
  for (const char* each : {"clients/board.key", "clients/visitor.key", "servers/broker.lab.key"})
    EXPECT_EQ(mode_of(hosts.pki(each)), 0600u) << each;
}

// /run is the machine's, in every namespace of a lab: the socket there would be taken from a chronyd of its own.
TEST(lab_life, its_chronyd_takes_no_socket_for_commands) {
  const lab hosts;
  EXPECT_THAT(content_of(hosts.folder() / "chronyd.conf"), HasSubstr("\nbindcmdaddress /\n"));
  EXPECT_THAT(hosts.on("router", {"cat", "/proc/net/unix"}).output,
              AllOf(HasSubstr("RefCount"), Not(HasSubstr("/chronyd.sock"))));
}

TEST(lab_life, a_server_is_stopped_and_started) {
  const lab hosts;
  hosts.server("stop", "mosquitto");
  EXPECT_THAT(hosts("status").output, HasSubstr("mosquitto broker down"));
  hosts.server("start", "mosquitto");
  EXPECT_THAT(hosts("status").output, HasSubstr("mosquitto broker up"));
  const result unknown = hosts("server", {"stop", "nginx"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.output, HasSubstr("nginx"));
}

TEST(lab_life, a_server_that_cannot_start_is_named_and_nothing_stays) {
  const auto folder = clean_folder();
  const result up = recado({"lab", "up", "--dir", folder.string(), "--mosquitto", "no_such_option yes"});
  EXPECT_EQ(up.status, 1);
  EXPECT_THAT(up.output, HasSubstr("mosquitto did not start; its log says why: "));
  EXPECT_THAT(content_of(folder / "mosquitto.log"), HasSubstr("no_such_option"));
  EXPECT_TRUE(nothing_is_left_of(folder));
}

TEST(lab_life, a_program_that_does_not_exist_is_status_127) {
  const lab hosts;
  const result none = hosts.on("board", {"no-such-program"});
  EXPECT_EQ(none.status, 127);
  EXPECT_THAT(none.output, HasSubstr("cannot run no-such-program"));
}

// A lab brought up for one run ends with it, however it ends.
class lab_for_one_run : public testing::TestWithParam<int> {};

TEST_P(lab_for_one_run, leaves_no_process_and_no_namespace_behind) {
  const auto folder = clean_folder();
  const auto file = folder / "bridge.pcapng";
  running starter{{program(), "lab", "run", "--dir", folder.string(), "--capture", file.string()}};
  ASSERT_TRUE(starter.says("[PLACA CONECTADA]")) << starter.said();
  ASSERT_GE(processes_with(folder.string()).size(), 5u) << "keeper, servers, dumpcap, the board";
  starter.signal(GetParam());
  const result ended = starter.ended();
  EXPECT_TRUE(nothing_is_left_of(folder));
  EXPECT_EQ(ended.status, GetParam() == SIGKILL ? 128 + SIGKILL : 0) << ended.output;
  if (GetParam() != SIGKILL) {
    EXPECT_THAT(content_of(folder / "dnsmasq.log"), HasSubstr("DHCPRELEASE")) << "the board said goodbye";
  }
  const result again = recado({"lab", "up", "--dir", folder.string()});
  EXPECT_EQ(again.status, 0) << again.output;
  EXPECT_EQ(recado({"lab", "down", "--dir", folder.string()}).status, 0);
}
INSTANTIATE_TEST_SUITE_P(signal, lab_for_one_run, testing::Values(SIGINT, SIGTERM, SIGHUP, SIGKILL),
                         [](const auto& signal) { return std::to_string(signal.param); });

// However early it is interrupted.
TEST(lab_life, an_interrupted_start_leaves_nothing) {
  const auto folder = clean_folder();
  for (const std::size_t processes : {1u, 2u, 3u, 4u})
    for (const int signal : {SIGTERM, SIGKILL}) {
      running starter{{program(), "lab", "run", "--dir", folder.string()}};
      ASSERT_TRUE(eventually([&] { return processes_with(folder.string()).size() >= processes; }));
      starter.signal(signal);
      EXPECT_NE(starter.ended().status, -1);
      EXPECT_TRUE(nothing_is_left_of(folder)) << processes << ' ' << signal;
    }
}

/// What comes out of a shell on a host that is given these lines.
result typed_into_a_shell(const lab& hosts, const std::string& host, const std::string& lines, const words& around) {
  return run(words{"sh", "-c", "printf '%s' \"$0\" | exec \"$@\"", lines} + around + hosts.command("shell", {host}));
}

TEST(lab_life, a_shell_is_on_its_host_and_knows_its_name) {
  const lab hosts;
  const words shell{"env", "SHELL=/bin/sh"}, none{"env", "-u", "SHELL"}, missing{"env", "SHELL=/no/such/shell"};
  const std::string lines = "echo on $RECADO_LAB_HOST\nip -4 address show eth0\nexit 7\n";
  for (const words& around : {shell, none}) {
    const result there = typed_into_a_shell(hosts, "broker", lines, around);
    EXPECT_EQ(there.status, 7) << there.output;
    EXPECT_THAT(there.output, HasSubstr("recado lab: a shell on broker; 'exit' leaves it\n"));
    EXPECT_THAT(there.output, HasSubstr("on broker\n"));
    EXPECT_THAT(there.output, HasSubstr("inet 10.77.0.2/24"));
  }
  const result router = typed_into_a_shell(hosts, "router", lines, shell);
  EXPECT_THAT(router.output, HasSubstr("on router\n"));
  EXPECT_THAT(router.output, HasSubstr("inet 10.77.0.1/24"));
  const result nothing = typed_into_a_shell(hosts, "board", lines, missing);
  EXPECT_EQ(nothing.status, 127);
  EXPECT_THAT(nothing.output, HasSubstr("cannot run /no/such/shell: No such file or directory"));
}

TEST(lab_life, words_for_a_host_arrive_as_they_are) {
  const lab hosts;
  const result said = hosts.on("board", {"printf", "<%s>", "[TEMA,SECRETO]", "", "a b", "--dir", "*"});
  EXPECT_EQ(said.output, "<[TEMA,SECRETO]><><a b><--dir><*>");
}

TEST(lab_life, comes_up_without_root_by_user_namespaces) {
  const auto folder = clean_folder();
  std::filesystem::create_directories(folder);
  const words as_nobody = as_an_ordinary_user(folder);
  const auto nobody = [&](const std::string& verb, const words& more = {}) {
    return run(as_nobody + words{program(), "lab", verb, "--dir", folder.string()} + more);
  };
  const result up = nobody("up");
  EXPECT_EQ(up.status, 0) << up.output;
  EXPECT_THAT(up.output, HasSubstr("three hosts on a bridge"));
  const result there = nobody("exec", {"board", "--", "ip", "link", "show", "eth0"});
  EXPECT_EQ(there.status, 0) << there.output;
  const result down = nobody("down");
  EXPECT_EQ(down.status, 0) << down.output;
  EXPECT_TRUE(nothing_is_left_of(folder));
}

// In the network of a host of another lab, so that the ports of this machine stay free.
TEST(lab_life, runs_on_loopback_when_asked) {
  const lab outer;
  const std::string folder = (outer.folder() / "inner").string();
  const auto inner = [&](words what) {
    what.insert(what.begin(), {"lab", what[0], "--dir", folder});
    what.erase(what.begin() + 4);
    return outer.recado_on("board", what);
  };
  const result up = inner({"up", "--loopback"});
  EXPECT_EQ(up.status, 0) << up.output;
  EXPECT_THAT(inner({"status"}).output, HasSubstr("lab: on loopback"));
  EXPECT_THAT(content_of(folder + "/device.toml"), HasSubstr("mode = \"as-is\""));
  const result cable = inner({"cable", "unplug", "board"});
  EXPECT_EQ(cable.status, 1);
  EXPECT_THAT(cable.output, HasSubstr("has no cables"));
  const result down = inner({"down"});
  EXPECT_EQ(down.status, 0) << down.output;
  EXPECT_TRUE(nothing_is_left_of(folder));
}

}  // namespace
}  // namespace recado::test
