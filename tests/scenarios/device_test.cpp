// The device application as its user meets it: the ladder, LEDs by messages, the goodbye, the test mode.
#include "scenario_for_tests.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <regex>

namespace recado::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Prints each message of the public topic as "PAYLOAD|".
words listener(const lab& hosts, const words& more = {}) {
  words all{"-t", "[TEMA_PÚBLICO]", "-F", "%p|"};
  all.insert(all.end(), more.begin(), more.end());
  return hosts.visitor("mosquitto_sub", all);
}

void order(const lab& hosts, const std::string& message, const std::string& topic = "[TEMA_SECRETO]") {
  const result sent = run(hosts.visitor("mosquitto_pub", {"-q", "1", "-t", topic, "-m", message}));
  EXPECT_EQ(sent.status, 0) << sent.output;
}

/// A listener that has certainly subscribed.
void await_subscription(const lab& hosts) { ASSERT_TRUE(hosts.logs("mosquitto", "Sending SUBACK to auto-")); }

TEST(device, goes_from_no_address_to_secure_messages_and_obeys) {
  const lab hosts;
  running seen{listener(hosts)};
  await_subscription(hosts);
  running board{hosts.board_with({"device.publish_s=1"})};
  for (const char* rung :
       {"LED 1 on", "network link", "LED 2 on", "network address", "10.77.0.1", "name of the time server", "10.77.0.1",
        "time ", "stratum 3", "name of the broker", "10.77.0.2", "connection to the broker", "10.77.0.2:8883",
        "TLS 1.3", "MQTT 5.0", "online", "LED 3 on"})
    ASSERT_TRUE(board.says(rung)) << rung << " is missing in\n" << board.said();
  ASSERT_TRUE(seen.says("[PLACA CONECTADA]|"));
  for (int led = 1; led <= 3; ++led) {
    const std::string number = std::to_string(led);
    order(hosts, "LD" + number + "OFF");
    ASSERT_TRUE(seen.says("[LED " + number + " APAGADO]|")) << board.said();
    ASSERT_TRUE(board.says("LED " + number + " off"));
    order(hosts, "LD" + number + "ON");
    ASSERT_TRUE(seen.says("[LED " + number + " ENCENDIDO]|"));
    ASSERT_TRUE(board.says("LED " + number + " on"));
  }
  // Date and time as of strftime "%a %d-%m-%Y - %H:%M:%S", an hour east of UTC.
  ASSERT_TRUE(eventually([&] {
    seen.says("\n", std::chrono::milliseconds{100});
    return std::regex_search(
        seen.said(), std::regex{"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \\d\\d-\\d\\d-20\\d\\d - \\d\\d:\\d\\d:\\d\\d\\|"});
  })) << seen.said();
  board.signal(SIGTERM);
  const result ended = board.ended();
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_TRUE(seen.says("[PLACA DESCONECTADA]|"));
  EXPECT_TRUE(hosts.logs("mosquitto", "Received UNSUBSCRIBE from board"));
  EXPECT_TRUE(hosts.logs("mosquitto", "Received DISCONNECT from board"));
  EXPECT_TRUE(hosts.logs("dnsmasq", "DHCPRELEASE"));
  // The goodbye came once, from the board itself: the will is void after an orderly end [MQTT-3.14.4-3].
  seen.signal(SIGTERM);
  const std::string all = seen.ended().output;
  EXPECT_EQ(all.find("[PLACA DESCONECTADA]"), all.rfind("[PLACA DESCONECTADA]"));
}

// original defect 39
TEST(device, takes_commands_from_the_secret_topic_only_and_ignores_what_is_none) {
  const lab hosts;
  running seen{listener(hosts)};
  await_subscription(hosts);
  running board{hosts.board()};
  ASSERT_TRUE(board.says("[PLACA CONECTADA]"));
  order(hosts, "LD1OFF", "[TEMA_PÚBLICO]");
  order(hosts, "LD1OFF", "[TEMA_SECRETO]/x");
  for (const char* each : {"", "LD", "LD0ON", "LD4ON", "LD1ONN", "ld1off", "LD1OFF ", "\xff\xfe"}) order(hosts, each);
  order(hosts, "LD2OFF");
  ASSERT_TRUE(board.says("LED 2 off"));
  ASSERT_TRUE(seen.says("[LED 2 APAGADO]|"));
  EXPECT_THAT(board.said(), Not(HasSubstr("LED 1 off")));
  EXPECT_THAT(seen.said(), Not(HasSubstr("[LED 1")));
  EXPECT_THAT(board.said(), HasSubstr("is no command and was ignored"));
  EXPECT_THAT(board.said(), Not(HasSubstr("LD0ON"))) << "a payload of the secret topic was printed";
}

