// Sessions as bytes that a store keeps. For sources of the back end only.
#pragma once

#include <array>
#include <vector>

#include <recado/core/bytes.hpp>
#include <recado/tls/openssl/handles.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls::openssl {

/// SHA-256 of the policy under which servers are verified.
using policy_digest = std::array<std::byte, 32>;

/// The session that was kept last, as bytes and as OpenSSL's object: to parse it, with the certificate in it, costs as
/// much as half of the handshake that it shortens.
class session_memory {
 public:
  session_memory() = default;
  session_memory(const session_memory&) = delete;
  session_memory& operator=(const session_memory&) = delete;
  ~session_memory() { forget(); }

  /// Remembers what stands for `kept`, which is wiped once it is forgotten.
  void remember(std::vector<std::byte> kept, const SSL_SESSION* session);
  /// The object for these bytes, if they are those that were kept last and it can be resumed. One of TLS 1.3 is used
  /// once and forgotten with that.
  session_handle find(bytes kept);

 private:
  void forget();
  std::vector<std::byte> kept_;
  session_handle object_;
};

/// Hands `session` to `store` under `host`, marked with the policy under which its server was verified.
void keep_session(SSL_SESSION* session, const policy_digest& policy, std::string_view host, session_store& store,
                  session_memory& last);

/// The session in `kept`, or nothing if it is damaged, was begun under another policy, or can't be resumed.
session_handle parse_session(bytes kept, const policy_digest& policy, session_memory& last);

}  // namespace recado::tls::openssl
