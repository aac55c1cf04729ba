// A hostile server against a TLS filter, whichever back end it stands on.
#pragma once

#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include <recado/tls/tests/server.hpp>

#include "target.hpp"

namespace recado::fuzz {

/// The same input gives the same run: OpenSSL's randomness, which the tests give to Mbed TLS too, is a counter here.
class predictable {
 public:
  static void begin() {
    static const RAND_METHOD method{nullptr, fill, nullptr, nullptr, fill, [] { return 1; }};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    static const bool once = RAND_set_rand_method(&method) == 1;
#pragma GCC diagnostic pop
    require(once);
    state_ = 0x9e3779b97f4a7c15;
  }

 private:
  static int fill(unsigned char* out, int size) {
    for (int i = 0; i < size; ++i) {
      state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;
      out[i] = static_cast<unsigned char>(state_);
    }
    return 1;
  }
  inline static std::uint64_t state_ = 1;
};

class one_session final : public tls::session_store {
 public:
  void keep(std::string_view, bytes session) override { kept.assign(as_text(session)); }
  bytes find(std::string_view) override { return as_bytes(kept); }
  void forget(std::string_view) override { kept.clear(); }
  std::string kept;
};

/// Whatever came, the filter tells its end once, with words, and then rests.
inline void finish(tls::tests::client& c) {
  c.lose();
  require(c.seen.closed.has_value() && !c.seen.cause.empty());
  require(!c.it.ready() && c.it.deadline() == never);
  c.seen.closed.reset();
  c.hear();
  require(!c.seen.closed);
}

inline tls::client_options up_to(tls::version highest) {
  static one_session store;
  auto options = tls::tests::usual();
  options.report_chain = true, options.sessions = &store, options.highest = highest;
  return options;
}

/// `data` in place of what a server says, as it is or as the content of handshake records. Who offers TLS 1.3 makes a
/// key for it first, which takes most of the time of such a run: so a quarter of them do.
inline void raw(bytes data, bool in_records) {
  static tls::tests::client old{up_to(tls::version::v1_2), 2048, 300};
  static tls::tests::client recent{up_to(tls::version::v1_3), 2048, 300};
  tls::tests::client& c = data.size() % 4 == 0 ? recent : old;
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

/// Positions and values: what a server with a pre-shared key sends, with bytes changed, and plaintext behind.
inline void changed(bytes data, int version) {
  static const std::string key(16, 'k');
  tls::client_options options;
  options.psk = {"device", as_bytes(key)};
  static tls::tests::client c{options, 2048, 300};
  using tls::tests::server;
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

/// A certificate in words: all of it, and nothing hostile.
inline void print_described(const tls::certificate& what) {
  char memory[4096];
  buffer_sink out{memory};
  print(what, {"broker.lab", tls::tests::day(2026, 11, 22)}, out);
  require(!out.truncated());
  require_no_control_characters(out.view());
}

/// One input. The first byte chooses: raw bytes in place of the server's, bytes changed in what a real server sends, a
/// certificate to describe, or a kept session; the last two are the back end's.
inline int tls_filter(bytes input, void (*described)(bytes), void (*kept)(bytes)) {
  predictable::begin();
  if (input.empty()) return 0;
  const bytes rest = input.subspan(1);
  switch (std::to_integer<unsigned>(input[0]) % 6) {
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
    default:
      kept(rest);
      break;
  }
  return 0;
}

}  // namespace recado::fuzz
