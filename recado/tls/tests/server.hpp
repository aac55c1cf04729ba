// A TLS server over memory, and a wire between it and the filter that can be cut and chopped.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <recado/tls/openssl/tests/pki.hpp>
#include <recado/tls/tests/backend.hpp>

namespace recado::tls::tests {

using namespace openssl::tests;
using openssl::key_handle;
using openssl::ssl_context_handle;
using openssl::ssl_handle;
using openssl::x509_handle;

/// What a test wants of the server.
struct server_wish {
  const identity* own = &the_world().broker;
  std::vector<const X509*> chain = {the_world().authority.certificate.get()};
  int lowest = TLS1_2_VERSION, highest = TLS1_3_VERSION;
  bool wants_client_certificate = false;
  std::string alpn = "";  ///< takes this protocol only; empty: has no ALPN
  std::string psk_identity = "", psk = "";
  std::string ciphers = "";
  bool tickets = true;
};

/// OpenSSL as a server, for any number of connections.
class server {
 public:
  explicit server(server_wish what) : wish_(std::move(what)), context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX* context = context_.get();
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, wish_.lowest), SSL_CTX_set_max_proto_version(context, wish_.highest);
    SSL_CTX_set_cipher_list(context, wish_.ciphers.empty() ? "ALL:@SECLEVEL=0" : wish_.ciphers.c_str());
    if (wish_.own) {
      SSL_CTX_use_certificate(context, wish_.own->certificate.get());
      SSL_CTX_use_PrivateKey(context, wish_.own->key.get());
    }
    for (const X509* one : wish_.chain) SSL_CTX_add1_chain_cert(context, const_cast<X509*>(one));
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("tests"), 5);
    if (wish_.wants_client_certificate) {
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
      X509_STORE* trusted = SSL_CTX_get_cert_store(context);
      X509_STORE_add_cert(trusted, the_world().root.certificate.get());
      X509_STORE_add_cert(trusted, the_world().authority.certificate.get());
    }
    if (!wish_.alpn.empty()) SSL_CTX_set_alpn_select_cb(context, on_alpn, this);
    if (!wish_.psk.empty()) SSL_CTX_set_psk_server_callback(context, on_psk);
    if (!wish_.tickets) SSL_CTX_set_options(context, SSL_OP_NO_TICKET), SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_tlsext_servername_callback(context, on_name);
  }

  void begin() {
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), in_ = BIO_new(BIO_s_mem()), out_ = BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
    received.clear(), name.clear(), orderly_end = false;
  }
  void hear(bytes data) {
    if (!data.empty()) BIO_write(in_, data.data(), static_cast<int>(data.size()));
    ERR_clear_error();
    std::byte piece[20000];
    std::size_t n = 0;
    while (SSL_read_ex(ssl_.get(), piece, sizeof piece, &n) == 1) received += as_text({piece, n});
    if (done() && !after_handshake.empty()) {
      write(after_handshake);
      after_handshake.clear();
      if (shuts_down) shutdown();
    }
    if ((SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0) orderly_end = true;
    ERR_clear_error();
  }
  std::string says() {
    const std::string text = text_of(out_);
    (void)BIO_reset(out_);
    return text;
  }
  void write(std::string_view text) { SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())); }
  void shutdown() { SSL_shutdown(ssl_.get()); }
  void update_keys() { SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED), SSL_do_handshake(ssl_.get()); }
  bool done() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  SSL* ssl() { return ssl_.get(); }

  std::string received, name;
  std::string after_handshake;  ///< said once the handshake is done
  bool shuts_down = false;      ///< and close_notify behind it
  bool orderly_end = false;

 private:
  static server& of(SSL* ssl) { return *static_cast<server*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl))); }
  static int on_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned size,
                     void* user) {
    const std::string& wanted = static_cast<server*>(user)->wish_.alpn;
    for (unsigned at = 0; at < size; at += 1u + in[at]) {
      if (std::string_view{reinterpret_cast<const char*>(in + at + 1), in[at]} != wanted) continue;
      *out = in + at + 1, *out_size = in[at];
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  static unsigned on_psk(SSL* ssl, const char* identity, unsigned char* key, unsigned size) {
    const server_wish& wish = of(ssl).wish_;
    if (wish.psk_identity != identity || wish.psk.size() > size) return 0;
    std::memcpy(key, wish.psk.data(), wish.psk.size());
    return static_cast<unsigned>(wish.psk.size());
  }
  static int on_name(SSL* ssl, int*, void*) {
    if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) of(ssl).name = name;
    return SSL_TLSEXT_ERR_OK;
  }

  server_wish wish_;
  ssl_context_handle context_;
  ssl_handle ssl_;
  BIO *in_ = nullptr, *out_ = nullptr;
};

