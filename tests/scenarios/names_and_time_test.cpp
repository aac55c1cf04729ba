// Names and time: dnsmasq and chronyd when they are helpful, and when they aren't.
#include "scenario_for_tests.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <regex>

namespace recado::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// chronyd without "local": up, but it doesn't know the time.
void let_chronyd_forget_the_time(const lab& hosts) {
  hosts.server("stop", "chronyd");
  const auto file = hosts.folder() / "chronyd.conf";
  const std::string text = std::regex_replace(content_of(file), std::regex{"local stratum 3\n"}, "");
  std::ofstream{file} << text;
  hosts.server("start", "chronyd");
}

/// Another chronyd, on the broker's host, that knows the time.
words other_chronyd(const lab& hosts) {
  const auto config = hosts.folder() / "other.conf";
  std::ofstream{config} << "local stratum 5\nallow\ncmdport 0\nbindcmdaddress /\npidfile "
                        << (hosts.folder() / "other.pid").string() << '\n';
  return hosts.on_command("broker",
                          {RECADO_SERVERS "/usr/sbin/chronyd", "-d", "-x", "-U", "-u", "root", "-f", config.string()});
}

/// A DNS server on the broker's host that answers everything with this response code.
words answers_everything_with(const lab& hosts, int code) {
  const std::string flags = std::to_string(0x8180 + code);
  return hosts.on_command(
      "broker",
      {"perl", "-MIO::Socket::INET", "-e",
       "$| = 1; $s = IO::Socket::INET->new(LocalAddr => '10.77.0.2', LocalPort => 53, Proto => 'udp') or die; "
       "print 'ready'; while ($s->recv($m, 1500)) { substr($m, 2, 2) = pack('n', " +
           flags + "); $s->send($m) }"});
}

TEST(names, an_alias_leads_to_the_broker) {
  const lab hosts;
  running board{hosts.board_with({"broker.servers=mqtt.lab"})};
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
}

TEST(names, probe_shows_aliases_and_long_answers_over_tcp) {
  const auto names = own_folder().string() + ".hosts";
  std::filesystem::create_directories(own_folder().parent_path());
  {
    std::ofstream file{names};
    for (int i = 1; i <= 120; ++i) file << "10.77.1." << i << " many.lab\n";
  }
  const lab hosts{{"--dnsmasq", "addn-hosts=" + names}};
  const result alias = hosts.recado_on("broker", {"probe", "dns", "mqtt.lab", "--server", "10.77.0.1"});
  EXPECT_EQ(alias.status, 0) << alias.output;
  EXPECT_THAT(alias.output, AllOf(HasSubstr("mqtt.lab. CNAME, class IN"), HasSubstr("broker.lab."),
                                  HasSubstr("addresses"), HasSubstr("    10.77.0.2\n")));
  const result many = hosts.recado_on("broker", {"probe", "dns", "many.lab", "--family", "4", "--server", "10.77.0.1"});
  EXPECT_EQ(many.status, 0) << many.output;
  EXPECT_THAT(many.output, AllOf(HasSubstr("truncated"), HasSubstr("DNS over TCP"), HasSubstr("    10.77.1.")));
}

TEST(names, each_failure_has_its_own_words) {
  const lab hosts;
  running broken{answers_everything_with(hosts, 2)};
  ASSERT_TRUE(broken.says("ready"));
  struct row {
    const char* name;
    const char* server;
    const char* says;
  };
  const row table[] = {
      {"nobody.lab", "10.77.0.1", "no such name exists (NXDOMAIN); check the spelling of the host name"},
      {"example.org", "10.77.0.1", "the DNS servers refuse to answer (REFUSED); name a DNS server that serves"},
      {"broker.lab", "10.77.0.2", "the DNS servers failed to find out (SERVFAIL); try again later"},
  };
  for (const row& each : table) {
    const result probe = hosts.recado_on("router", {"probe", "dns", each.name, "--server", each.server});
    EXPECT_EQ(probe.status, 1) << each.name;
    EXPECT_THAT(probe.output, HasSubstr(each.says));
    running board{hosts.board_with({std::string{"broker.servers="} + each.name, "ntp.servers=10.77.0.1",
                                    std::string{"dns.servers="} + each.server, "reconnect.rounds=1"})};
    const result ended = board.ended();
    EXPECT_EQ(ended.status, 1) << ended.output;
    EXPECT_THAT(ended.output, AllOf(HasSubstr("name of the broker"), HasSubstr(each.says)));
  }
}

TEST(names, a_server_that_fails_gives_way_to_the_next) {
  const lab hosts;
  running broken{answers_everything_with(hosts, 2)};
  ASSERT_TRUE(broken.says("ready"));
  running board{hosts.board_with({"dns.servers=[\"10.77.0.2\",\"10.77.0.1\"]"})};
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
}

