// What carries packets inside TCP: WebSocket with MQTT in it, and DNS behind its lengths.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <recado/capture/frame.hpp>
#include <recado/capture/recordings_test.hpp>

namespace recado::capture {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using namespace std::string_literals;

/// One connection as a pcap file: what each side says by turns, the client first, `step` octets a segment.
class connection {
 public:
  explicit connection(std::uint16_t port, std::size_t step = 1000) : server_{{}, {v4(2), port}}, step_(step) {
    add(client_, server_, tcp_syn, "");
    ++sequence_[0];
    add(server_, client_, tcp_syn | tcp_ack, "");
    ++sequence_[1];
  }
  connection& client(std::string_view data) { return say(client_, server_, data); }
  connection& server(std::string_view data) { return say(server_, client_, data); }
  result decoded(const decode_settings& how = {}) const { return capture::decoded(pcap(frames_), how); }

 private:
  static ip_address v4(unsigned last) { return ip_address::v4(10, 0, 0, static_cast<std::uint8_t>(last)); }

  connection& say(const party& from, const party& to, std::string_view data) {
    for (; !data.empty(); data.remove_prefix(std::min(step_, data.size())))
      add(from, to, tcp_ack, data.substr(0, step_));
    return *this;
  }
  void add(const party& from, const party& to, std::uint8_t flags, std::string_view data) {
    std::uint32_t& next = sequence_[&from == &server_ ? 1 : 0];
    const std::string frame =
        tcp_frame(from, to, {.sequence = next, .acknowledgement = 0, .flags = flags}, as_bytes(data), 0);
    next += static_cast<std::uint32_t>(data.size());
    frames_.push_back(frame);
  }

