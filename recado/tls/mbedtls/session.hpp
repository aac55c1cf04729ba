// Sessions as bytes that a store keeps. For sources of the back end only.
#pragma once

#include <mbedtls/ssl.h>

#include <recado/core/bytes.hpp>
#include <recado/tls/mbedtls/loaded.hpp>

namespace recado::tls::mbedtls {

/// What a kept session says: views of its bytes.
struct kept_session {
  bytes leaf;     ///< the server's certificate as DER; empty if it wasn't verified
  bytes content;  ///< as Mbed TLS wrote it
};

/// Hands `session` to `store` under `host`, marked with the policy under which its server was verified.
void keep_session(const mbedtls_ssl_session& session, bytes leaf, const policy_digest& policy, std::string_view host,
                  session_store& store);

/// What is in `kept`; its `content` is empty if it is damaged or was begun under another policy.
kept_session parse_session(bytes kept, const policy_digest& policy);

}  // namespace recado::tls::mbedtls