TEST(names, a_server_that_is_not_there_gives_way_to_the_next) {
  const lab hosts;
  running board{hosts.board_with({"dns.servers=[\"10.77.0.9\",\"10.77.0.1\"]"})};
  ASSERT_TRUE(board.says("[PLACA CONECTADA]", std::chrono::seconds{40})) << board.said();
}

TEST(time_servers, one_that_does_not_know_the_time_gives_way_to_the_next) {
  const lab hosts;
  let_chronyd_forget_the_time(hosts);
  const result probe = hosts.recado_on("broker", {"probe", "ntp", "10.77.0.1"});
  EXPECT_EQ(probe.status, 1);
  EXPECT_THAT(probe.output, HasSubstr("the NTP server doesn't know the time itself (unsynchronised); wait until"));
  running other{other_chronyd(hosts)};
  ASSERT_TRUE(other.says("chronyd version")) << other.said();
  running board{hosts.board_with({"ntp.servers=[\"ntp.lab\",\"10.77.0.2\"]"})};
  ASSERT_TRUE(board.says("unsynchronised")) << board.said();
  ASSERT_TRUE(board.says("stratum 5")) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
}

TEST(time_servers, a_silent_one_gives_way_to_the_next) {
  const lab hosts;
  running other{other_chronyd(hosts)};
  ASSERT_TRUE(other.says("chronyd version")) << other.said();
  const auto frozen = processes_with((hosts.folder() / "chronyd.conf").string());
  ASSERT_EQ(frozen.size(), 1u);
  ::kill(frozen[0], SIGSTOP);
  running board{hosts.board_with({"ntp.servers=[\"ntp.lab\",\"10.77.0.2\"]"})};
  EXPECT_TRUE(board.says("no NTP server answered in time; check the NTP server's address")) << board.said();
  EXPECT_TRUE(board.says("stratum 5")) << board.said();
  EXPECT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  ::kill(frozen[0], SIGCONT);
}

/// The device without the right to set any clock, whoever runs the test.
words without_the_right_to_set_a_clock(const words& board) {
  words all{"setpriv", "--inh-caps=-sys_time", "--bounding-set=-sys_time"};
  if (::geteuid() != 0) all = {"env"};
  all.insert(all.end(), board.begin(), board.end());
  return all;
}

// What the system is told, seen by a library in front of the system call; no test sets a clock.
TEST(time_servers, set_the_systems_clock_only_when_asked) {
  const lab hosts;
  const auto file = hosts.folder() / "clock.txt";
  const auto run_once = [&](const words& arguments) {
    words all{"env", "LD_PRELOAD=" RECADO_RECORDED_CLOCK, "RECADO_TEST_CLOCK=" + file.string(),
              "ASAN_OPTIONS=verify_asan_link_order=0"};
    const words board = without_the_right_to_set_a_clock(hosts.board(arguments));
    all.insert(all.end(), board.begin(), board.end());
    running device{all};
    EXPECT_TRUE(device.says("[PLACA CONECTADA]")) << device.said();
    device.signal(SIGTERM);
    const result ended = device.ended();
    EXPECT_EQ(ended.status, 0) << ended.output;
    return ended.output;
  };
  run_once({});
  EXPECT_FALSE(std::filesystem::exists(file)) << "it was set without being asked to";
  EXPECT_THAT(run_once({"--set-system-clock"}), Not(HasSubstr("warning")));
  const std::string told = content_of(file);
  ASSERT_EQ(std::count(told.begin(), told.end(), '\n'), 1) << told;
  EXPECT_LT(std::abs(std::stoll(told) - std::time(nullptr)), 60) << "the lab's server has this machine's time";
}

TEST(time_servers, without_the_right_to_set_the_systems_clock_it_says_so) {
  const lab hosts;
  running device{without_the_right_to_set_a_clock(hosts.board({"--set-system-clock"}))};
  ASSERT_TRUE(device.says("[PLACA CONECTADA]")) << device.said();
  device.signal(SIGTERM);
  const result ended = device.ended();
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("warning: the system's clock was not set: that is not allowed; run it as root"));
}

TEST(time_servers, without_any_a_plausible_clock_is_good_enough) {
  const lab hosts;
  hosts.server("stop", "chronyd");
  running board{hosts.board()};
  ASSERT_TRUE(board.says("NTP: ")) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]", std::chrono::seconds{40})) << board.said();
}

TEST(time_servers, without_any_and_without_a_clock_certificates_are_not_believed) {
  const lab hosts;
  let_chronyd_forget_the_time(hosts);
  running board{hosts.board_with({"ntp.trust_clock=false", "reconnect.rounds=1"})};
  const result ended = board.ended(std::chrono::seconds{40});
  EXPECT_EQ(ended.status, 1) << ended.output;
  EXPECT_THAT(ended.output,
              HasSubstr("the NTP server doesn't know the time itself (unsynchronised); wait until the server"));
  EXPECT_THAT(ended.output, Not(HasSubstr("connection to the broker")));
}

}  // namespace
}  // namespace recado::test
