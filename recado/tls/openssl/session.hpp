// Sessions as bytes that a store keeps. For sources of the back end only.
#pragma once

#include <array>

#include <recado/core/bytes.hpp>
#include <recado/tls/openssl/handles.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls::openssl {

/// SHA-256 of the policy under which servers are verified.
using policy_digest = std::array<std::byte, 32>;

/// Hands `session` to `store` under `host`, marked with the policy under which its server was verified.
void keep_session(SSL_SESSION* session, const policy_digest& policy, std::string_view host, session_store& store);

/// The session in `kept`, or nothing if it is damaged, was begun under another policy, or can't be resumed.
session_handle parse_session(bytes kept, const policy_digest& policy);

}  // namespace recado::tls::openssl
