// One rung at a time against the real servers: what is shown, and what is said when it fails.
#include "scenario_for_tests.hpp"

namespace recado::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// The line on standard error that a failed probe ends with: "recado probe …: cause; remedy".
void expect_failure(const result& probe, const std::string& name, const std::string& cause) {
  EXPECT_EQ(probe.status, 1) << probe.output;
  const auto last = probe.output.rfind("recado probe " + name + ": ");
  ASSERT_NE(last, std::string::npos) << probe.output;
  const std::string line = probe.output.substr(last);
  EXPECT_THAT(line, HasSubstr(cause));
  EXPECT_THAT(line, HasSubstr("; ")) << "no remedy in: " << line;
}

words with_tls(const lab& hosts, words command, const std::string& client = "visitor") {
  command.insert(command.end(), {"--cafile", hosts.pki("root-ca.crt").string()});
  if (!client.empty())
    command.insert(command.end(), {"--cert", hosts.pki("clients/" + client + "-chain.crt").string(), "--key",
                                   hosts.pki("clients/" + client + ".key").string()});
  return command;
}

TEST(probe, dhcp_shows_the_dialogue_and_gives_the_address_back) {
  const lab hosts;
  const result probe = hosts.recado_on("board", {"probe", "dhcp"});
  EXPECT_EQ(probe.status, 0) << probe.output;
  EXPECT_THAT(probe.output, AllOf(HasSubstr("message type: DISCOVER"), HasSubstr("message type: OFFER"),
                                  HasSubstr("message type: REQUEST"), HasSubstr("message type: ACK"),
                                  HasSubstr("ARP probe"), HasSubstr("routers 10.77.0.1"),
                                  HasSubstr("lease time 3600 s"), HasSubstr("message type: RELEASE")));
  EXPECT_TRUE(hosts.logs("dnsmasq", "DHCPRELEASE(eth0)"));
  const result kept = hosts.recado_on("board", {"probe", "dhcp", "--keep", "--arp", "0"});
  EXPECT_EQ(kept.status, 0) << kept.output;
  EXPECT_THAT(kept.output, Not(HasSubstr("RELEASE")));
  EXPECT_THAT(hosts.on("board", {"ip", "-4", "address", "show", "eth0"}).output, Not(HasSubstr("inet ")))
      << "no change";
}

// RFC 2131 §3.4: a host that has its address asks for the rest.
TEST(probe, dhcp_inform_asks_for_the_parameters_only) {
  const lab hosts;
  const result probe = hosts.recado_on("broker", {"probe", "dhcp", "--inform", "10.77.0.2"});
  EXPECT_EQ(probe.status, 0) << probe.output;
  EXPECT_THAT(probe.output, AllOf(HasSubstr("message type: INFORM"), HasSubstr("message type: ACK"),
                                  HasSubstr("NTP servers 10.77.0.1"), Not(HasSubstr("DISCOVER"))));
  EXPECT_TRUE(hosts.logs("dnsmasq", "DHCPINFORM(eth0) 10.77.0.2"));
}

TEST(probe, dhcp_without_a_server_or_cable_says_so) {
  const lab hosts;
  hosts.server("stop", "dnsmasq");
  expect_failure(hosts.recado_on("board", {"probe", "dhcp", "--timeout", "2"}), "dhcp", "no DHCP server answered");
  ASSERT_EQ(hosts("cable", {"unplug", "board"}).status, 0);
  expect_failure(hosts.recado_on("board", {"probe", "dhcp", "--timeout", "1"}), "dhcp", "cable");
}

TEST(probe, ntp_shows_the_four_time_stamps_and_the_offset) {
  const lab hosts;
  const result probe = hosts.recado_on("broker", {"probe", "ntp", "10.77.0.1", "--samples", "2"});
  EXPECT_EQ(probe.status, 0) << probe.output;
  EXPECT_THAT(probe.output, AllOf(HasSubstr("mode client (3)"), HasSubstr("mode server (4)"), HasSubstr("stratum 3"),
                                  HasSubstr("origin"), HasSubstr("delay"), HasSubstr("samples 2"), HasSubstr("UTC")));
  hosts.server("stop", "chronyd");
  expect_failure(hosts.recado_on("broker", {"probe", "ntp", "10.77.0.1"}), "ntp", "no NTP server");
}

