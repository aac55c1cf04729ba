// WebSocket as tables of bytes: RFC 6455's own examples, every fragmentation, every lie of a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include <recado/websocket/filter.hpp>
#include <recado/websocket/sha1.hpp>

namespace recado::websocket {
namespace {

using namespace std::string_literals;

/// The key of RFC 6455 §1.3, then the mask of §5.7, again and again.
class rfc_entropy final : public entropy {
 public:
  void fill(mutable_bytes to) override {
    const std::string_view source = to.size() == 16 ? "the sample nonce" : "\x37\xfa\x21\x3d";
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<std::byte>(source[i % source.size()]);
  }
};

const std::string answer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

struct client {
  std::array<std::byte, incoming_bytes_min> incoming{};
  std::array<std::byte, outgoing_bytes_min> outgoing{};
  rfc_entropy random;
  filter machine{memory{incoming, outgoing}, random};
  instant now{};
  std::string read;

  client() {
    EXPECT_TRUE(machine.set_target("server.example.com", "/chat"));
    machine.opened(now);
  }
  void open() {
    (void)said();
    const auto event = hears(answer);
    ASSERT_TRUE(event && std::holds_alternative<established>(*event));
  }
  std::string said() {
    const bytes out = machine.pending(now);
    std::string text{as_text(out)};
    machine.sent(out.size());
    return text;
  }
  std::optional<filter::event> hears(std::string_view data, std::size_t piece = 100'000) {
    std::optional<filter::event> result;
    std::string rest{data};
    for (;;) {
      bytes in = as_bytes(std::string_view{rest}.substr(0, piece));
      const std::size_t before = in.size();
      auto one = machine.receive(in, now);
      rest.erase(0, before - in.size());
      const bytes plain = machine.plaintext();
      read += as_text(plain);
      machine.consumed(plain.size());
      if (one && !result) result = one;
      if (!one && in.size() == before && plain.empty()) return result;
    }
  }
};

fault why(const std::optional<filter::event>& what) {
  const auto* end = what ? std::get_if<closed>(&*what) : nullptr;
  return end ? end->why : fault{};
}

std::string masked(std::string payload) {
  constexpr std::string_view mask = "\x37\xfa\x21\x3d";
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  return std::string{mask} + payload;
}

TEST(sha1, is_as_fips_180_shows) {
  const auto digest = [](std::string_view text) { return std::string{as_text(bytes{sha1(as_bytes(text))})}; };
  EXPECT_EQ(digest("abc").substr(0, 4), "\xa9\x99\x3e\x36");
  EXPECT_EQ(digest("").substr(0, 4), "\xda\x39\xa3\xee");
  EXPECT_EQ(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").substr(0, 4), "\x84\x98\x3e\x44");
}

TEST(websocket, asks_as_rfc_6455_shows) {  // §1.3 and its Sec-WebSocket-Accept; [MQTT-6.0.0-3]
  // [MQTT311-6.0.0-3]
  client one;
  EXPECT_EQ(one.said(),
            "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n");
  const auto event = one.hears(answer);
  ASSERT_TRUE(event && std::holds_alternative<established>(*event));
  EXPECT_TRUE(one.machine.ready());
}

TEST(websocket, reads_every_fragmentation_of_the_stream) {  // §5.7; [MQTT-6.0.0-2]
  // [MQTT311-6.0.0-2]
  const std::string frames = answer + "\x82\x05Hello"s + "\x02\x03Hel"s + "\x89\x05Hello"s + "\x80\x02lo"s +
                             "\x82\x00"s + "\x82\x7e\x01\x00"s + std::string(256, 'x') + "\x82\x7f\0\0\0\0\0\1\0\0"s +
                             std::string(65536, 'y');
  for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 64U, 4095U, 4096U, 100'000U}) {
    client one;
    (void)one.said();
    const auto event = one.hears(frames, piece);
    ASSERT_TRUE(event && std::holds_alternative<established>(*event));
    EXPECT_EQ(one.read, "HelloHello" + std::string(256, 'x') + std::string(65536, 'y')) << piece;
    EXPECT_EQ(one.said(), "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s) << "the masked pong of §5.7";
  }
}

TEST(websocket, writes_masked_binary_frames) {  // §5.3
  // [MQTT-6.0.0-1] [MQTT311-6.0.0-1]
  client one;
  EXPECT_EQ(one.machine.write(as_bytes("early"), one.now), 0u);
  one.open();
  EXPECT_EQ(one.machine.write(as_bytes("Hello"), one.now), 5u);
  EXPECT_EQ(one.said(), "\x82\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s);
  const std::string longer(300, 'a');
  EXPECT_EQ(one.machine.write(as_bytes(longer), one.now), 300u);
  EXPECT_EQ(one.said(), "\x82\xfe\x01\x2c"s + masked(longer));
  const std::string too_long(5000, 'b');
  const std::size_t taken = one.machine.write(as_bytes(too_long), one.now);
  EXPECT_EQ(taken, outgoing_bytes_min - 14);
  EXPECT_EQ(one.machine.write(as_bytes("x"), one.now), 0u);
  EXPECT_EQ(one.said().size(), taken + 8);
}

TEST(websocket, says_goodbye) {  // §7.1.2
  client one;
  one.open();
  one.machine.close(one.now);
  EXPECT_EQ(one.said(), "\x88\x82"s + masked("\x03\xe8"));
  EXPECT_EQ(one.machine.write(as_bytes("late"), one.now), 0u);
  EXPECT_FALSE(one.hears("\x88\x02\x03\xe8"s));
}

TEST(websocket, hears_the_servers_goodbye_behind_its_data) {  // §5.5.1
  client one;
  one.open();
  EXPECT_EQ(why(one.hears("\x82\x02hi\x88\x04\x03\xe9ok"s)), make_fault(error::closed_by_server, 1001));
  EXPECT_EQ(one.read, "hi");
  EXPECT_EQ(one.machine.close_reason(), "ok");
  EXPECT_EQ(one.said(), "\x88\x82"s + masked("\x03\xe9"));
  one.machine.opened(one.now);
  EXPECT_EQ(one.machine.close_reason(), "") << "that was another connection";
  for (const auto& frame : {"\x88\x00"s, "\x88\x02\x03\xe8"s}) {
    client other;
    other.open();
    EXPECT_EQ(why(other.hears(frame)), make_fault(error::closed_by_server, frame.size() == 2 ? 1005 : 1000));
    EXPECT_EQ(other.machine.close_reason(), "");
  }
  client unread;  // the end is told behind the data, whether the data are read or not
  unread.open();
  const std::string data = "\x82\x02hi\x88\x02\x03\xe9"s;
  bytes in = as_bytes(data);
  EXPECT_FALSE(unread.machine.receive(in, unread.now));
  EXPECT_EQ(as_text(unread.machine.plaintext()), "hi");
  EXPECT_LE(unread.machine.deadline(), unread.now);
  EXPECT_EQ(why(unread.machine.receive(in, unread.now)), make_fault(error::closed_by_server, 1001));
  client longest;
  longest.open();
  EXPECT_EQ(why(longest.hears("\x88\x7d\x03\xf0"s + std::string(123, 'r'), 1)),
            make_fault(error::closed_by_server, 1008));
  EXPECT_EQ(longest.machine.close_reason(), std::string(123, 'r'));
}

TEST(websocket, refuses_what_the_standard_forbids) {
  // [MQTT311-6.0.0-1]
  struct {
    const char* about;
    std::string frame;
    error wrong;
    int status;
  } const rows[] = {
      {"text [MQTT-6.0.0-1]", "\x81\x02hi"s, error::text_frame, 1003},
      {"masked", "\x82\x82" + masked("hi"), error::masked_frame, 1002},
      {"reserved bit", "\xc2\x02hi"s, error::bad_frame, 1002},
      {"reserved opcode 3", "\x83\x02hi"s, error::bad_frame, 1002},
      {"reserved control opcode", "\x8b\x02hi"s, error::bad_frame, 1002},
      {"a continuation of nothing", "\x80\x02hi"s, error::bad_fragment, 1002},
      {"a beginning inside a message", "\x02\x02hi\x82\x02hi"s, error::bad_fragment, 1002},
      {"a ping in pieces", "\x09\x02hi"s, error::bad_frame, 1002},
      {"a long ping", "\x89\x7e\x00\x7e"s + std::string(126, 'p'), error::bad_frame, 1002},
      {"a length that isn't minimal", "\x82\x7e\x00\x02hi"s, error::bad_frame, 1002},
      {"a length of 2^63", "\x82\x7f\x80\0\0\0\0\0\0\1"s, error::bad_frame, 1002},
      {"a close of one octet", "\x88\x01\x03"s, error::bad_close, 1002},
      {"a forbidden status", "\x88\x02\x03\xed"s, error::bad_close, 1002},
      {"a reason that isn't UTF-8", "\x88\x03\x03\xe8\xff"s, error::bad_close, 1002},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.about);
    for (const std::size_t piece : {1U, 100U}) {
      client one;
      one.open();
      EXPECT_EQ(why(one.hears(row.frame, piece)), make_fault(row.wrong));
      const std::string status = {static_cast<char>(row.status >> 8), static_cast<char>(row.status)};
      EXPECT_EQ(one.said(), "\x88\x82"s + masked(status));
      EXPECT_FALSE(one.machine.ready());
      EXPECT_FALSE(one.hears("\x82\x02hi"s));
    }
  }
}

TEST(websocket, refuses_answers_that_are_not_the_right_one) {  // RFC 6455 §4.1
  // [MQTT-6.0.0-4] [MQTT311-6.0.0-4]
  const auto without = [](const std::string& what, const std::string& instead) {
    std::string text = answer;
    return text.replace(text.find(what), what.size(), instead);
  };
  struct {
    std::string answer;
    fault why;
  } const rows[] = {
      {"HTTP/1.1 404 Not Found\r\n\r\n", make_fault(error::upgrade_refused, 404)},
      {"HTTP/1.1 200 OK\r\n\r\n", make_fault(error::upgrade_refused, 200)},
      {"\x20\x02\x00\x00\x20\x02\x00\x00"s, make_fault(error::not_http)},
      {without("Upgrade: websocket\r\n", ""), make_fault(error::bad_upgrade)},
      {without("websocket", "h2c"), make_fault(error::bad_upgrade)},
      {without("Connection: Upgrade", "Connection: close"), make_fault(error::bad_upgrade)},
      {without("s3pP", "s3pQ"), make_fault(error::wrong_accept)},
      {without("Sec-WebSocket-Accept", "Sec-WebSocket-Accepts"), make_fault(error::wrong_accept)},
      {without(": mqtt", ": chat"), make_fault(error::wrong_protocol)},
      {without("Sec-WebSocket-Protocol: mqtt\r\n", ""), make_fault(error::wrong_protocol)},
      {without(": mqtt\r\n", ": mqtt\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"),
       make_fault(error::bad_upgrade)},
      {"HTTP/1.1 101 x\r\n" + std::string(9000, 'a'), make_fault(error::answer_too_long)},
  };
  for (const auto& row : rows) {
    client one;
    (void)one.said();
    EXPECT_EQ(why(one.hears(row.answer)), row.why) << row.answer.substr(0, 200);
  }
  client cases;
  EXPECT_FALSE(why(cases.hears(
      without("Upgrade: websocket\r\nConnection: Upgrade", "upgrade: WebSocket\r\nconnection: keep-alive, upgrade"))));
  EXPECT_TRUE(cases.machine.ready());
}

TEST(websocket, ends_in_time_and_with_the_stream) {
  client one;
  one.now += transport::handshake_time_default;
  EXPECT_EQ(why(one.hears("")), make_fault(error::timed_out));
  one.machine.opened(one.now);
  one.open();
  one.machine.lost(make_fault(stream_error::reset), one.now);
  EXPECT_EQ(why(one.hears("")), make_fault(stream_error::reset));
  EXPECT_FALSE(one.hears(""));
  for (const std::string& path : {""s, "mqtt"s, "/a b"s, "/a#b"s, "/a\r\nX: y"s, "/" + std::string(1024, 'a')})
    EXPECT_EQ(one.machine.set_target("host", path), std::unexpected(error::bad_target)) << path;
}

TEST(websocket, survives_every_flipped_bit) {
  const std::string good = answer + "\x82\x05Hello\x89\x01p\x02\x02hi\x80\x00\x88\x02\x03\xe8"s;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    client one;
    (void)one.hears(bad);
    EXPECT_LE(one.said().size(), outgoing_bytes_min);
  }
}

}  // namespace
}  // namespace recado::websocket
