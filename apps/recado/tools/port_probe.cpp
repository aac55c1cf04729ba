#include "port_probe.hpp"

#include <array>
#include <string>
#include <utility>

#include <recado/drive/posix/clock.hpp>

namespace recado::app::tools {
namespace {

using namespace std::string_literals;

std::string two(std::size_t number) { return {static_cast<char>(number >> 8), static_cast<char>(number)}; }
std::string with_length(const std::string& of) { return two(of.size()) + of; }
std::string extension(std::size_t type, const std::string& body) { return two(type) + with_length(body); }

/// RFC 8446 §4.1.2 in the form that servers of 1.2 understand too (RFC 5246 §7.4.1.2). Without a key share a server
/// of 1.3 asks for one (HelloRetryRequest), and that is answer enough.
std::string client_hello(std::string_view host, entropy& random) {
  std::array<std::byte, 32> drawn{};
  random.fill(drawn);
  const std::string ciphers =
      "\x13\x01\x13\x02\x13\x03\xc0\x2b\xc0\x2f\xc0\x2c\xc0\x30\xcc\xa9\xcc\xa8\x00\x9c\x00\x9d"s;
  std::string extensions;
  if (!host.empty() && !parse_address(host))
    extensions += extension(0, with_length("\0"s + with_length(std::string{host})));  // RFC 6066 §3
  extensions += extension(10, with_length("\x00\x1d\x00\x17\x00\x18"s));              // supported_groups
  extensions += extension(11, "\x01\x00"s);                                           // ec_point_formats
  extensions += extension(13, with_length("\x04\x03\x05\x03\x08\x04\x08\x05\x08\x06\x08\x07\x04\x01\x05\x01"s));
  extensions += extension(43, "\x04\x03\x04\x03\x03"s);  // supported_versions: 1.3, 1.2
  extensions += extension(51, two(0));                   // key_share
  const std::string body =
      "\x03\x03"s + std::string{as_text(drawn)} + "\0"s + with_length(ciphers) + "\x01\x00"s + with_length(extensions);
  return "\x16\x03\x01"s + with_length("\x01\0"s + with_length(body));
}

/// The first bytes of the answer, `wanted` at most.
std::string ask(const endpoint& whom, const posix::tcp_options& options, const std::string& question,
                const std::string& goodbye, std::size_t wanted, duration bound) {
  posix::loop loop;
  posix::tcp_stream stream;
  std::string answer;
  instant now = posix::now();
  const instant end = now + bound;
  if (!loop.open() || !stream.connect(loop, {&whom, 1}, options, now)) return answer;
  bool asked = false;
  for (; now < end; now = posix::now()) {
    stream.advance(now);
    if (stream.state() == posix::tcp_stream::phase::closed) return answer;
    if (stream.state() == posix::tcp_stream::phase::open) {
      if (!std::exchange(asked, true) && !stream.send(as_bytes(std::string_view{question}), now)) return answer;
      std::array<std::byte, 16> piece{};
      const auto got = stream.receive(piece, now);
      if (!got) return answer;
      answer += as_text(bytes{piece}.first(*got));
      if (answer.size() >= wanted) {
        (void)stream.send(as_bytes(std::string_view{goodbye}), now);
        return answer;
      }
    }
    loop.wait(std::min(end, stream.deadline()));
  }
  return answer;
}

}  // namespace

bool answers_tls(const endpoint& whom, std::string_view host, const posix::tcp_options& options, duration bound,
                 entropy& random) {
  const std::string answer = ask(whom, options, client_hello(host, random), {}, 2, bound);
  return answer.size() >= 2 && (answer[0] == 0x15 || answer[0] == 0x16) && answer[1] == 3;  // alert or handshake
}

bool answers_mqtt(const endpoint& whom, const posix::tcp_options& options, duration bound) {
  constexpr std::size_t connack_bytes = 4;
  const std::string connect = "\x10\x0c\0\4MQTT\4\2\0\x0a\0\0"s;  // 3.1.1, clean session, no identifier
  const std::string answer = ask(whom, options, connect, "\xe0\0"s, connack_bytes, bound);
  return answer.size() >= connack_bytes && answer[0] == 0x20;
}

}  // namespace recado::app::tools