TEST(probe, dns_without_a_server_says_so) {
  const lab hosts;
  hosts.server("stop", "dnsmasq");
  expect_failure(hosts.recado_on("broker", {"probe", "dns", "broker.lab", "--server", "10.77.0.1"}), "dns",
                 "DNS server");
}

TEST(probe, tls_shows_the_chain_certificate_by_certificate) {
  const lab hosts;
  const result probe = hosts.recado_on("router", with_tls(hosts, {"probe", "tls", "10.77.0.2"}));
  EXPECT_EQ(probe.status, 0) << probe.output;
  EXPECT_THAT(probe.output,
              AllOf(HasSubstr("certificate at depth 0"), HasSubstr("certificate at depth 1"),
                    HasSubstr("certificate at depth 2"), HasSubstr("verdict: valid"), HasSubstr("CN=broker.lab"),
                    HasSubstr("ECDSA"), HasSubstr("broker.lab"), HasSubstr("mqtt.lab"), HasSubstr("TLS 1.3")));
  const result older =
      hosts.recado_on("router", with_tls(hosts, {"probe", "tls", "10.77.0.2", "--tls-version", "1.2"}));
  EXPECT_EQ(older.status, 0) << older.output;
  EXPECT_THAT(older.output, HasSubstr("TLS 1.2"));
}

TEST(probe, tls_says_what_is_wrong) {
  const lab hosts;
  expect_failure(hosts.recado_on("router", {"probe", "tls", "10.77.0.2"}), "tls", "unknown authority");
  expect_failure(hosts.recado_on("router", with_tls(hosts, {"probe", "tls", "10.77.0.2"}, "")), "tls",
                 "client certificate");
  expect_failure(hosts.recado_on("router", with_tls(hosts, {"probe", "tls", "10.77.0.2", "-p", "1883"})), "tls", "TLS");
  expect_failure(hosts.recado_on("router", with_tls(hosts, {"probe", "tls", "10.77.0.2", "-p", "4711"})), "tls",
                 "refused");
}

TEST(probe, mqtt_shows_what_the_broker_offers_in_both_versions) {
  const lab hosts;
  const result probe = hosts.recado_on(
      "router", with_tls(hosts, {"probe", "mqtt", "10.77.0.2", "-i", "prober", "-u", "ana", "-P", "s3cr3t-w0rd"}));
  EXPECT_EQ(probe.status, 0) << probe.output;
  EXPECT_THAT(probe.output, AllOf(HasSubstr("CONNECT"), HasSubstr("CONNACK"), HasSubstr("Success (0x00)"),
                                  HasSubstr("receive maximum 20"), HasSubstr("DISCONNECT"), HasSubstr("prober"),
                                  HasSubstr("ana"), Not(HasSubstr("s3cr3t-w0rd"))));
  const result older = hosts.recado_on("router", {"probe", "mqtt", "10.77.0.2", "-V", "311"});
  EXPECT_EQ(older.status, 0) << older.output;
  EXPECT_THAT(older.output, HasSubstr("MQTT 3.1.1"));
  expect_failure(hosts.recado_on("router", {"probe", "mqtt", "10.77.0.2", "-p", "8883"}), "mqtt", "speaks TLS");
}

TEST(probe, mqtt_says_why_the_broker_refuses) {
  const lab hosts{{"--mosquitto", "password_file /dev/null"}};
  const auto config = content_of(hosts.folder() / "mosquitto.conf");
  const result probe = hosts.recado_on("router", {"probe", "mqtt", "10.77.0.2", "-u", "ana", "-P", "wrong"});
  expect_failure(probe, "mqtt", "ot authori");
}

}  // namespace
}  // namespace recado::test
