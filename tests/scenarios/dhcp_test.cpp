// The address: dnsmasq in all its moods.
#include "scenario_for_tests.hpp"

#include <csignal>
#include <fstream>
#include <regex>

namespace recado::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string addresses_of_board(const lab& hosts) {
  return hosts.on("board", {"ip", "-4", "address", "show", "eth0"}).output;
}

/// Changes a line of dnsmasq's configuration, forgets its leases and starts it again.
void reconfigure_dnsmasq(const lab& hosts, const std::string& from, const std::string& to) {
  hosts.server("stop", "dnsmasq");
  const auto file = hosts.folder() / "dnsmasq.conf";
  const std::string text = std::regex_replace(content_of(file), std::regex{from}, to);
  std::ofstream{file} << text;
  std::filesystem::remove(hosts.folder() / "dnsmasq.leases");
  hosts.server("start", "dnsmasq");
}

/// Whether dnsmasq gave an address to the board's interface.
std::size_t acknowledged(const lab& hosts) { return count_in(hosts.log("dnsmasq"), "DHCPACK(eth0)"); }

TEST(dhcp, applies_all_of_the_lease_and_takes_it_back) {
  const std::string before = content_of("/etc/resolv.conf");
  const auto touched = std::filesystem::last_write_time("/etc/resolv.conf");
  const lab hosts{{"--dnsmasq", "dhcp-option=option:mtu,1400", "--dnsmasq",
                   "dhcp-option=121,192.0.2.0/24,10.77.0.2,0.0.0.0/0,10.77.0.1"}};
  running board{hosts.board()};
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  EXPECT_THAT(addresses_of_board(hosts), HasSubstr("inet 10.77.0.1"));
  const std::string routes = hosts.on("board", {"ip", "-4", "route", "show"}).output;
  EXPECT_THAT(routes, AllOf(HasSubstr("default via 10.77.0.1"), HasSubstr("192.0.2.0/24 via 10.77.0.2"),
                            HasSubstr("10.77.0.0/24")));
  EXPECT_THAT(hosts.on("board", {"ip", "link", "show", "eth0"}).output, HasSubstr("mtu 1400"));
  EXPECT_THAT(content_of(hosts.log("dnsmasq")), HasSubstr("client provides name: board"));
  board.signal(SIGTERM);
  EXPECT_EQ(board.ended().status, 0) << board.said();
  EXPECT_TRUE(hosts.logs("dnsmasq", "DHCPRELEASE(eth0)"));
  EXPECT_THAT(addresses_of_board(hosts), Not(HasSubstr("inet ")));
  EXPECT_THAT(hosts.on("board", {"ip", "-4", "route", "show"}).output, Not(HasSubstr("via")));
  EXPECT_THAT(hosts.on("board", {"ip", "link", "show", "eth0"}).output, HasSubstr("mtu 1500"));
  EXPECT_EQ(content_of("/etc/resolv.conf"), before);
  EXPECT_EQ(std::filesystem::last_write_time("/etc/resolv.conf"), touched);
}

TEST(dhcp, a_silent_server_leads_to_the_static_address_after_the_attempts) {
  const lab hosts{{"--dnsmasq", "no-dhcp-interface=eth0"}};
  running board{hosts.board_with({"dhcp.attempts=4"})};
  ASSERT_TRUE(board.says("no DHCP server answered; check the cable and that a DHCP server serves this network"))
      << board.said();
  ASSERT_TRUE(board.says("10.77.0.50/24 (static)")) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  EXPECT_THAT(addresses_of_board(hosts), HasSubstr("inet 10.77.0.50/24"));
}

TEST(dhcp, no_attempts_mean_the_static_address_at_once) {
  const lab hosts;
  running board{hosts.board_with({"dhcp.attempts=0"})};
  ASSERT_TRUE(board.says("10.77.0.50/24 (static)")) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  board.signal(SIGTERM);
  EXPECT_EQ(board.ended().status, 0);
  EXPECT_THAT(content_of(hosts.log("dnsmasq")), AllOf(Not(HasSubstr("DHCPDISCOVER")), Not(HasSubstr("DHCPREQUEST"))));
  EXPECT_THAT(addresses_of_board(hosts), Not(HasSubstr("inet ")));
}

// RFC 2131 §4.4.2: with a remembered address it asks for that one first.
TEST(dhcp, asks_for_the_remembered_address_again) {
  const lab hosts;
  {
    running board{hosts.board()};
    ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
    board.signal(SIGKILL);
    board.ended();
  }
  ASSERT_EQ(acknowledged(hosts), 1u);
  const auto discovers = count_in(hosts.log("dnsmasq"), "DHCPDISCOVER(eth0)");
  running again{hosts.board()};
  ASSERT_TRUE(again.says("[PLACA CONECTADA]")) << again.said();
  EXPECT_EQ(acknowledged(hosts), 2u);
  EXPECT_EQ(count_in(hosts.log("dnsmasq"), "DHCPDISCOVER(eth0)"), discovers);
}

TEST(dhcp, starts_anew_when_the_server_refuses_the_remembered_address) {
  const lab hosts;
  {
    running board{hosts.board()};
    ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
    board.signal(SIGKILL);
    board.ended();
  }
  reconfigure_dnsmasq(hosts, "dhcp-range=10.77.0.100,10.77.0.199", "dhcp-range=10.77.0.200,10.77.0.209");
  running again{hosts.board()};
  ASSERT_TRUE(again.says("10.77.0.20")) << again.said();
  ASSERT_TRUE(again.says("[PLACA CONECTADA]")) << again.said();
  EXPECT_TRUE(hosts.logs("dnsmasq", "DHCPNAK(eth0)"));
  const std::string addresses = addresses_of_board(hosts);
  EXPECT_THAT(addresses, HasSubstr("inet 10.77.0.20"));
  EXPECT_THAT(addresses, Not(HasSubstr("inet 10.77.0.1"))) << "the refused address is still in use";
}

