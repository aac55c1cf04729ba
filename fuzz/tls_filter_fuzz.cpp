// A hostile server against the TLS filter. The first byte chooses: raw bytes in place of the server's, bytes changed
// in what a real server sends, a certificate to describe, or a kept session.
#include <openssl/rand.h>

#include <cstdlib>
#include <string>

#include <recado/tls/openssl/describe.hpp>
#include <recado/tls/openssl/session.hpp>
#include <recado/tls/tests/server.hpp>

#include "target.hpp"

using recado::fuzz::require;

using namespace recado;
using namespace recado::tls;
using namespace recado::tls::openssl;
using namespace recado::tls::tests;

namespace {

// The same input gives the same run: OpenSSL's randomness is a counter here.
std::uint64_t state = 1;
int predictable(unsigned char* out, int size) {
  for (int i = 0; i < size; ++i) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    out[i] = static_cast<unsigned char>(state);
  }
  return 1;
}
int ready() { return 1; }

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
void make_predictable() {
  static const RAND_METHOD method{nullptr, predictable, nullptr, nullptr, predictable, ready};
  static const bool once = RAND_set_rand_method(&method) == 1;
  if (!once) std::abort();
  state = 0x9e3779b97f4a7c15;
}

class one_session final : public session_store {
 public:
  void keep(std::string_view, bytes session) override { kept.assign(as_text(session)); }
  bytes find(std::string_view) override { return as_bytes(kept); }
  void forget(std::string_view) override { kept.clear(); }
  std::string kept;
};

// Whatever came, the filter tells its end once, with words, and then rests.
void finish(client& c) {
  c.lose();
  require(c.seen.closed.has_value() && !c.seen.cause.empty());
  require(!c.it.ready() && c.it.deadline() == never);
  c.seen.closed.reset();
  c.hear();
  require(!c.seen.closed);
}

void raw(bytes data, bool in_records) {
  static one_session store;
  auto options = usual();
  options.report_chain = true, options.sessions = &store;
  static client c{options, 2048, 300};
  c.open();
  if (in_records) {
    for (bytes rest = data; !rest.empty();) {
      const bytes part = rest.first(std::min<std::size_t>(rest.size(), 16000));
      c.inbox += std::string{"\x16\x03\x03", 3} + static_cast<char>(part.size() >> 8) + static_cast<char>(part.size());
      c.inbox += as_text(part);
      rest = rest.subspan(part.size());
    }
  } else {
    c.inbox = as_text(data);
  }
  c.hear();
  finish(c);
}

// Positions and values: what a server with a pre-shared key sends, with bytes changed, and plaintext behind.
void changed(bytes data, int version) {
  static const std::string key(16, 'k');
  client_options options;
  options.psk = {"device", as_bytes(key)};
  static client c{options, 2048, 300};
  static server old{{.own = nullptr, .chain = {}, .highest = TLS1_2_VERSION, .psk_identity = "device", .psk = key}};
  static server recent{{.own = nullptr, .chain = {}, .psk_identity = "device", .psk = key}};
  server& s = version == TLS1_2_VERSION ? old : recent;
  s.begin(), c.open();
  std::size_t said = 0;
  for (int turn = 0; turn < 8; ++turn) {
    bytes out = c.it.pending(c.now);
    s.hear(out), c.it.sent(out.size());
    if (s.done() && turn > 2) s.write(as_text(data));
    std::string text = s.says();
    for (bytes rest = data; rest.size() >= 3; rest = rest.subspan(3)) {
      const std::size_t at = std::to_integer<std::size_t>(rest[0]) << 8 | std::to_integer<std::size_t>(rest[1]);
      if (at >= said && at < said + text.size()) text[at - said] ^= static_cast<char>(rest[2]);
    }
    said += text.size();
    c.inbox += text;
    c.hear();
    if (c.it.ready()) (void)c.it.write(data, c.now);
  }
  finish(c);
}

void described(bytes data) {
  const auto* at = reinterpret_cast<const unsigned char*>(data.data());
  const x509_handle parsed{d2i_X509(nullptr, &at, static_cast<long>(data.size()))};
  ERR_clear_error();
  if (!parsed) return;
  char memory[4096];
  buffer_sink out{memory};
  print(describe(*parsed), {"broker.lab", day(2026, 11, 22)}, out);
  require(!out.truncated());
  for (const char c : out.view()) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
}

void kept(bytes data) {
  const policy_digest none{};
  std::string whole{"recado session 1"};
  whole += as_text(none);
  whole += as_text(data);
  (void)parse_session(as_bytes(whole), none);
  (void)parse_session(data, none);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  make_predictable();
  if (size == 0) return 0;
  const bytes rest{reinterpret_cast<const std::byte*>(data + 1), size - 1};
  switch (data[0] % 6) {
    case 0:
      raw(rest, false);
      break;
    case 1:
      raw(rest, true);
      break;
    case 2:
      changed(rest, TLS1_2_VERSION);
      break;
    case 3:
      changed(rest, TLS1_3_VERSION);
      break;
    case 4:
      described(rest);
      break;
    case 5:
      kept(rest);
      break;
  }
  return 0;
}