TEST(device, leaves_its_will_when_it_dies) {
  const lab hosts;
  running seen{listener(hosts)};
  await_subscription(hosts);
  {
    running board{hosts.board()};
    ASSERT_TRUE(board.says("[PLACA CONECTADA]"));
    board.signal(SIGKILL);
    EXPECT_EQ(board.ended().status, 128 + SIGKILL);
  }
  EXPECT_TRUE(seen.says("[PLACA DESCONECTADA]|"));
}

TEST(device, speaks_english_3_1_1_and_every_qos) {
  const lab hosts;
  running seen{listener(hosts, {"-q", "2"})};
  await_subscription(hosts);
  for (const char* qos : {"0", "2"}) {
    running board{hosts.board_with(
        {"device.language=en", "broker.version=3.1.1", std::string{"broker.qos="} + qos, "texts.led_off=dark {}"})};
    ASSERT_TRUE(seen.says("[BOARD CONNECTED]|")) << board.said();
    order(hosts, "LD3OFF");
    ASSERT_TRUE(seen.says("dark 3|")) << board.said();
    board.signal(SIGINT);
    EXPECT_EQ(board.ended().status, 0) << board.said();
    EXPECT_TRUE(seen.says("[BOARD DISCONNECTED]|"));
    EXPECT_THAT(board.said(), HasSubstr("MQTT 3.1.1"));
  }
}

TEST(device, runs_on_loopback_with_the_static_configuration) {
  const lab outer;
  const std::string folder = (outer.folder() / "inner").string();
  ASSERT_EQ(outer.recado_on("board", {"lab", "up", "--loopback", "--dir", folder}).status, 0);
  running board{outer.on_command("board", {program(), "lab", "run", "--dir", folder})};
  EXPECT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  board.signal(SIGTERM);
  EXPECT_EQ(board.ended().status, 0) << board.said();
  EXPECT_EQ(outer.recado_on("board", {"lab", "down", "--dir", folder}).status, 0);
}

TEST(device, check_explains_without_a_network_and_hides_the_password) {
  const auto folder = own_folder();
  std::filesystem::create_directories(folder);
  const auto check = [](const words& more) {
    words all{"run", "--check", "--set", "broker.user_name=ana", "--set", "broker.password=s3cr3t-w0rd"};
    all.insert(all.end(), more.begin(), more.end());
    return recado(all);
  };
  const result hidden = check({});
  EXPECT_EQ(hidden.status, 0) << hidden.output;
  EXPECT_THAT(hidden.output, AllOf(HasSubstr("ana"), Not(HasSubstr("s3cr3t-w0rd"))));
  EXPECT_THAT(check({"--show-secrets"}).output, HasSubstr("s3cr3t-w0rd"));
  const result wrong = recado({"run", "--check", "--set", "dhcp.atempts=3"});
  EXPECT_NE(wrong.status, 0);
  EXPECT_THAT(wrong.output, AllOf(HasSubstr("dhcp.atempts"), HasSubstr("attempts")));
}

