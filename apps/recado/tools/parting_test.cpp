// pub with QoS 0: nothing acknowledges the message, so success is claimed only if the connection ended in order.
#include "ending_for_tests.hpp"

namespace recado::test {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

struct parting {
  const char* what;
  script played;
  words more{};
  int status = 0;
  words said{};
};

void expect(const std::vector<parting>& rows, const std::string& input = {}) {
  for (const auto& each : rows) {
    SCOPED_TRACE(each.what);
    const words source = input.empty() ? words{"-m", "x"} : words{"-s"};
    const auto done = play({each.played}, words{"pub", "-t", "t"} + source + each.more, input).done;
    if (each.status != 0) expect_line(done, each.status, each.said);
    else EXPECT_TRUE(done.status == 0 && done.err.empty()) << done.err;
  }
}

TEST(tools_parting, an_end_in_order_is_success) {
  expect({
      {"the broker ends at DISCONNECT", {hears(), connack, hears(publish_type), hears(disconnect_type), closes()}},
      {"the broker ends at FIN", {hears(), connack, hears(publish_type), waits_for_end()}},
      {"DISCONNECT without an error",
       {hears(), connack_5, hears(publish_type), hears(disconnect_type), says("\xe0\0"s), closes()},
       {"-V", "5"}},
      {"messages that were on their way",
       {hears(), connack, hears(publish_type), hears(disconnect_type), says(publish_packet("t", "late")), closes()}},
  });
}

TEST(tools_parting, a_reset_is_none) {
  const words said{"lost before the broker had taken everything", "reset the connection", "; ", "-q 1"};
  expect({
      {"reset instead of an end", {hears(), connack, hears(publish_type), resets()}, {}, 7, said},
      {"reset after DISCONNECT",
       {hears(), connack, hears(publish_type), hears(disconnect_type), resets()},
       {},
       7,
       said},
      {"reset after FIN", {hears(), connack, hears(publish_type), waits_for_end(), resets()}, {}, 7, said},
  });
  // Closed before the message was read.
  const auto unread = play({{hears(), connack, closes()}}, {"pub", "-t", "t", "-m", "x"}).done;
  expect_line(unread, 7, {"the connection was lost", "; "});
  const std::string long_message(20'000'000, 'x');
  const auto half = play({{hears(), connack, closes()}}, {"pub", "-t", "t", "-s"}, long_message).done;
  expect_line(half, 7, {"the connection was lost", "; "});
}

TEST(tools_parting, a_disconnect_with_an_error_is_none) {
  const struct {
    int code;
    const char* text;
  } codes[] = {{0x80, "Unspecified error"},      {0x87, "Not authorized"},      {0x90, "Topic Name invalid"},
               {0x95, "Packet too large"},       {0x97, "Quota exceeded"},      {0x98, "Administrative action"},
               {0x99, "Payload format invalid"}, {0x8b, "Server shutting down"}};
  for (const auto& each : codes) {
    const std::string why = "\x1f"s + field("because");
    const std::string bye =
        packet(0xe0, std::string{static_cast<char>(each.code)} + static_cast<char>(why.size()) + why);
    const words said{"the broker ended the connection: " + std::string{each.text}, "\"because\"", "; "};
    expect({
        {"at once", {hears(), connack_5, hears(publish_type), says(bye), closes()}, {"-V", "5"}, each.code, said},
        {"after DISCONNECT, in pieces",
         {hears(), connack_5, hears(publish_type), hears(disconnect_type), drips(bye, 5ms), waits_for_end()},
         {"-V", "5"},
         each.code,
         said},
    });
  }
}

// A broker that doesn't end the connection after FIN costs a second and is no failure.
TEST(tools_parting, a_broker_that_stays_holds_up_for_a_second) {
  scripted_broker broker{{{hears(), connack, hears(publish_type), hears(disconnect_type), stays(3s)}}};
  const auto begin = std::chrono::steady_clock::now();
  const auto done = program_run{
      {RECADO_PROGRAM, "pub", "-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-t", "t", "-m", "x"}}();
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2500ms);
}

/// Takes `size` bytes with pauses, and ends the connection in order.
void take_slowly(int listening, std::size_t size) {
  const posix::descriptor fd{::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC)};
  std::vector<char> piece(64 << 10);
  ASSERT_GT(::recv(fd.get(), piece.data(), piece.size(), 0), 0);  // CONNECT
  ASSERT_EQ(::send(fd.get(), "\x20\2\0\0", 4, 0), 4);
  for (std::size_t taken = 0; taken < size;) {
    const auto got = ::recv(fd.get(), piece.data(), piece.size(), MSG_WAITALL);
    if (got <= 0) return;
    taken += static_cast<std::size_t>(got);
    ::poll(nullptr, 0, 50);  // that is what it is about
  }
  while (::recv(fd.get(), piece.data(), piece.size(), 0) > 0) {
  }
}

// --timeout bounds standstill, not work: the system holds what was sent, and a busy broker takes it bit by bit.
TEST(tools_parting, a_broker_that_takes_it_slowly_is_waited_for) {
  constexpr std::size_t size = 2 << 20;
  const posix::descriptor listening{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int window = 32 << 10;
  ASSERT_EQ(::setsockopt(listening.get(), SOL_SOCKET, SO_RCVBUF, &window, sizeof window), 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof here;
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&here), length), 0);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  ASSERT_EQ(::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&here), &length), 0);
  const std::jthread broker{[&] { take_slowly(listening.get(), size); }};
  const auto begin = std::chrono::steady_clock::now();
  const auto done = program_run{{RECADO_PROGRAM, "pub", "-h", "127.0.0.1", "-p", std::to_string(ntohs(here.sin_port)),
                                 "-t", "t", "-s", "--timeout", "0.7"},
                                std::string(size, 'x')}();
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_GT(std::chrono::steady_clock::now() - begin, 1s) << "it took longer than --timeout";
}

}  // namespace
}  // namespace recado::test
