// A private key that PSA keeps: whoever has its identifier can sign with it, and nobody can read it.
#pragma once

#include <cstdint>
#include <expected>

#include <recado/tls/error.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls::mbedtls {

/// True if Mbed TLS was built with keys that stay in PSA (MBEDTLS_USE_PSA_CRYPTO): the presets `opaque`, `pc_opaque`
/// and `tiny`. Without, the functions below and `client_options::opaque_key` are refused.
bool has_opaque_keys();

/// Brings an ECDSA key that isn't encrypted into PSA for as long as the program runs, for signing alone: it can't be
/// exported or copied. The answer is for `client_options::opaque_key`; a key that PSA has from elsewhere (a secure
/// element, persistent storage) does as well. `global_setup` comes before it, and ends what it gave.
std::expected<std::uint32_t, error> import_opaque_key(const source& key);

/// Ends it, once all contexts and filters that use it are gone; nothing happens if there is none.
void destroy_opaque_key(std::uint32_t identifier);

}  // namespace recado::tls::mbedtls