TEST(device, the_test_mode_measures_and_writes_what_it_measured) {
  const lab hosts;
  const auto out = hosts.folder() / "measured";
  const result done =
      run(hosts.board_with({"test.cycles=5", "test.bytes=200"}, {"--button", "held", "--results", out.string()}));
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_THAT(done.output, AllOf(HasSubstr("test mode with TLS"), HasSubstr("cycle    5"), HasSubstr("median"),
                                 HasSubstr("p99"), HasSubstr("means")));
  const std::string csv = content_of(out / "test-tls.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 5) << csv;
  EXPECT_THAT(content_of(out / "test-tls.json"), AllOf(HasSubstr("\"bytes\": 200"), HasSubstr("\"median\"")));
  EXPECT_TRUE(hosts.logs("dnsmasq", "DHCPRELEASE"));
}

TEST(device, compares_with_and_without_tls) {
  const lab hosts;
  const auto out = hosts.folder() / "measured";
  const result done =
      run(hosts.board_with({"test.cycles=3"}, {"--compare", "--sizes", "16,1024,4096", "--results", out.string()}));
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_THAT(done.output, AllOf(HasSubstr("with and without TLS in turn"), HasSubstr("TLS 1.3"),
                                 HasSubstr("10.77.0.2:1883"), HasSubstr("write, median in us"),
                                 HasSubstr((out / "comparison.svg").string())));
  // Cycle by cycle, and who begins changes: what disturbs one disturbs the other.
  const std::string& said = done.output;
  std::vector<std::size_t> order;
  for (const char* each : {"TLS      16 B  cycle    1", "plain    16 B  cycle    1", "plain    16 B  cycle    2",
                           "TLS      16 B  cycle    2", "TLS      16 B  cycle    3", "plain    16 B  cycle    3",
                           "plain  1024 B  cycle    1", "TLS    1024 B  cycle    1"})
    order.push_back(said.find(each));
  EXPECT_TRUE(std::ranges::is_sorted(order) && order.back() != std::string::npos) << said;
  const std::string csv = content_of(out / "comparison.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 2 * 3 * 3) << csv;
  for (const char* each : {"tls,16,", "tls,4096,", "plain,16,", "plain,4096,"}) EXPECT_THAT(csv, HasSubstr(each));
  EXPECT_THAT(content_of(out / "comparison.json"), AllOf(HasSubstr("\"plain\""), HasSubstr("\"decrypt\"")));
  EXPECT_THAT(content_of(out / "comparison.svg"), AllOf(HasSubstr("<svg"), HasSubstr("</svg>")));
}

// Which of the two takes longer is the machine's affair on the day; that only TLS encrypts and decrypts is not.
TEST(device, measures_what_tls_adds_in_columns_of_their_own) {
  const lab hosts;
  const auto out = hosts.folder() / "measured";
  const result done = run(hosts.board_with({"test.cycles=20", "device.console=warning"},
                                           {"--compare", "--sizes", "4096", "--results", out.string()}));
  EXPECT_EQ(done.status, 0) << done.output;
  std::ifstream table{out / "comparison.csv"};
  std::string line;
  std::getline(table, line);
  EXPECT_EQ(line,
            "security,bytes,cycle,encode_ns,encrypt_ns,send_ns,write_ns,receive_ns,decrypt_ns,decode_ns,read_ns");
  std::size_t tls = 0, plain = 0;
  while (std::getline(table, line)) {
    std::array<long, 8> ns{};
    const auto columns = line.find(',', line.find(",4096,") + 6);
    ASSERT_EQ(std::sscanf(line.c_str() + columns, ",%ld,%ld,%ld,%ld,%ld,%ld,%ld,%ld", &ns[0], &ns[1], &ns[2], &ns[3],
                          &ns[4], &ns[5], &ns[6], &ns[7]), 8) << line;
    const auto [encode, encrypt, send, write, receive, decrypt, decode, read] = ns;
    EXPECT_GE(write, encode + encrypt + send) << line;
    EXPECT_GE(read, receive + decrypt + decode) << line;
    EXPECT_GT(std::min({encode, send, receive, decode}), 0) << line;
    const bool secured = line.starts_with("tls,");
    ++(secured ? tls : plain);
    EXPECT_EQ(encrypt > 0, secured) << line;
    EXPECT_EQ(decrypt > 0, secured) << line;
  }
  EXPECT_EQ(tls, 20U);
  EXPECT_EQ(plain, 20U);
}

TEST(device, a_comparison_is_ended_by_the_button_or_by_a_closed_plain_port) {
  const lab hosts;
  const words compare{"--compare", "--results", hosts.folder().string()};
  running board{hosts.board_with({"test.cycles=100000"}, compare)};
  ASSERT_TRUE(board.says("plain    16 B  cycle    5")) << board.said();
  board.signal(SIGINT);
  const result ended = board.ended();
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_TRUE(hosts.logs("dnsmasq", "DHCPRELEASE"));
  EXPECT_TRUE(hosts.logs("mosquitto", "Received DISCONNECT from board-tcp"));
  EXPECT_TRUE(hosts.logs("mosquitto", "Received DISCONNECT from board\n"));
  const result closed = run(hosts.board_with({"broker.plain_port=4711", "reconnect.rounds=1"}, compare));
  EXPECT_EQ(closed.status, 1) << closed.output;
  EXPECT_THAT(closed.output.substr(closed.output.rfind("recado run: ")), AllOf(HasSubstr("refused"), HasSubstr("; ")));
}

TEST(device, says_nothing_of_its_secrets) {
  const lab hosts{{"--mosquitto", "log_type all"}};
  running board{hosts.board_with({"broker.user_name=ana", "broker.password=s3cr3t-w0rd", "device.console=debug"})};
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  order(hosts, "LD2OFF");
  ASSERT_TRUE(board.says("LED 2 off"));
  board.signal(SIGTERM);
  const result ended = board.ended();
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.output, AllOf(Not(HasSubstr("s3cr3t-w0rd")), Not(HasSubstr("LD2OFF")), Not(HasSubstr("PRIVATE"))));
}

}  // namespace
}  // namespace recado::test
