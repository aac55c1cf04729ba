// Hostile WebSocket servers. The first byte chooses whether the handshake is theirs too or a good one, the second how
// the rest is cut into pieces; the outcome must not depend on that.
#include <array>
#include <optional>

#include <recado/transport/text.hpp>
#include <recado/websocket/filter.hpp>
#include <recado/websocket/sha1.hpp>

#include "target.hpp"

using recado::fuzz::require;

using namespace recado;
using namespace recado::websocket;

namespace {

struct result {
  bool established = false;
  std::optional<fault> why;
  std::string plaintext;
  bool operator==(const result&) const = default;
};

class text_of final : public text_sink {
 public:
  void write(std::string_view piece) override { text.append(piece); }
  std::string text;
};

/// What a good server answers to `request`.
std::string good_answer(std::string_view request) {
  constexpr std::string_view field = "Sec-WebSocket-Key: ";
  const std::size_t at = request.find(field);
  require(at != request.npos);
  const std::string key{request.substr(at + field.size(), 24)};
  const auto digest = sha1(as_bytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
  text_of accept;
  transport::print_base64(digest, {}, accept);
  return "HTTP/1.1 101 ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\n"
         "Sec-WebSocket-Accept: " +
         accept.text + "\r\n\r\n";
}

result play(bytes data, std::size_t piece, bool shakes_hands) {
  std::array<std::byte, incoming_bytes_min> incoming{};
  std::array<std::byte, outgoing_bytes_min> outgoing{};
  fuzz::counting_entropy random;
  filter it{memory{incoming, outgoing}, random};
  require(it.set_target("broker.example", "/mqtt").has_value());
  instant now{};
  it.opened(now);
  result to;
  const auto hear = [&](bytes& in) {
    for (bool more = true; more;) {
      const std::size_t before = in.size();
      const auto what = it.receive(in, now);
      if (what && std::holds_alternative<closed>(*what)) {
        require(!to.why);
        to.why = std::get<closed>(*what).why;
      } else if (what) {
        require(!to.established && !to.why);
        to.established = true;
      }
      const bytes plain = it.plaintext();
      to.plaintext += as_text(plain);
      it.consumed(plain.size());
      more = what.has_value() || in.size() != before || !plain.empty();
    }
    if (it.ready()) (void)it.write(as_bytes(std::string_view{"ping"}), now);
    require(it.pending(now).size() <= outgoing.size());
    it.sent(it.pending(now).size());
  };
  if (shakes_hands) {
    const std::string answer = good_answer(as_text(it.pending(now)));
    bytes in = as_bytes(answer);
    hear(in);
    require(to.established && in.empty());
  }
  while (!data.empty() && !to.why) {
    bytes in = data.first(std::min(piece, data.size()));
    const std::size_t given = in.size();
    hear(in);
    require(in.empty() || to.why);
    data = data.subspan(given - in.size());
  }
  it.lost(make_fault(stream_error::closed_by_peer), now);
  bytes none;
  hear(none);
  require(to.why && it.deadline() == never && !it.ready());
  return to;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const bool shakes_hands = (data[0] & 1) != 0;
  const bytes rest{reinterpret_cast<const std::byte*>(data + 2), size - 2};
  const result whole = play(rest, rest.size() + 1, shakes_hands);
  require(whole.plaintext.size() <= rest.size());
  require(whole == play(rest, data[1] + 1u, shakes_hands));
  return 0;
}
