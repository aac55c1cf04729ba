// The named limits of the TLS filter; sizes in bytes, units last.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>

namespace recado::tls {

/// Text of an issuer or subject that is kept; what is longer is cut and `certificate::cut` says so. Where causes are
/// numbers, no text is.
inline constexpr std::size_t distinguished_name_bytes_max = has_causes ? 200 : 0;
/// Text of all alternative names of one certificate that is kept.
inline constexpr std::size_t names_bytes_max = has_causes ? 400 : 0;
/// Longest host name: 253 characters, as DNS allows (RFC 1035 §2.3.4), and room for a literal address.
inline constexpr std::size_t host_bytes_max = 253;
/// Serial numbers have at most 20 octets (RFC 5280 §4.1.2.2).
inline constexpr std::size_t serial_bytes_max = 20;
/// Certificates above the server's that are looked at, the trusted one included.
inline constexpr std::size_t chain_depth_max = 8;
/// What a server can make the filter hold in one handshake message, such as its chain.
inline constexpr std::size_t server_chain_bytes_max = 65536;
/// One record's plaintext (RFC 8446 §5.1).
inline constexpr std::size_t record_bytes_max = 16384;
/// What the longest header, nonce, padding and tag add to a record that this side writes.
inline constexpr std::size_t record_overhead_bytes_max = 96;
/// Kept free in the outgoing buffer for key updates and the farewell.
inline constexpr std::size_t farewell_bytes = 96;
/// Smallest buffer for outgoing records. With 17 KiB a write can use records of full size.
inline constexpr std::size_t outgoing_bytes_min = 512;
/// Smallest buffer for received plaintext. The machine above sets the real need: its longest packet.
inline constexpr std::size_t plaintext_bytes_min = 64;
/// Nothing under 112 bits of strength: a pre-shared key of 14 bytes is the shortest (NIST SP 800-57 §5.6.3).
inline constexpr std::size_t psk_bytes_min = 14;
inline constexpr std::size_t psk_bytes_max = 64;  ///< bytes of a pre-shared key
/// RFC 4279 §5.3 asks for identities of up to 128 bytes.
inline constexpr std::size_t psk_identity_bytes_max = 128;
/// RSA keys below this are refused.
inline constexpr unsigned rsa_bits_min = 2048;
/// How long a pass phrase may be.
inline constexpr std::size_t pass_phrase_bytes_max = 256;
/// One line about what went wrong, names included.
inline constexpr std::size_t cause_bytes_max = has_causes ? 640 : 0;
/// Default for `client_options::handshake_patience`.
inline constexpr duration handshake_patience = std::chrono::seconds{30};

}  // namespace recado::tls
