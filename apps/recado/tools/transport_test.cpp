// The tools over every transport: Unix sockets, WebSocket, proxies, names and SRV records, against mosquitto, proxies
// of the test's own, and peers that do it wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include <recado/transport/text.hpp>
#include <recado/websocket/sha1.hpp>
#include <tests/support/mosquitto.hpp>
#include <tests/support/program_run.hpp>
#include <tests/support/scripted_broker.hpp>
#include <tests/support/small_proxy.hpp>

namespace recado::test {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::HasSubstr;

using words = std::vector<std::string>;

program_run::result run(const std::string& tool, words options, const std::string& input = {}) {
  options.insert(options.begin(), {RECADO_PROGRAM, tool});
  return program_run{.command = std::move(options), .input = input}();
}

words operator+(words a, const words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// A folder of this test's own, whose path is short enough for a Unix socket.
std::filesystem::path folder() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  const auto path = std::filesystem::path{RECADO_TEST_FOLDER} / info->name();
  std::filesystem::create_directories(path);
  return path;
}

/// One broker with a listener of each kind.
struct listeners {
  std::uint16_t web = free_port();
  std::string socket = std::filesystem::relative(folder() / "s").string();
  mosquitto broker{RECADO_SERVERS "/usr/sbin/mosquitto", folder() / "broker",
                   "allow_anonymous true\nlistener 0 " + socket + "\nlistener " + std::to_string(web) +
                       " 127.0.0.1\nprotocol websockets\n"};
  std::string plain() const { return std::to_string(broker.port()); }
  std::string web_port() const { return std::to_string(web); }
};

TEST(transports, carry_messages_of_every_size_and_qos) {
  const listeners where;
  const small_proxy socks{{.socks = true}}, http{{}};
  const small_proxy guarded{{.socks = true, .credentials = "u:p@:"}}, guarded_http{{.credentials = "dTpwQDo="}};
  const small_proxy slow{{.drips = true}};
  const struct {
    std::string name;
    words how;
  } ways[] = {
      {"unix", {"--unix", where.socket}},
      {"mptcp", {"--mptcp", "-p", where.plain()}},
      {"ws", {"--ws", "-p", where.web_port()}},
      {"url", {"-L", "ws://127.0.0.1:" + where.web_port() + "/url"}},
      {"path", {"--ws-path", "/other?x=1", "-p", where.web_port()}},
      {"socks", {"--proxy", socks.url(), "-p", where.plain()}},
      {"socks_name", {"--proxy", socks.url(), "-h", "broker.of.nobody", "-p", where.plain()}},
      {"socks_guarded", {"--proxy", guarded.url("u:p%40%3A"), "-p", where.plain()}},
      {"http", {"--proxy", http.url(), "-h", "broker.of.nobody", "-p", where.plain()}},
      {"http_guarded", {"--proxy", guarded_http.url("u:p%40%3A"), "-p", where.plain()}},
      {"http_slow", {"--proxy", slow.url(), "-p", where.plain()}},
      {"ws_in_socks", {"--proxy", socks.url(), "--ws", "-h", "broker.of.nobody", "-p", where.web_port()}},
      {"ws_in_http", {"--proxy", http.url(), "--ws", "-p", where.web_port()}},
      {"ipv4", {"-h", "127.0.0.1", "-p", where.plain()}},
      {"name", {"-h", "localhost", "-p", where.plain()}},
  };
  for (const auto& way : ways) {
    SCOPED_TRACE(way.name);
    const words named = way.how + words{"-t", way.name + "/t"};
    // mosquitto 2.0.11 sends no more than a frame of 4 KiB each 0.1 s over WebSocket
    const bool slow_way = way.name.starts_with("ws") || way.name == "path" || way.name == "url";
    std::string large(slow_way ? 9'000 : way.name == "http_slow" ? 3'000 : 300'000, 'x');
    large[large.size() / 2] = '\0';
    const struct {
      const char* qos;
      std::string payload;
    } messages[] = {{"0", "zero"}, {"1", ""}, {"2", "two"}, {"1", large}};
    for (const auto& each : messages) {
      const auto sent =
          run("pub", named + words{"-q", each.qos, "-r", each.payload.empty() ? "-n" : "-s", "-V", "5"}, each.payload);
      EXPECT_EQ(sent.status, 0) << sent.err;
      if (each.payload.empty()) continue;  // that clears it
      const auto got = run("sub", named + words{"-C", "1", "-N", "-W", "10"});
      EXPECT_EQ(got.status, 0) << got.err;
      EXPECT_EQ(got.out.size(), each.payload.size());
      EXPECT_TRUE(got.out == each.payload);
    }
  }
  EXPECT_EQ(socks.target(), "broker.of.nobody:" + where.web_port());
  EXPECT_EQ(http.target(), "localhost:" + where.web_port());
}

TEST(transports, many_messages_pass_a_proxy_in_order) {
  const listeners where;
  const small_proxy http{{}};
  std::string lines;
  for (int i = 0; i < 5'000; ++i) lines += "line " + std::to_string(i) + "\n";
  const words way = {"--proxy", http.url(), "--ws", "-p", where.web_port(), "-i", "keeper", "-c", "-q", "1", "-t", "l"};
  EXPECT_EQ(run("sub", way + words{"-E"}).status, 0);
  const words other = {"--unix", where.socket, "-q", "1", "-t", "l", "-l"};
  EXPECT_EQ(run("pub", other, lines).status, 0);
  const auto got = run("sub", way + words{"-C", "5000", "-W", "20"});
  EXPECT_EQ(got.status, 0) << got.err;
  EXPECT_TRUE(got.out == lines);
}

TEST(transports, failures_have_words) {
  const listeners where;
  const small_proxy guarded{{.socks = true, .credentials = "u:p"}}, guarded_http{{.credentials = "dTpw"}};
  const small_proxy socks{{.socks = true}}, http{{}};
  const small_proxy silent{{.socks = true, .says = "-"}}, silent_http{{.says = "-"}};
  const small_proxy rules{{.socks = true, .says = "\5\2\0\1\0\0\0\0\0\0"s}};
  const small_proxy garbage{{.socks = true, .says = "what do you want?"}};
  const small_proxy forbidden{{.says = "HTTP/1.1 403 no\r\nContent-Length: 0\r\n\r\n"}};
  const small_proxy not_http{{.says = "220 mail.example ESMTP\r\n"}};
  const small_proxy leaves{{.says = "HTTP/1.1 2"}};
  const std::string nobody = std::to_string(free_port());
  const struct {
    words how;
    int status;
    words said;
  } rows[] = {
      {{"--unix", "/nowhere/s"}, 1, {"the socket /nowhere/s can't be connected to: No such file", "check the path"}},
      {{"--unix", std::string(120, 'x')}, 1, {"longer than 107"}},
      {{"-p", nobody}, 1, {"port " + nobody + " of localhost can't be reached: the connection was refused"}},
      {{"-h", "broker.invalid"},
       1,
       {"the broker's name 'broker.invalid' has no address", "check the name given by -h"}},
      {{"-h", "[::1]"}, 1, {"has no address", "-h takes an IPv6 address without brackets, and -p the port"}},
      {{"-h", "broker.invalid:1883"}, 1, {"has no address", "give the port by -p"}},
      {{"-h", "mqtt://broker.invalid"}, 1, {"has no address", "give a URL by -L"}},
      {{"--proxy", "http://proxy.invalid"}, 1, {"the proxy's name 'proxy.invalid' has no address", "--proxy"}},
      {{"--ws", "-p", where.plain()}, 7, {"closed the connection during the WebSocket handshake", "not plain MQTT"}},
      {{"--proxy", "http://127.0.0.1:" + nobody},
       1,
       {"the proxy 127.0.0.1:" + nobody + " can't be reached: ", "running"}},
      {{"--proxy", "socks5://h"}, 1, {"socks5h://"}},
      {{"--proxy", guarded.url()}, 16, {"wants a user name and a password", "in the proxy's URL"}},
      {{"--proxy", guarded.url("u:q")}, 16, {"refused the user name or password"}},
      {{"--proxy", guarded_http.url()}, 16, {"wants a user name and a password"}},
      {{"--proxy", guarded_http.url("u:q")}, 16, {"wants a user name and a password"}},
      {{"--proxy", rules.url()}, 16, {"the SOCKS5 proxy refused the connection: not allowed by its rules (2)"}},
      {{"--proxy", socks.url(), "-p", nobody}, 16, {"the SOCKS5 proxy refused the connection: connection refused (5)"}},
      {{"--proxy", http.url(), "-p", nobody}, 16, {"the HTTP proxy refused the connection: Bad Gateway (502)"}},
      {{"--proxy", forbidden.url()}, 16, {"the HTTP proxy refused the connection: Forbidden (403)", "proxy's rules"}},
      {{"--proxy", garbage.url()}, 16, {"the answer isn't SOCKS5"}},
      {{"--proxy", not_http.url()}, 2, {"the answer isn't HTTP"}},
      {{"--proxy", leaves.url()}, 7, {"closed the connection before it led to the broker", "check --proxy"}},
      {{"--proxy", silent.url(), "--timeout", "0.3"}, 27, {"did not lead to the broker within"}},
      {{"--proxy", silent_http.url(), "--timeout", "0.3"}, 27, {"did not lead to the broker within"}},
      {{"--proxy", "http://a:b%0d@h"}, 1, {"forbidden characters"}},
      {{"-S", "-p", "1"}, 1, {"-S asks for the port"}},
      {{"-S", "--ws"}, 1, {"leave -S out"}},
      {{"-S", "--proxy", "http://h"}, 1, {"leave -S or --proxy out"}},
      {{"--ws-path", "mqtt"}, 1, {"begin it with /"}},
      {{"--ws-path", "/a b"}, 1, {"forbidden characters"}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(testing::PrintToString(row.how));
    const auto done = run("pub", row.how + words{"-t", "t", "-m", "m"});
    EXPECT_EQ(done.status, row.status) << done.err;
    for (const auto& each : row.said) EXPECT_THAT(done.err, HasSubstr(each));
    EXPECT_EQ(std::ranges::count(done.err, '\n'), 1) << done.err;
    EXPECT_EQ(done.out, "");
  }
}

constexpr std::string_view upgraded =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

TEST(transports, web_servers_that_do_it_wrong) {
  const struct {
    std::string answer;
    int status;
    words said;
  } rows[] = {
      {"HTTP/1.1 404 no\r\n\r\n",
       2,
       {"WebSocket: the server refused to speak WebSocket: Not Found (404) at the path '/mqtt'; check the path"}},
      {"HTTP/1.1 401 no\r\n\r\n", 2, {"Unauthorized (401)", "login by HTTP, before MQTT's"}},
      {"HTTP/1.1 403 no\r\n\r\n", 2, {"Forbidden (403)", "whom it lets through"}},
      {"HTTP/1.1 503 no\r\n\r\n", 2, {"Service Unavailable (503)", "the broker behind this web server isn't there"}},
      {"HTTP/1.1 301 x\r\nLocation: /y\r\n\r\n", 2, {"Moved Permanently (301)", "redirects aren't followed"}},
      {"HTTP/1.1 200 ok\r\n\r\nhello", 2, {"OK (200)", "that is a web page"}},
      {"HTTP/1.1 418 tea\r\n\r\n", 2, {"refused to speak WebSocket (418)", "check the path"}},
      {std::string{upgraded} + "Sec-WebSocket-Accept: AAAA\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
       2,
       {"does not belong to this WebSocket request"}},
      {"SSH-2.0-x\r\n", 2, {"the answer isn't HTTP"}},
      {"\x15\3\1\0\2\2\x46", 2, {"speaks TLS: add --cafile"}},
      {"", 7, {"closed the connection during the WebSocket handshake"}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.answer.substr(0, 40));
    scripted_broker broker{{{says(row.answer), closes()}}};
    const auto done = run("pub", {"--ws", "-p", std::to_string(broker.port()), "-t", "t", "-m", "m"});
    EXPECT_EQ(done.status, row.status) << done.err;
    for (const auto& each : row.said) EXPECT_THAT(done.err, HasSubstr(each));
    broker.finish();
  }
  scripted_broker silent{{{waits_for_end()}}};
  const auto late = run("pub", {"--ws", "-p", std::to_string(silent.port()), "-t", "t", "-m", "m", "--timeout", "0.3"});
  EXPECT_EQ(late.status, 27);
  EXPECT_THAT(late.err, HasSubstr("the WebSocket handshake with the broker did not end within"));
}

/// The answer of a server that agrees to a WebSocket request (RFC 6455 §4.2.2).
std::string agreement(const std::string& request) {
  constexpr std::string_view name = "Sec-WebSocket-Key: ";
  const std::string key = request.substr(request.find(name) + name.size(), 24) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const auto digest = websocket::sha1(as_bytes(key));
  std::array<char, 32> text{};
  buffer_sink accept{text};
  transport::print_base64(bytes{digest}, {}, accept);
  return std::string{upgraded} + "Sec-WebSocket-Accept: " + std::string{accept.view()} +
         "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
}

TEST(transports, a_web_server_that_closes_says_why) {  // RFC 6455 §5.5.1, §7.4
  const struct {
    std::string frames;
    std::string said;
  } rows[] = {
      {"\x88\x09\x03\xf0"
       "blocked",
       "recado pub: WebSocket: the server closed the WebSocket: policy violation (1008): \"blocked\", before it "
       "answered CONNECT; the server doesn't let this client in: check user and password, and its rules\n"},
      {"\x88\x02\x03\xf5"s,
       "closed the WebSocket: try again later (1013), before it answered CONNECT; try again later\n"},
      {"\x88\x02\x0f\xa1"s, "closed the WebSocket (4001), before it answered CONNECT; look into the server's log\n"},
      {"\x88\x05\x0f\xa1\x1b[A", "closed the WebSocket (4001): \"\\x1b[A\", before it answered"},
      {"\x88\x00"s, "closed the WebSocket: no status given (1005), before it answered CONNECT"},
      {"\x82\x04\x20\x02\0\0\x82\1\x40\x88\x02\x03\xe9"s,
       "the connection was lost: WebSocket: the server closed the WebSocket: going away (1001); try "
       "again later\n"},
      {"\x82\x04\x20\x02\0\5\x88\x02\x03\xe8"s, "not authorized (return code 5); check -u and the password"},
      {"", "the broker closed the connection without an answer to CONNECT; see the broker's log"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.said);
    scripted_broker broker{{{hears_anything(), says(agreement), hears_anything(), says(row.frames), closes()}}};
    const auto done =
        run("pub", {"--ws", "-p", std::to_string(broker.port()), "-t", "t", "-m", "m", "-q", "1", "-V", "311"});
    EXPECT_EQ(done.status, row.said.find("code 5") == std::string::npos ? 7 : 5) << done.err;
    EXPECT_THAT(done.err, HasSubstr(row.said));
    broker.finish();
  }
}

TEST(transports, sub_comes_back_behind_a_close_frame) {
  const std::string accepted = "\x82\x04\x20\x02\0\0"s, lamp = "\x82\x07" + publish_packet("t", "on");
  const script closed = {hears_anything(), says(agreement), hears_anything(), says(accepted + "\x88\x02\x03\xf4"s),
                         closes()};
  scripted_broker broker{
      {closed, closed, {hears_anything(), says(agreement), hears_anything(), says(accepted + lamp), waits_for_end()}}};
  const auto done =
      run("sub", {"--ws", "-p", std::to_string(broker.port()), "-t", "t", "-C", "1", "-V", "311", "--reconnect", "10"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(done.out, "on\n");
  EXPECT_THAT(done.err, HasSubstr("service restart (1012); trying to come back for 10 s"));
}

/// Runs a shell script in a network, with mounts and processes of its own, that vanish with it.
program_run::result in_a_network(const std::string& script) {
  const std::string begin =
      "ip link set lo up; cd '" + folder().string() +
      "'; R=" RECADO_PROGRAM
      "; rm -f broker dns; mkfifo broker dns\n"
      "start_broker() { " RECADO_SERVERS
      "/usr/sbin/mosquitto -c conf 2>&1 | "
      "{ sed /running/q; echo >broker; cat; } >log & read line <broker; }\n"
      "start_dns() { echo nameserver 127.0.0.1 >resolv; mount -n --bind resolv /etc/resolv.conf; "
      "/usr/sbin/dnsmasq --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-hosts "
      "--no-daemon --log-facility=- --local=/test/ --listen-address=127.0.0.1 --bind-interfaces \"$@\" 2>&1 | "
      "{ sed /started/q; echo >dns; cat; } >/dev/null & read line <dns; }\n";
  words command = {"/usr/bin/unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"};
  if (::geteuid() != 0) command.insert(command.begin() + 1, "--map-root-user");
  return program_run{.command = command + words{"/bin/sh", "-ec", begin + script},
                     .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}}();
}

void write(const std::string& name, const std::string& text) { std::ofstream{folder() / name} << text; }

TEST(transports, a_dead_ipv6_address_delays_little) {  // RFC 8305
  write("conf", "user root\nlog_dest stderr\nallow_anonymous true\nlistener 1883 127.0.0.1\nlistener 1884 ::1\n");
  write("hosts", "127.0.0.1 both\n2001:db8::2 both\n::1 six\n");
  const auto done = in_a_network(
      "mount -n --bind hosts /etc/hosts\n"
      "ip link add a0 type veth peer name a1; ip link set a0 up; ip link set a1 up\n"
      "ip addr add 192.0.2.1/24 dev a0; ip -6 addr add 2001:db8::1/64 dev a0 nodad\n"
      "start_broker\n"
      "getent ahosts both | head -1\n"
      "begin=$(date +%s%N); $R pub -h both -t t -m m -q 1; end=$(date +%s%N)\n"
      "echo status $? took $(( (end - begin) / 1000000 )) ms\n"
      "$R pub -h six -p 1884 -t t -m six -q 1 -r; $R sub -h ::1 -p 1884 -t t -C 1 -W 5\n"
      "$R sub -L mqtt://[::1]:1884/t -C 1 -W 5\n");
  EXPECT_EQ(done.status, 0) << done.out << done.err;
  EXPECT_THAT(done.out, AllOf(HasSubstr("2001:db8::2"), HasSubstr("status 0 took "), HasSubstr("six\nsix\n")));
  const std::size_t at = done.out.find("took ");
  ASSERT_NE(at, done.out.npos) << done.out << done.err;
  const int took = std::stoi(done.out.substr(at + 5));
  EXPECT_GE(took, 250);    // it was tried
  EXPECT_LT(took, 2'500);  // and not waited for: the neighbour is missed after 3 s
}

TEST(transports, srv_records) {  // RFC 2782
  write("conf", "user root\nlog_dest stderr\nallow_anonymous true\nlistener 1885 127.0.0.1\n");
  const auto done = in_a_network(
      "start_dns --address=/one.lab.test/127.0.0.1 --address=/two.lab.test/127.0.0.1"
      " --srv-host=_mqtt._tcp.lab.test,one.lab.test,1884,10,100 --srv-host=_mqtt._tcp.lab.test,two.lab.test,1885,20,1"
      " --srv-host=_mqtt._tcp.gone.test,missing.lab.test,1885,1,1 --srv-host=_mqtt._tcp.none.test\n"
      "start_broker\n"
      "$R pub -S -h lab.test -t t -m found -q 1 -r; echo $?; $R sub -S -h lab.test -t t -C 1 -W 5\n"
      "for name in empty.test gone.test none.test; do $R pub -S -h $name -t t -m m 2>&1 && exit 9; done\n"
      "$R pub -S -h lab.test --tls-use-os-certs -t t -m m 2>&1 && exit 9\n"
      "echo nameserver 127.0.0.9 >resolv; $R pub -S -h lab.test -t t -m m 2>&1 && exit 9\n"
      "ip link add a0 type veth peer name a1; ip link set a0 up; ip link set a1 up; ip addr add 192.0.2.1/24 dev a0\n"
      "ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev a0; echo nameserver 192.0.2.2 >resolv\n"
      "export ASAN_OPTIONS=detect_leaks=0\n"  // it cannot stop the resolver's thread that still asks at the end
      "$R pub -S -h lab.test -t t -m m --timeout 0.5 2>&1 && exit 9\n"
      "$R pub -h lab.test -t t -m m --timeout 0.5 2>&1 || echo $?\n");
  EXPECT_EQ(done.status, 0) << done.out << done.err;
  EXPECT_THAT(done.out, testing::StartsWith("0\nfound\n"));
  EXPECT_THAT(done.out, HasSubstr("the SRV records _mqtt._tcp.empty.test don't exist"));
  EXPECT_THAT(done.out, HasSubstr("'gone.test' has no address"));
  EXPECT_THAT(done.out, HasSubstr("has no such broker"));
  EXPECT_THAT(done.out, HasSubstr("the SRV records _secure-mqtt._tcp.lab.test don't exist"));
  EXPECT_THAT(done.out, HasSubstr("no name server answered the question"));
  EXPECT_THAT(done.out, HasSubstr("no name server told the address of 'lab.test' in time"));
  EXPECT_THAT(done.out, testing::EndsWith("27\n"));
}

}  // namespace
}  // namespace recado::test
