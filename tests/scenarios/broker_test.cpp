// The broker: gone and back again, and with certificates that are wrong in each way.
#include "scenario_for_tests.hpp"

#include <csignal>
#include <fstream>

namespace recado::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

result pki(const lab& hosts, words what, const std::string& folder = "pki") {
  what.insert(what.begin(), "pki");
  what.insert(what.end(), {"--dir", (hosts.folder() / folder).string()});
  const result done = recado(what);
  EXPECT_EQ(done.status, 0) << done.output;
  return done;
}

/// Gives the broker another certificate for its name, made with these options.
void give_broker_another_certificate(const lab& hosts, const words& options, const std::string& folder = "pki") {
  words all{"server", "broker.lab", "--force"};
  all.insert(all.end(), options.begin(), options.end());
  pki(hosts, all, folder);
  if (folder != "pki")
    for (const char* each : {"servers/broker.lab-chain.crt", "servers/broker.lab.key"})
      std::filesystem::copy_file(hosts.folder() / folder / each, hosts.pki(each),
                                 std::filesystem::copy_options::overwrite_existing);
  hosts.server("restart", "mosquitto");
}

/// One round against the broker; how it ended.
result one_round(const lab& hosts, words settings = {}) {
  settings.push_back("reconnect.rounds=1");
  return run(hosts.board_with(settings));
}

void expect_refusal(const result& ended, const std::string& words_of_it) {
  EXPECT_EQ(ended.status, 1) << ended.output;
  EXPECT_THAT(ended.output, AllOf(HasSubstr("  !! TLS"), HasSubstr(words_of_it), Not(HasSubstr("LED 3 on"))));
  EXPECT_THAT(last_word(ended.output), HasSubstr("TLS: ")) << "the last line says why";
}

TEST(broker, a_restart_is_survived_and_loses_nothing) {
  const lab hosts;
  running seen{hosts.visitor("mosquitto_sub", {"-t", "#", "-q", "1", "-i", "witness", "-c", "-F", "%p|"})};
  ASSERT_TRUE(hosts.logs("mosquitto", "Sending SUBACK to witness"));
  running board{hosts.board_with({"reconnect.first_ms=200", "device.publish_s=1"})};
  ASSERT_TRUE(seen.says("[PLACA CONECTADA]|")) << board.said();
  hosts.server("stop", "mosquitto");
  ASSERT_TRUE(board.says(" lost ")) << board.said();
  ASSERT_TRUE(board.says("keeping for later ")) << board.said();
  ASSERT_TRUE(board.says("next attempt in ")) << board.said();
  hosts.server("start", "mosquitto");
  ASSERT_TRUE(board.says("LED 3 on")) << board.said();
  ASSERT_TRUE(board.says("publishing [PLACA CONECTADA]")) << board.said();
  ASSERT_TRUE(seen.says("[PLACA CONECTADA]|")) << seen.said();
  // What was kept while the broker was away arrives: each date exactly once.
  const auto kept = board.said().find("keeping for later ") + 18;
  const std::string date = board.said().substr(kept, board.said().find('\n', kept) - kept);
  EXPECT_TRUE(eventually([&] {
    seen.says("\n", std::chrono::milliseconds{50});
    return seen.said().find(date + "|") != std::string::npos;
  })) << date
      << " is missing in " << seen.said();
  const result sent = run(hosts.visitor("mosquitto_pub", {"-q", "1", "-t", "[TEMA_SECRETO]", "-m", "LD2OFF"}));
  EXPECT_EQ(sent.status, 0) << sent.output;
  EXPECT_TRUE(board.says("LED 2 off")) << board.said();
}

TEST(broker, without_it_the_board_stays_and_tries_again) {
  const lab hosts;
  hosts.server("stop", "mosquitto");
  running board{hosts.board_with({"reconnect.first_ms=100"})};
  ASSERT_TRUE(board.says("refused")) << board.said();
  ASSERT_TRUE(board.says("next attempt in ")) << board.said();
  ASSERT_TRUE(board.says("next attempt in ")) << board.said();
  hosts.server("start", "mosquitto");
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  board.signal(SIGTERM);
  EXPECT_EQ(board.ended().status, 0);
}

// A listening socket of a stopped process: the kernel connects, and nobody says a word.
TEST(broker, a_silent_one_gives_way_to_the_alternative) {
  const lab hosts;
  const std::string config = (hosts.folder() / "silent.conf").string();
  std::ofstream{config} << "listener 4711 10.77.0.1\n";
  running silent{hosts.on_command("router", {RECADO_SERVERS "/usr/sbin/mosquitto", "-v", "-c", config})};
  ASSERT_TRUE(silent.says(" running")) << silent.said();  // and listening: it says so of its socket before
  const auto found = processes_with(config);
  ASSERT_EQ(found.size(), 1u);
  ::kill(found[0], SIGSTOP);
  running board{hosts.board_with({"broker.servers=[\"10.77.0.1:4711\",\"broker.lab\"]"})};
  ASSERT_TRUE(board.says("10.77.0.1:4711")) << board.said();
  ASSERT_TRUE(board.says("  !! TLS", std::chrono::seconds{40})) << board.said();
  ASSERT_TRUE(board.says("; ")) << "no remedy";
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  ::kill(found[0], SIGCONT);
}