  party client_{{}, {v4(1), 40000}}, server_;
  std::size_t step_;
  std::uint32_t sequence_[2] = {5, 9};
  std::vector<std::string> frames_;
};

const std::string request =
    "GET /mqtt HTTP/1.1\r\nHost: broker.lab\r\nAuthorization: Basic c2VjcmV0\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
const std::string answer = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
const std::string connect_5 = hex("10 0e 0004 4d515454 05 02 003c 00 0001 63");
const std::string connack_5 = hex("20 03 00 00 00");

/// A frame of RFC 6455 §5.2; masked as a client's if `mask` isn't empty.
std::string framed(int first, std::string_view payload, std::string_view mask = {}) {
  std::string frame{static_cast<char>(first)};
  const char masked = static_cast<char>(mask.empty() ? 0 : 0x80);
  if (payload.size() < 126) frame += static_cast<char>(masked | static_cast<char>(payload.size()));
  else
    frame += static_cast<char>(masked | 126), frame += static_cast<char>(payload.size() >> 8),
        frame += static_cast<char>(payload.size());
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame += mask.empty() ? payload[i] : static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

const std::string mask = "\x12\x34\x56\x78";

TEST(decode_websocket, shows_http_control_frames_and_the_packets_in_messages) {
  const std::string publish = hex("30 83 01 0001 61 00") + std::string(127, 'x');
  for (const std::size_t step : {1000u, 7u, 1u}) {
    SCOPED_TRACE(step);
    const result all = connection{9001, step}
                           .client(request)
                           .server(answer)
                           .client(framed(0x02, connect_5.substr(0, 5), mask) +  // a message of two frames
                                   framed(0x89, "hi", mask) + framed(0x80, connect_5.substr(5), mask))
                           .server(framed(0x8a, "hi") + framed(0x82, connack_5 + publish))
                           .client(framed(0x88, "\x03\xe8goodbye", mask))
                           .decoded({.ports = {9001}});
    EXPECT_EQ(all.malformed, 0u) << all.text;
    EXPECT_THAT(
        all.text,
        AllOf(HasSubstr("10.0.0.1:40000 to 10.0.0.2:9001, WebSocket, offset "), HasSubstr("GET /mqtt HTTP/1.1"),
              HasSubstr("Authorization: (14 bytes)"), Not(HasSubstr("c2VjcmV0")), HasSubstr("Ping, 2 bytes"),
              HasSubstr("Pong, 2 bytes"), HasSubstr("Close, status 1000: goodbye"),
              HasSubstr("MQTT, offset 0, 16 bytes, from the client"),
              HasSubstr("MQTT, offset 5, 134 bytes, from the server"), HasSubstr("CONNECT"), HasSubstr("PUBLISH")));
  }
}

TEST(decode_websocket, shows_credentials_when_asked_and_refusals) {
  const result shown = connection{9001}.client(request).decoded({.ports = {9001}, .show_secrets = true});
  EXPECT_THAT(shown.text, HasSubstr("Authorization: Basic c2VjcmV0"));
  const result refused =
      connection{9001}.client(request).server("HTTP/1.1 401 Unauthorized\r\n\r\n\xff<html>").decoded({.ports = {9001}});
  EXPECT_EQ(refused.malformed, 0u) << refused.text;
  EXPECT_THAT(refused.text, HasSubstr("401 Unauthorized"));
  const result json = connection{9001}.client(request).decoded({.ports = {9001}, .json = true});
  EXPECT_THAT(json.text, HasSubstr("\"protocol\":\"WebSocket\""));
}

TEST(decode_websocket, hides_what_may_be_a_secret) {
  const std::string asked =
      "GET /mqtt?token=TOP1 HTTP/1.1\r\nAuthorization : Basic TOP2\r\nX-Auth-Token: TOP3\r\n"
      "Proxy-Authorization:\r\n Basic TOP4\r\nHost: a\r\n more\r\n\r\n";
  const std::string said = "HTTP/1.1 101 Switching Protocols\r\nSet-Cookie: s=TOP5\r\n\r\n";
  const connection both = connection{9001}.client(asked).server(said);
  const std::string hidden = both.decoded({.ports = {9001}}).text;
  EXPECT_THAT(hidden, AllOf(Not(HasSubstr("TOP")), HasSubstr("GET /mqtt?(10 bytes) HTTP/1.1"), HasSubstr(" more")));
  const std::string shown = both.decoded({.ports = {9001}, .show_secrets = true}).text;
  for (const char* each : {"TOP1", "TOP2", "TOP3", "TOP4", "TOP5"}) EXPECT_THAT(shown, HasSubstr(each));
}

TEST(decode_websocket, shows_no_control_character) {
  const std::string evil = "GET /\x1b[2J HTTP/1.1\r\nHost: \x07\xff\x7f\n\r\n\r\n";
  const std::string text =
      connection{9001}.client(evil).client(framed(0x88, "\x03\xe8\x1b]0;", mask)).decoded({.ports = {9001}}).text;
  EXPECT_THAT(text, AllOf(HasSubstr("GET /.[2J HTTP/1.1\n"), HasSubstr("Host: ....\n"), HasSubstr("1000: .]0;\n")));
}

TEST(decode_websocket, points_at_what_breaks_the_standard) {
  const std::size_t from = request.size();
  const struct {
    const char* cause;
    std::string sent;
    std::size_t offset;
  } rows[] = {
      {"the client's frame is not masked", framed(0x82, connect_5), 1},
      {"this is one of text", framed(0x81, connect_5, mask), 0},
      {"a reserved bit of the frame is set", framed(0xc2, connect_5, mask), 0},
      {"no such kind of frame", framed(0x83, connect_5, mask), 0},
      {"no message is under way", framed(0x80, connect_5, mask), 0},
      {"has no end", framed(0x02, "", mask) + framed(0x82, connect_5, mask), 6},
      {"a control frame is in pieces", framed(0x09, "", mask), 0},
      {"a control frame is too long", framed(0x89, std::string(126, 'x'), mask), 1},
      {"highest bit set", hex("82 ff 8000000000000000 00000000"), 2},
  };
  for (const auto& each : rows) {
    SCOPED_TRACE(each.cause);
    const result done = connection{9001}.client(request).client(each.sent).decoded({.ports = {9001}});
    EXPECT_EQ(done.malformed, 1u) << done.text;
    EXPECT_THAT(done.text, HasSubstr(each.cause));
    EXPECT_THAT(done.text, HasSubstr("at offset " + std::to_string(from + each.offset) + "\n")) << done.text;
    EXPECT_THAT(done.text, HasSubstr("^^"));
  }
  const result masked = connection{9001}.server(answer + framed(0x82, connack_5, mask)).decoded({.ports = {9001}});
  EXPECT_THAT(masked.text, HasSubstr("the server's frame is masked"));
  // in the packet itself: offsets count what the messages carry
  const result packet =
      connection{9001}.client(request).client(framed(0x82, connect_5 + hex("c1 00"), mask)).decoded({.ports = {9001}});
  EXPECT_THAT(packet.text, HasSubstr("at offset 16\n")) << packet.text;
}

TEST(decode_websocket, survives_every_cut_and_every_flipped_bit) {
  std::string sent =
      framed(0x02, connect_5.substr(0, 5), mask) + framed(0x89, "hi", mask) + framed(0x80, connect_5.substr(5), mask);
  for (std::size_t size = 0; size < request.size() + sent.size(); ++size)
    EXPECT_EQ(connection{9001}.client((request + sent).substr(0, size)).decoded({.ports = {9001}}).malformed, 0u);
  for (std::size_t bit = 0; bit < sent.size() * 8; ++bit) {
    sent[bit / 8] = static_cast<char>(sent[bit / 8] ^ 1 << bit % 8);
    (void)connection{9001}.client(request + sent).decoded({.ports = {9001}});
    sent[bit / 8] = static_cast<char>(sent[bit / 8] ^ 1 << bit % 8);
  }
}

TEST(decode_dns_over_tcp, takes_each_message_from_behind_its_length) {
  const std::string query = hex("1234 0100 0001 0000 0000 0000 01 61 03 6c6162 00 0001 0001");
  const std::string reply =
      hex("1234 8180 0001 0001 0000 0000 01 61 03 6c6162 00 0001 0001 c00c 0001 0001 0000003c 0004"
          "0a4d0002");
  for (const std::size_t step : {1000u, 1u}) {
    const result all =
        connection{53, step}.client("\0\x17"s + query + "\0\x17"s + query).server("\0\x27"s + reply).decoded();
    EXPECT_EQ(all.malformed, 0u) << all.text;
    EXPECT_EQ(all.packets, 3u) << all.text;
    EXPECT_THAT(all.text, AllOf(HasSubstr("10.0.0.1:40000 to 10.0.0.2:53, DNS, offset 2, 23 bytes"),
                                HasSubstr("DNS, offset 27, 23 bytes"), HasSubstr("a.lab"), HasSubstr("10.77.0.2")));
  }
  EXPECT_EQ(connection{53}.client("\0\x17"s + query).decoded({.what = decode_settings::protocol::mqtt}).packets, 0u);
  EXPECT_EQ(connection{53}.client("\0\x17"s + query).decoded({.what = decode_settings::protocol::dns}).packets, 1u);
  const result cut = connection{53}.client("\0\x17"s + query.substr(0, 9)).decoded();
  EXPECT_THAT(cut.text, HasSubstr("a message of DNS over TCP is cut off at offset 11"));
  EXPECT_EQ(connection{53}.client("\0\0"s).decoded().malformed, 1u) << "a message without a header";
  const result broken = connection{53}.client("\0\x16"s + query.substr(0, 22)).decoded();
  EXPECT_EQ(broken.malformed, 1u) << broken.text;
}

}  // namespace
}  // namespace recado::capture
