// Cipher suites by their names and in the order in which they are offered.
#pragma once

#include <expected>
#include <string_view>

#include <recado/core/fixed_vector.hpp>
#include <recado/tls/error.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls::mbedtls {

/// Numbers of suites as Mbed TLS wants them, with a 0 behind the last.
using suite_list = fixed_vector<int, 28>;

/// The suites of `options.suites` (TLS 1.3) and `options.ciphers` (TLS 1.2, names of OpenSSL or IANA and OpenSSL's
/// words such as `ECDHE+AESGCM`, `!PSK`), the best first, as far as this build has them. With empty options: forward
/// secrecy and AEAD; the fastest first, ChaCha20-Poly1305 where the CPU has no instructions for AES.
/// `anyone`: certificates are accepted, not only the pre-shared key.
std::expected<suite_list, error> choose_suites(const client_options& options, bool anyone);

/// The IANA name; empty if it isn't known.
std::string_view suite_name(int suite);
/// True if the suite of TLS 1.2 proves a pre-shared key.
bool suite_is_psk(int suite);

/// The groups for the key exchange as numbered by IANA, the best first, with a 0 behind the last.
std::span<const std::uint16_t> groups();
/// "x25519"; empty if it isn't known.
std::string_view group_name(std::uint16_t group);

}  // namespace recado::tls::mbedtls
