// The probes against real servers and scripted ones, in networks of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <future>
#include <string>
#include <utility>

#include <recado/drive/posix/network_interface.hpp>
#include <tests/support/child_process.hpp>
#include <tests/support/net_namespace.hpp>
#include <tests/support/scripted_broker.hpp>
#include <tests/support/sockets.hpp>

namespace {

using recado::ip_address;
using testing::AllOf;
using testing::HasSubstr;

struct result {
  int status = -1;
  std::string output;
};

result probe(const std::string& arguments) {
  result done;
  std::FILE* pipe = ::popen(("{ " RECADO_PROGRAM " probe " + arguments + " ; } 2>&1").c_str(), "r");
  if (pipe == nullptr) return done;
  char chunk[4096];
  for (std::size_t n = 0; (n = std::fread(chunk, 1, sizeof chunk, pipe)) != 0;) done.output.append(chunk, n);
  const int status = ::pclose(pipe);
  done.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return done;
}

recado::posix::interface_name name_of(std::string_view text) {
  recado::posix::interface_name result;
  result.assign(text);
  return result;
}

class probe_network : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(loop_.open());
    recado::test::join(board_, "board0", server_, "server0");
    {
      const recado::test::net_namespace::inside here{server_};
      ASSERT_TRUE(link_.open(loop_, name_of("server0")));
      ASSERT_TRUE(link_.set_up(true));
      recado::posix::interface_settings settings;
      settings.address = ip_address::v4(10, 77, 0, 1);
      ASSERT_TRUE(link_.apply(settings));
      dnsmasq_.emplace(
          std::vector<std::string>{"/usr/sbin/dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--log-facility=-",
                                   "--interface=server0", "--bind-interfaces", "--no-resolv", "--no-hosts",
                                   "--local=/lab/", "--dhcp-range=10.77.0.50,10.77.0.59,255.255.255.0,600",
                                   "--leasefile-ro", "--no-ping", "--host-record=broker.lab,10.77.0.2", "--pid-file="});
      ASSERT_TRUE(dnsmasq_->says("DHCP, sockets bound")) << dnsmasq_->said();
    }
    in_board_.emplace(board_);
  }
  void TearDown() override { in_board_.reset(); }
  void give_board_an_address() {
    ASSERT_TRUE(own_.open(loop_, name_of("board0")));
    ASSERT_TRUE(own_.set_up(true));
    recado::posix::interface_settings settings;
    settings.address = ip_address::v4(10, 77, 0, 9);
    ASSERT_TRUE(own_.apply(settings));
  }

  recado::posix::loop loop_;
  recado::test::net_namespace board_, server_;
  recado::posix::network_interface link_, own_;
  std::optional<recado::test::child_process> dnsmasq_;
  std::optional<recado::test::net_namespace::inside> in_board_;
};

TEST_F(probe_network, dhcp_shows_the_exchange_and_gives_the_address_back) {
  const result done = probe("dhcp board0 --arp 0.05");
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_THAT(done.output, AllOf(HasSubstr("DISCOVER"), HasSubstr("OFFER"), HasSubstr("REQUEST"), HasSubstr("ACK"),
                                 HasSubstr("ARP probe"), HasSubstr("RELEASE"), HasSubstr("address 10.77.0.5")));
  EXPECT_TRUE(dnsmasq_->says("DHCPRELEASE(server0)")) << dnsmasq_->said();
}

bool is_up(std::string_view name) {
  recado::posix::loop loop;
  recado::posix::network_interface which;
  return loop.open() && which.open(loop, name_of(name)) && which.status().up;
}