TEST(dhcp, renews_the_lease_at_t1) {
  const lab hosts{{"--dnsmasq", "dhcp-option-force=58,2i", "--dnsmasq", "dhcp-option-force=59,4i"}};
  running board{hosts.board_with({"device.console=debug"})};
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  ASSERT_TRUE(board.says("the lease was renewed")) << board.said();
  ASSERT_TRUE(board.says("the lease was renewed")) << board.said();
  EXPECT_TRUE(hosts.logs("dnsmasq", "DHCPACK(eth0)", 3));
  EXPECT_EQ(count_in(hosts.log("dnsmasq"), "DHCPDISCOVER(eth0)"), 1u);
  EXPECT_THAT(board.said(), Not(HasSubstr(" lost "))) << "a renewal must not disturb the connection";
}

// RFC 2131 §4.4.5: at T1 the server is asked directly and doesn't hear it, for it has moved; at T2 everybody is asked.
TEST(dhcp, rebinds_at_t2_when_the_server_cannot_be_reached_directly) {
  const lab hosts{{"--dnsmasq", "dhcp-option-force=58,2i", "--dnsmasq", "dhcp-option-force=59,5i"}};
  const auto file = hosts.folder() / "own.pcapng";
  running board{hosts.board_with({"device.console=debug", "device.publish_s=0"}, {"--pcapng", file.string()})};
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  for (const words& each : {words{"ip", "address", "add", "10.77.0.3/24", "dev", "eth0"},
                            words{"ip", "address", "del", "10.77.0.1/24", "dev", "eth0"},
                            words{"ip", "address", "add", "10.77.0.3/24", "dev", "eth0"}})
    (void)hosts.on("router", each);  // with the first address the kernel may take the second one away
  ASSERT_TRUE(board.says("the lease was renewed")) << board.said();
  EXPECT_TRUE(hosts.logs("dnsmasq", "DHCPACK(eth0)", 2));
  EXPECT_EQ(count_in(hosts.log("dnsmasq"), "DHCPDISCOVER(eth0)"), 1u);
  EXPECT_THAT(board.said(), Not(HasSubstr(" lost "))) << "rebinding must not disturb the connection";
  board.signal(SIGTERM);
  EXPECT_EQ(board.ended().status, 0) << board.said();
  // REQUESTs that name their own address (ciaddr): first to the server alone, the last one to everybody.
  const result requests =
      run({"sh", "-c",
           "tshark -r '" + file.string() +
               "' -Y 'dhcp.option.dhcp == 3 && dhcp.ip.client != 0.0.0.0' -T fields -e ip.dst 2>/dev/null"},
          std::chrono::seconds{60});
  EXPECT_THAT(requests.output, testing::StartsWith("10.77.0.1\n"));
  EXPECT_THAT(requests.output, HasSubstr("255.255.255.255\n"));
}

TEST(dhcp, declines_an_address_that_another_host_has) {
  const lab hosts{{"--dnsmasq", "dhcp-range=10.77.0.220,10.77.0.221,255.255.255.0,1h"}};
  reconfigure_dnsmasq(hosts, "dhcp-range=10.77.0.100,10.77.0.199,255.255.255.0,1h\n", "");
  for (const char* each : {"10.77.0.220/24", "10.77.0.221/24"})
    ASSERT_EQ(hosts.on("broker", {"ip", "address", "add", each, "dev", "eth0"}).status, 0);
  running board{hosts.board_with({"dhcp.attempts=200"})};
  ASSERT_TRUE(hosts.logs("dnsmasq", "DHCPDECLINE(eth0)")) << board.said();
  for (const char* each : {"10.77.0.220/24", "10.77.0.221/24"})
    ASSERT_EQ(hosts.on("broker", {"ip", "address", "del", each, "dev", "eth0"}).status, 0);
  ASSERT_TRUE(board.says("[PLACA CONECTADA]", std::chrono::seconds{40})) << board.said();
  EXPECT_THAT(addresses_of_board(hosts), HasSubstr("inet 10.77.0.22"));
}

TEST(dhcp, a_pulled_cable_is_noticed_and_the_board_comes_back) {
  const lab hosts;
  running board{hosts.board()};
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  ASSERT_EQ(hosts("cable", {"unplug", "board"}).status, 0);
  ASSERT_TRUE(board.says(" lost ")) << board.said();
  // QoS 1 for a client that is away: the broker keeps it, for the session outlives the connection.
  const result sent = run(hosts.visitor("mosquitto_pub", {"-q", "1", "-t", "[TEMA_SECRETO]", "-m", "LD1OFF"}));
  EXPECT_EQ(sent.status, 0) << sent.output;
  ASSERT_EQ(hosts("cable", {"plug", "board"}).status, 0);
  // RFC 8446 §2.2: with the ticket of the first connection, so without certificates.
  ASSERT_TRUE(board.says("ok TLS ")) << board.said();
  ASSERT_TRUE(board.says(", resumed\n")) << board.said();
  ASSERT_TRUE(board.says("MQTT 5.0, session resumed")) << board.said();
  ASSERT_TRUE(board.says("LED 1 off")) << board.said();
}

}  // namespace
}  // namespace recado::test
