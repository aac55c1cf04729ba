// A certificate as people read it: plain values, free of every back end's types.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <recado/core/fixed_vector.hpp>
#include <recado/core/instant.hpp>
#include <recado/core/phrase.hpp>
#include <recado/core/text.hpp>
#include <recado/tls/limits.hpp>

namespace recado::tls {

/// What verification found about one certificate (RFC 5280 §6, RFC 6125).
enum class verdict : std::uint8_t {
  good,
  unknown_authority,     ///< the chain ends in a self-signed certificate that isn't trusted here
  intermediate_missing,  ///< signed by one that is neither trusted here nor sent by the server
  self_signed,           ///< the server's certificate is signed by itself and not trusted here
  expired,
  not_yet_valid,
  wrong_name,        ///< issued for other names or addresses than the one connected to
  revoked,           ///< listed in its issuer's CRL
  crl_missing,       ///< CRLs were given, none of them of this issuer
  crl_expired,       ///< the CRL's next update has passed
  crl_invalid,       ///< the CRL isn't valid yet, or its signature is wrong
  weak_key,          ///< under 112 bits of strength: RSA below 2048 bits, elliptic curves below 224
  weak_signature,    ///< SHA-1, MD5 or another digest under 112 bits of strength
  not_an_authority,  ///< it signed another one, but may not (basic constraints, key usage)
  wrong_purpose,     ///< not for servers (extended key usage, key usage)
  path_too_long,     ///< more authorities below it than it allows, or a longer chain than recado follows
  bad_signature,     ///< the signature is wrong: forged or damaged
  name_constraints,  ///< outside the names that an authority above may sign for
  malformed,         ///< a field is damaged, or a critical extension isn't known
  rejected,          ///< for another reason; see the back end's words
};

/// The kind of public key.
enum class key_kind : std::uint8_t { other, rsa, ecdsa, ed25519, ed448 };

/// What the key may be used for (RFC 5280 §4.2.1.3), as bits of `certificate::key_usage`.
enum class usage : std::uint16_t {
  digital_signature = 1 << 0,
  non_repudiation = 1 << 1,
  key_encipherment = 1 << 2,
  data_encipherment = 1 << 3,
  key_agreement = 1 << 4,
  certificate_signing = 1 << 5,
  crl_signing = 1 << 6,
  encipher_only = 1 << 7,
  decipher_only = 1 << 8,
};

/// What the certificate is for (RFC 5280 §4.2.1.12), as bits of `certificate::extended_key_usage`.
enum class purpose : std::uint16_t {
  server = 1 << 0,
  client = 1 << 1,
  code_signing = 1 << 2,
  email = 1 << 3,
  time_stamping = 1 << 4,
  ocsp_signing = 1 << 5,
  any = 1 << 6,
  other = 1 << 7,
};

/// One certificate. Texts are safe to print: control characters are escaped when they are filled in.
struct certificate {
  unsigned depth = 0;                                  ///< 0 is the server's own, the highest the trusted authority
  unsigned version = 0;                                ///< 1 to 3
  fixed_vector<std::byte, serial_bytes_max> serial;    ///< the most significant byte first
  fixed_string<distinguished_name_bytes_max> issuer;   ///< "CN=recado MQTT CA, O=recado"
  fixed_string<distinguished_name_bytes_max> subject;  ///< the same form
  utc_time not_before{};                               ///< valid from then on
  utc_time not_after{};                                ///< valid until then
  fixed_string<48> signature_algorithm;                ///< "ecdsa-with-SHA256"
  key_kind key = key_kind::other;                      ///< its kind
  fixed_string<32> key_name;                           ///< the curve, or the algorithm's name when `key` is `other`
  unsigned key_bits = 0;                               ///< its length
  bool has_basic_constraints = false;                  ///< the extension is there
  bool authority = false;                              ///< basic constraints: CA
  std::optional<unsigned> path_length;                 ///< basic constraints: authorities allowed below this one
  bool has_key_usage = false;                          ///< the extension is there
  std::uint16_t key_usage = 0;                         ///< bits of `usage`
  bool has_extended_key_usage = false;                 ///< the extension is there
  std::uint16_t extended_key_usage = 0;                ///< bits of `purpose`
  fixed_string<names_bytes_max> names;                 ///< alternative names: "DNS:broker.lab, IP:10.77.0.2"
  std::array<std::byte, 32> fingerprint{};             ///< SHA-256 of the whole certificate
  bool cut = false;                                    ///< a text above was longer than its room
  verdict judged = verdict::good;                      ///< what the verification said of it

  /// True if the key usage allows it.
  constexpr bool may(usage what) const { return (key_usage & static_cast<std::uint16_t>(what)) != 0; }
  /// True if the extended key usage names it.
  constexpr bool is_for(purpose what) const { return (extended_key_usage & static_cast<std::uint16_t>(what)) != 0; }
};

/// What the verdict was measured against: needed to say it well.
struct circumstances {
  std::string_view host;      ///< the name or address that was connected to
  utc_time at{};              ///< the device's time at the check
  bool clock_trusted = true;  ///< false: that time is a guess, or was never set
};

/// The verdict as half a sentence without its particulars: "has expired".
phrase words(verdict judged);
/// What the user can do about it.
phrase remedy(verdict judged);

/// The verdict with its particulars: "expired on 2024-01-02", "issued for a.example, not b.example",
/// "signed by an unknown authority: CN=…". Names the clock when it is the likely cause.
void print_verdict(const certificate& what, const circumstances& checked, text_sink& out);

/// The whole certificate, one line a field, each line indented by two spaces but the first.
void print(const certificate& what, text_sink& out);
/// The same, and the verdict with its particulars as the last line.
void print(const certificate& what, const circumstances& checked, text_sink& out);

/// "2024-01-02"; years beyond 9999 and before 0000 print as they are.
void print_date(utc_time when, text_sink& out);
/// "2024-01-02 03:04:05 UTC".
void print_time(utc_time when, text_sink& out);

}  // namespace recado::tls