TEST_F(probe_network, dhcp_leaves_the_interface_as_it_was) {
  ASSERT_FALSE(is_up("board0"));
  EXPECT_EQ(probe("dhcp board0 --arp 0").status, 0);
  EXPECT_FALSE(is_up("board0"));
  EXPECT_EQ(probe("dhcp board0 --timeout 0.01").status, 1);
  EXPECT_FALSE(is_up("board0")) << "after a failure";
  dnsmasq_->end();
  recado::test::child_process interrupted{{RECADO_PROGRAM, "probe", "dhcp", "board0"}};
  ASSERT_TRUE(interrupted.says("DISCOVER"));
  EXPECT_TRUE(is_up("board0"));
  interrupted.signal(SIGINT);
  EXPECT_TRUE(interrupted.says("interrupted before there was a lease")) << interrupted.said();
  interrupted.end();
  EXPECT_FALSE(is_up("board0")) << "after a signal";
  recado::test::switch_on("board0");
  EXPECT_EQ(probe("dhcp board0 --timeout 0.01").status, 1);
  EXPECT_TRUE(is_up("board0")) << "it was up before";
}

TEST_F(probe_network, a_host_is_looked_up_by_the_named_server) {
  give_board_an_address();
  for (const char* command : {"tls broker.lab", "mqtt broker.lab", "ntp broker.lab"}) {
    const result done = probe(std::string{command} + " --dns 10.77.0.1 --timeout 0.5");
    EXPECT_EQ(done.status, 1) << done.output;
    EXPECT_THAT(done.output, AllOf(HasSubstr("question: broker.lab. A"), HasSubstr("    10.77.0.2\n"))) << command;
    const result unknown = probe("tls nowhere.lab --dns 10.77.0.1:53 --timeout 5");
    EXPECT_EQ(unknown.status, 1);
    EXPECT_THAT(unknown.output, HasSubstr("recado probe tls: "));
  }
  EXPECT_THAT(probe("mqtt localhost -p 4711").output, HasSubstr("localhost is 127.0.0.1, says the system's resolver"));
}

TEST_F(probe_network, dns_shows_question_and_answer) {
  give_board_an_address();
  const result done = probe("dns broker.lab --server 10.77.0.1 --family 4");
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_THAT(done.output, AllOf(HasSubstr("question: broker.lab. A"), HasSubstr("sent"), HasSubstr("received"),
                                 HasSubstr("    10.77.0.2\n")));
}

TEST_F(probe_network, a_name_that_does_not_exist_is_a_failure) {
  give_board_an_address();
  const result done = probe("dns nowhere.lab --server 10.77.0.1");
  EXPECT_EQ(done.status, 1) << done.output;
  EXPECT_THAT(done.output, HasSubstr("recado probe dns: "));
}

TEST_F(probe_network, an_ntp_server_that_is_not_there_is_told_by_its_icmp_error) {
  give_board_an_address();
  const result done = probe("ntp 10.77.0.1 --timeout 20");
  EXPECT_EQ(done.status, 1) << done.output;
  EXPECT_THAT(done.output, AllOf(HasSubstr("mode client (3)"), HasSubstr("failed"), HasSubstr("refused")));
}

/// Answers `count` queries of NTP with the system's time, the first as if nothing had delayed it; the time of the last.
std::time_t serve_time(int socket, int count) {
  constexpr std::uint32_t seconds_from_1900_to_1970 = 2'208'988'800;
  std::time_t last = 0;
  for (int i = 0; i < count; ++i) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    std::array<unsigned char, 48> packet{};
    if (::recvfrom(socket, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &size) != 48) break;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    last = now.tv_sec;
    const auto put = [&](std::size_t at, std::uint32_t value) {
      for (std::size_t k = 0; k < 4; ++k) packet[at + k] = static_cast<unsigned char>(value >> (24 - 8 * k));
    };
    std::copy_n(packet.begin() + 40, 8, packet.begin() + 24);  // its transmit time stamp is our origin
    packet[0] = 0x24, packet[1] = 2;                           // version 4, server; stratum 2
    const std::uint32_t second = static_cast<std::uint32_t>(now.tv_sec) + seconds_from_1900_to_1970;
    const auto fraction = static_cast<std::uint32_t>((static_cast<std::uint64_t>(now.tv_nsec) << 32) / 1'000'000'000);
    constexpr std::uint32_t half_a_millisecond = 0xffffffff / 2'000;
    const bool early = i == 0 && fraction > half_a_millisecond;
    put(32, second), put(36, early ? fraction - half_a_millisecond : fraction);
    put(40, second), put(44, fraction), put(16, second), put(20, 0);
    ::sendto(socket, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
  }
  return last;
}

/// A socket on the loopback interface, and its port; whoever reads from it waits no longer than 10 s.
std::pair<recado::posix::descriptor, std::string> datagram_socket() {
  recado::posix::descriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in here{};
  here.sin_family = AF_INET, here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&here), size), 0);
  EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&here), &size), 0);
  const timeval bound{10, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
  return {std::move(socket), std::to_string(ntohs(here.sin_port))};
}

