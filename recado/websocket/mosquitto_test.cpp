// The stack of filters face to face with a real broker: MQTT in WebSocket.
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>

#include <recado/chain/stacked.hpp>
#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/drive_stream.hpp>
#include <recado/drive/posix/entropy.hpp>
#include <recado/websocket/filter.hpp>
#include <tests/support/mosquitto.hpp>
#include <tests/support/sockets.hpp>

namespace recado::websocket {
namespace {

using namespace std::chrono_literals;

/// Says CONNECT, PUBLISH (QoS 1, larger than any buffer) and DISCONNECT by hand, and listens for both answers.
class small_client {
 public:
  struct event {
    bool done = false;
  };
  void opened(instant) {
    out_ = std::string{"\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03web", 17};
    out_ += std::string{"\x32\xa5\x9c\x01\x00\x01w\x00\x01", 9} + std::string(20'000, 'x');
  }
  void lost(fault, instant) { was_lost = true; }
  std::optional<event> receive(bytes& in, instant) {
    heard += as_text(in);
    in = {};
    if (done_ || heard.size() < 8) return std::nullopt;
    out_ += std::string{"\xe0\x00", 2};
    done_ = true;
    return event{true};
  }
  bytes pending(instant) const { return as_bytes(out_); }
  void sent(std::size_t n) { out_.erase(0, n); }
  instant deadline() const { return never; }
  static bool ends(const event& what) { return what.done; }

  std::string heard;
  bool was_lost = false;

 private:
  std::string out_;
  bool done_ = false;
};

TEST(websocket_mosquitto, carries_a_conversation) {
  const std::uint16_t port = test::free_port();
  // 2.0.11 refuses to start if all its listeners are of WebSocket
  const test::mosquitto broker{
      RECADO_SERVERS "/usr/sbin/mosquitto", RECADO_TEST_FOLDER,
      "allow_anonymous true\nlistener " + std::to_string(port) + " 127.0.0.1\nprotocol websockets\n"};
  posix::loop loop;
  ASSERT_TRUE(loop.open());
  posix::system_entropy random;
  std::array<std::byte, incoming_bytes_min> incoming{}, received{};
  std::array<std::byte, outgoing_bytes_min> outgoing{};
  filter below{memory{incoming, outgoing}, random};
  const std::string host = "127.0.0.1:" + std::to_string(port);
  ASSERT_TRUE(below.set_target(host, "/mqtt"));
  small_client above;
  chain::stacked<filter, small_client> machine{below, above};
  posix::tcp_stream stream;
  posix::receive_buffer buffer{received};
  const endpoint where{ip_address::v4(127, 0, 0, 1), port};
  ASSERT_TRUE(stream.connect(loop, {&where, 1}, {}, posix::now()));
  bool up = false, done = false;
  const auto hear = [&](auto& event) {
    if (event.index() == 0) up = up || std::holds_alternative<established>(std::get<0>(event));
    else done = true;
    return done ? posix::flow::finish : posix::flow::go_on;
  };
  for (const instant end = posix::now() + 10s; posix::now() < end;) {
    const auto turn = posix::drive(machine, stream, buffer, posix::now(), hear);
    if (turn.ended) break;
    loop.wait(std::min(turn.deadline, end));
  }
  EXPECT_TRUE(up);
  EXPECT_TRUE(done);
  EXPECT_EQ(above.heard, (std::string{"\x20\x02\x00\x00\x40\x02\x00\x01", 8}));
  EXPECT_EQ(stream.state(), posix::tcp_stream::phase::closed);
}

}  // namespace
}  // namespace recado::websocket