/// What came out of the filter, with texts of its own.
struct outcome {
  std::vector<certificate> chain;
  std::vector<std::string> printed;
  std::optional<tls::secured> secured;
  std::string alpn, suite, group;
  std::optional<fault> closed;
  std::string cause, line;
};

inline const wall_clock& clock_at(utc_time when) {
  static wall_clock clock;
  clock = {};
  clock.set(when, instant{});
  return clock;
}

inline source memory(std::string_view text) { return source::memory(as_bytes(text)); }

/// The options of most tests: the root is trusted, it is 2026-11-22.
inline client_options usual() {
  static const std::string root = pem(the_world().root);
  client_options options;
  options.ca = memory(root);
  options.clock = &clock_at(day(2026, 11, 22));
  return options;
}

/// A filter with its memory, a wire, and somebody who consumes what is received.
class client {
 public:
  explicit client(const client_options& options, std::size_t outgoing = 17 * 1024, std::size_t plaintext = 17 * 1024)
      : outgoing_(outgoing), plaintext_(plaintext), loaded(shared.load(options)) {}

  context shared;

 private:
  std::vector<std::byte> outgoing_, plaintext_;

 public:
  std::expected<void, error> loaded;
  filter it{shared, {outgoing_, plaintext_}};
  instant now{};
  outcome seen;
  std::string received;          ///< plaintext consumed
  std::string inbox;             ///< what arrived and the filter didn't take yet
  std::size_t piece = SIZE_MAX;  ///< bytes at a time, both ways
  std::size_t sent = 0, heard = 0;

  void open(const char* host = "broker.lab") {
    seen = {}, received.clear(), inbox.clear(), sent = heard = 0;
    (void)it.set_peer(host);
    it.opened(now);
  }
  /// True if the filter did something with it.
  bool take(bytes& in) {
    const std::size_t before = in.size();
    auto event = it.receive(in, now);
    if (event) note(*event);
    const bytes plain = it.plaintext();
    received += as_text(plain);
    it.consumed(plain.size());
    return event || in.size() != before || !plain.empty();
  }
  void hear() {
    for (bool first = true; first || !inbox.empty(); first = false) {
      const std::string now_here = inbox.substr(0, piece);
      bytes in = as_bytes(now_here);
      bool any = false;
      while (take(in)) any = true;
      inbox.erase(0, now_here.size() - in.size());
      heard += now_here.size() - in.size();
      if (!any) return;
    }
  }
  /// Lets client and server talk until neither says more; cuts the wire after `limit` bytes in all.
  void talk(server& other, std::size_t limit = SIZE_MAX) {
    for (bool busy = true; busy;) {
      busy = false;
      hear();
      for (bytes out; !(out = it.pending(now)).empty();) {
        out = out.first(std::min({out.size(), piece, limit - std::min(limit, sent + heard)}));
        if (out.empty()) return;
        other.hear(out);
        sent += out.size();
        it.sent(out.size());
        busy = true;
      }
      std::string said = other.says();
      if (sent + heard + inbox.size() + said.size() > limit) {
        inbox += said.substr(0, limit - sent - heard - inbox.size());
        hear();
        return;
      }
      busy = busy || !said.empty();
      inbox += said;
    }
  }
  void lose(stream_error why = stream_error::closed_by_peer) {
    it.lost(make_fault(why), now);
    hear();
  }
  void note(const event& what) {
    char memory[4096];
    buffer_sink out{memory};
    if (const auto* certificate = std::get_if<certificate_seen>(&what)) {
      print(*certificate->seen, certificate->checked, out);
      seen.chain.push_back(*certificate->seen), seen.printed.emplace_back(out.view());
    } else if (const auto* secured = std::get_if<tls::secured>(&what)) {
      seen.secured = *secured;
      seen.alpn = secured->alpn, seen.suite = secured->suite, seen.group = secured->group;
    } else if (const auto* closed = std::get_if<tls::closed>(&what)) {
      print(*closed, out);
      seen.closed = closed->why, seen.cause = closed->cause, seen.line = out.view();
    }
  }
};

}  // namespace recado::tls::tests