TEST(probe_ntp, says_how_long_it_waited_to_the_fraction) {
  recado::test::leave_the_machines_network();
  const auto [silent, port] = datagram_socket();
  EXPECT_THAT(probe("ntp 127.0.0.1 --timeout 0.25 --port " + port).output, HasSubstr("not learned within 0.25 s; "));
}

TEST(probe_ntp, tells_the_time_of_now_and_not_that_of_its_best_sample) {
  recado::test::leave_the_machines_network();
  const auto socket = datagram_socket();
  auto serving = std::async(std::launch::async, [&] { return serve_time(socket.first.get(), 2); });
  const result done = probe("ntp 127.0.0.1 --samples 2 --port " + socket.second);
  const std::time_t last = serving.get();
  ASSERT_EQ(done.status, 0) << done.output;
  const std::size_t end = done.output.find(" UTC\n");
  ASSERT_NE(end, std::string::npos) << done.output;
  std::tm parts{};
  ASSERT_NE(::strptime(done.output.substr(end - 19, 19).c_str(), "%Y-%m-%d %H:%M:%S", &parts), nullptr);
  EXPECT_GE(::timegm(&parts), last - 1) << done.output;  // the samples are two seconds apart
}

// A broker that says one thing.
result probe_mqtt(const std::string& answer, const std::string& options, std::string* heard = nullptr) {
  recado::test::leave_the_machines_network();
  recado::test::listener listener;
  const auto port = std::to_string(listener.where().port);
  auto running = std::async(std::launch::async, [&] { return probe("mqtt 127.0.0.1 -p " + port + " " + options); });
  auto peer = listener.accept();
  const std::string head = peer.read(2);
  const std::string body = head.size() == 2 ? peer.read(static_cast<unsigned char>(head[1])) : std::string{};
  if (heard) *heard = head + body;
  if (!answer.empty()) peer.write(answer);
  if (answer.empty()) peer.reset();
  else peer.at_end();
  peer.close();
  return running.get();
}

TEST(probe_mqtt, shows_the_packets_and_what_the_broker_offers) {
  std::string heard;
  // CONNACK: success, receive maximum 7, no retain.
  const result done = probe_mqtt(std::string{"\x20\x08\x00\x00\x05\x21\x00\x07\x25\x00", 10}, "-i me", &heard);
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_EQ(heard.substr(0, 1), "\x10");
  EXPECT_THAT(done.output, AllOf(HasSubstr("sent      CONNECT\n"), HasSubstr("client identifier \"me\"\n"),
                                 HasSubstr("received  CONNACK\n"), HasSubstr("receive maximum 7\n"),
                                 HasSubstr("retain no\n"), HasSubstr("sent      DISCONNECT\n")));
}

TEST(probe_mqtt, a_password_is_only_shown_when_asked_for) {
  const std::string accepted{"\x20\x02\x00\x00", 4};
  const auto hidden = probe_mqtt(accepted, "-V 311 -i me -u joe -P hunter2");
  EXPECT_EQ(hidden.status, 0) << hidden.output;
  EXPECT_THAT(hidden.output, AllOf(HasSubstr("password (7 bytes)"), testing::Not(HasSubstr("hunter2"))));
  EXPECT_THAT(probe_mqtt(accepted, "-V 311 -i me -u joe -P hunter2 --show-secrets").output, HasSubstr("hunter2"));
}

