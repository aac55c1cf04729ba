// Hostile proxies. The first byte chooses the kind of proxy and whether credentials are offered, the second how the
// rest is cut into pieces; the outcome must not depend on that.
#include <array>
#include <optional>

#include <recado/transport/http_connect.hpp>
#include <recado/transport/socks5.hpp>

#include "target.hpp"

using recado::fuzz::require;

using namespace recado;
using namespace recado::transport;

namespace {

struct result {
  bool established = false;
  std::optional<fault> why;
  std::string plaintext;
  bool operator==(const result&) const = default;
};

void note(const event& what, result& to) {
  if (const auto* end = std::get_if<closed>(&what)) {
    require(!to.why && end->why);
    to.why = end->why;
  } else {
    require(!to.established && !to.why);
    to.established = true;
  }
}

/// A server hears nothing but the handshake and what was written.
template <class Tunnel>
result play(bytes data, std::size_t piece, bool credentials) {
  std::array<std::byte, handshake_bytes_min> incoming{}, outgoing{};
  Tunnel it{memory{incoming, outgoing}};
  require(it.set_target("broker.example", 8883).has_value());
  if (credentials) require(it.set_credentials("user", "word").has_value());
  instant now{};
  it.opened(now);
  result to;
  const auto hear = [&](bytes& in) {
    for (bool more = true; more;) {
      const std::size_t before = in.size();
      const auto what = it.receive(in, now);
      if (what) note(*what, to);
      to.plaintext += as_text(it.plaintext());
      it.consumed(it.plaintext().size());
      more = what.has_value() || in.size() != before;
    }
    it.sent(it.pending(now).size());
  };
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

result play(bool socks, bytes data, std::size_t piece, bool credentials) {
  return socks ? play<socks5>(data, piece, credentials) : play<http_connect>(data, piece, credentials);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const bool socks = (data[0] & 1) != 0, credentials = (data[0] & 2) != 0;
  const bytes rest{reinterpret_cast<const std::byte*>(data + 2), size - 2};
  const result whole = play(socks, rest, rest.size() + 1, credentials);
  require(as_text(rest).ends_with(whole.plaintext));
  require(whole == play(socks, rest, data[1] + 1u, credentials));
  return 0;
}