// TLS here and not there, and the other way round: the last line says what to change.
TEST(broker, tls_on_one_side_only_is_said_with_the_remedy) {
  const lab hosts;
  const result plain_port = one_round(hosts, {"broker.port=1883"});
  EXPECT_EQ(plain_port.status, 1);
  EXPECT_THAT(last_word(plain_port.output),
              AllOf(HasSubstr("during the TLS handshake"), HasSubstr("; check that this port speaks TLS")));
  const result tls_port = one_round(hosts, {"tls.enabled=false", "broker.plain_port=8883"});
  EXPECT_EQ(tls_port.status, 1);
  EXPECT_THAT(last_word(tls_port.output), AllOf(HasSubstr("closed the connection without an answer"),
                                                HasSubstr("; if this port speaks TLS set tls.enabled = true")));
  // OpenSSL's server closes too, with or without an alert before.
  running openssl{hosts.on_command("router", {"openssl", "s_server", "-accept", "10.77.0.1:4711", "-www", "-cert",
                                              hosts.pki("servers/broker.lab-chain.crt").string(), "-key",
                                              hosts.pki("servers/broker.lab.key").string()})};
  ASSERT_TRUE(openssl.says("ACCEPT")) << openssl.said();
  const result alert = one_round(hosts, {"tls.enabled=false", "broker.servers=10.77.0.1:4711"});
  EXPECT_EQ(alert.status, 1);
  EXPECT_THAT(last_word(alert.output), HasSubstr("set tls.enabled = true"));
}

TEST(broker, an_alternative_is_used) {
  const lab hosts;
  running board{hosts.board_with(
      {"broker.servers=[\"router.lab\",\"10.77.0.2\"]", "tls.server_name=broker.lab", "reconnect.first_ms=100"})};
  ASSERT_TRUE(board.says("10.77.0.2:8883")) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
}

TEST(certificate, of_an_unknown_authority) {
  const lab hosts;
  pki(hosts, {"init"}, "other-pki");
  expect_refusal(one_round(hosts, {"tls.ca=\"" + (hosts.folder() / "other-pki/root-ca.crt").string() + "\""}),
                 "signed by an unknown authority: ");
}

TEST(certificate, expired) {
  const lab hosts;
  give_broker_another_certificate(hosts, {"--from", "2026-01-01", "--to", "2026-01-02"});
  expect_refusal(one_round(hosts), "expired on 2026-01-02");
}

TEST(certificate, not_yet_valid) {
  const lab hosts;
  give_broker_another_certificate(hosts, {"--from", "2035-01-01", "--to", "2035-06-01"});
  expect_refusal(one_round(hosts), "not yet valid until 2035-01-01");
}

TEST(certificate, for_another_name) {
  const lab hosts;
  give_broker_another_certificate(hosts, {"--dns", "a.example"});
  expect_refusal(one_round(hosts, {"broker.servers=mqtt.lab"}), "issued for ");
  expect_refusal(one_round(hosts, {"broker.servers=mqtt.lab"}), "not mqtt.lab");
}

TEST(certificate, revoked) {
  const lab hosts;
  const std::string crl = "tls.crl=\"" + hosts.pki("ca.crl").string() + "\"";
  {
    running good{hosts.board_with({crl})};
    EXPECT_TRUE(good.says("[PLACA CONECTADA]")) << good.said();
  }
  pki(hosts, {"revoke", "broker.lab"});
  expect_refusal(one_round(hosts, {crl}), "revoked");
}

TEST(certificate, of_the_client_missing) {
  const lab hosts;
  const result ended = one_round(hosts, {"tls.client_authentication=false", "tls.certificate=", "tls.key="});
  EXPECT_EQ(ended.status, 1) << ended.output;
  EXPECT_THAT(ended.output, AllOf(HasSubstr("the server requires a client certificate; give a certificate and its key"),
                                  Not(HasSubstr("LED 3 on"))));
}

TEST(certificate, of_the_client_foreign) {
  const lab hosts;
  pki(hosts, {"init"}, "other-pki");
  pki(hosts, {"client", "board"}, "other-pki");
  const auto other = hosts.folder() / "other-pki/clients";
  const result ended = one_round(hosts, {"tls.certificate=\"" + (other / "board-chain.crt").string() + "\"",
                                         "tls.key=\"" + (other / "board.key").string() + "\""});
  EXPECT_EQ(ended.status, 1) << ended.output;
  EXPECT_THAT(ended.output,
              AllOf(HasSubstr("refused the client certificate"), HasSubstr("unknown_ca"), Not(HasSubstr("LED 3 on"))));
}

TEST(certificate, of_the_client_revoked) {
  const lab hosts{{"--mosquitto", "crlfile " + (own_folder() / "pki/ca.crl").string()}};
  {
    running good{hosts.board()};
    EXPECT_TRUE(good.says("[PLACA CONECTADA]")) << good.said();
  }
  pki(hosts, {"revoke", "board"});
  hosts.server("restart", "mosquitto");
  const result ended = one_round(hosts);
  EXPECT_EQ(ended.status, 1) << ended.output;
  EXPECT_THAT(ended.output,
              AllOf(HasSubstr("refused the client certificate"), HasSubstr("revoked"), Not(HasSubstr("LED 3 on"))));
}

TEST(certificate, judged_by_a_clock_that_was_never_set) {
  const lab hosts;
  give_broker_another_certificate(hosts, {"--from", "2035-01-01", "--to", "2035-06-01"});
  hosts.server("stop", "chronyd");
  expect_refusal(one_round(hosts, {"ntp.trust_clock=false", "ntp.on_failure=go-on"}),
                 "this device's clock was never set and is the likely cause");
}

}  // namespace
}  // namespace recado::test