TEST(probe_mqtt, a_refusal_is_a_failure_in_the_standards_words) {
  const result done = probe_mqtt(std::string{"\x20\x03\x00\x87\x00", 5}, "-i me");
  EXPECT_EQ(done.status, 1) << done.output;
  EXPECT_THAT(done.output, AllOf(HasSubstr("recado probe mqtt: "), HasSubstr("ot authorized")));
}

TEST(probe_mqtt, a_port_that_speaks_tls_is_recognised) {
  const result done = probe_mqtt(std::string{"\x15\x03\x01\x00\x02\x02\x46", 7}, "-i me");
  EXPECT_EQ(done.status, 1) << done.output;
  EXPECT_THAT(done.output, HasSubstr("this port speaks TLS; add --cafile"));
  EXPECT_THAT(probe_mqtt("", "-i me").output, HasSubstr("if this port speaks TLS add --cafile"));
}

TEST(probe, dhcp_without_a_name_says_that_there_is_no_interface_to_choose) {
  const recado::test::net_namespace empty;
  const recado::test::net_namespace::inside here{empty};
  const result done = probe("dhcp");
  EXPECT_EQ(done.status, 1);
  EXPECT_EQ(done.output,
            "recado probe dhcp: no interface is named, and none of this host's has an Ethernet address, which DHCP "
            "needs; see 'ip link', and ask where there is one\n");
  EXPECT_THAT(probe("dhcp nosuch0").output, HasSubstr("there is no such network interface (errno 19); check the name"));
}

TEST(probe, options_that_make_no_sense_are_refused) {
  EXPECT_EQ(probe("mqtt").status, 2);
  EXPECT_EQ(probe("dns a --server nobody").status, 2);
  EXPECT_EQ(probe("tls 127.0.0.1 --timeout 0").status, 2);
  EXPECT_EQ(probe("tls broker.lab --dns nobody").status, 2);
  EXPECT_EQ(probe("dhcp a-name-that-is-too-long").status, 2);
  EXPECT_EQ(probe("dhcp lo --arp nan").status, 2);
  EXPECT_THAT(probe("dhcp lo --inform 192.0.2.1 --keep").output,
              HasSubstr("--inform asks for none; leave out the one"));
  EXPECT_THAT(probe("dhcp lo --interface lo").output, HasSubstr("the interface is given twice"));
  EXPECT_THAT(probe("tls 127.0.0.1 --passphrase-file x").output,
              HasSubstr("opens the key of --cert, and none is given"));
  EXPECT_THAT(probe("mqtt 127.0.0.1 --passphrase-file x").output, HasSubstr("opens the key of --cert, and none is"));
  EXPECT_THAT(probe("mqtt 127.0.0.1 --table --show-secrets").output, HasSubstr("--table shows none; leave it out"));
  EXPECT_THAT(probe("mqtt 127.0.0.1 --json -V 311").output, HasSubstr("--json tries both versions; leave -V out"));
}

// What came and what is wrong with it, also where the broker then leaves the connection as it is.
TEST(probe_mqtt, knows_an_answer_from_none) {
  using namespace recado::test;
  using namespace std::string_literals;
  const auto stays_silent = stays(std::chrono::minutes{2});
  const struct {
    std::string answer;
    int status;
    const char* says;
  } rows[] = {
      {"\x20\2\0\0"s, 0, "connected"},
      {"\x20\2\0"s, 1, "the broker began to answer CONNECT, and did not come to an end within 0.3 s"},
      {"\0\0\0\0"s, 1, "the packet type doesn't exist in this version"},
      {"\x20\2\0\5"s, 1, "not authorized"},
      {"", 1, "the broker did not answer within 0.3 s"},
  };
  for (const auto& row : rows) {
    scripted_broker broker{{{hears(connect_type), says(row.answer), stays_silent}}};
    const auto done = probe("mqtt 127.0.0.1 -V 311 --timeout 0.3 -p " + std::to_string(broker.port()));
    EXPECT_EQ(done.status, row.status) << done.output;
    EXPECT_THAT(done.output, HasSubstr(row.says));
  }
}

}  // namespace
