#include <recado/tls/error.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls {
namespace {

struct said {
  error code;
  const char *cause, *remedy;
};

constexpr said options_said[] = {
    {error::ca_file_unreadable, "the CA file can't be read"_packed, "check its path and permissions"_packed},
    {error::ca_invalid, "the CA file holds no certificate in PEM or DER"_packed,
     "give the authority's certificate"_packed},
    {error::no_authority, "no CA is given, so the server can't be verified"_packed,
     "give a CA file, or ask for the system's store"_packed},
    {error::crl_file_unreadable, "the CRL file can't be read"_packed, "check its path and permissions"_packed},
    {error::crl_invalid, "the CRL file holds no CRL in PEM or DER"_packed,
     "give the authority's revocation list"_packed},
    {error::certificate_file_unreadable, "the client certificate's file can't be read"_packed,
     "check its path and permissions"_packed},
    {error::certificate_invalid, "the client certificate's file holds no certificate in PEM or DER"_packed,
     "give the certificate that the authority signed"_packed},
    {error::certificate_missing, "a private key is given without a client certificate"_packed,
     "give the certificate too"_packed},
    {error::certificate_weak, "the client certificate is under 112 bits of strength or signed with SHA-1"_packed,
     "have a new one signed, with RSA of 2048 bits or more, ECDSA or Ed25519, and SHA-256"_packed},
    {error::key_file_unreadable, "the private key's file can't be read"_packed,
     "check its path and permissions"_packed},
    {error::key_invalid, "the private key's file holds no private key in PEM or DER"_packed,
     "give the key that the certificate was made with"_packed},
    {error::key_missing, "a client certificate is given without its private key"_packed, "give the key too"_packed},
    {error::key_encrypted, "the private key is encrypted and there is no pass phrase"_packed,
     "give its pass phrase"_packed},
    {error::pass_phrase_wrong, "the pass phrase doesn't open the private key"_packed,
     "give the right pass phrase"_packed},
    {error::key_mismatch, "the private key doesn't belong to the client certificate"_packed,
     "give the key that this certificate was made with"_packed},
    {error::key_weak, "the private key is under 112 bits of strength"_packed,
     "make a new one: RSA of 2048 bits or more, ECDSA P-256 or Ed25519"_packed},
    {error::key_unsupported, "the private key is of a kind that TLS can't use"_packed,
     "make an RSA, ECDSA or Ed25519 key"_packed},
    {error::ciphers_invalid, "no cipher suite of those given is known and strong enough"_packed,
     "check the names, or leave them out"_packed},
    {error::version_range_invalid, "the lowest TLS version is above the highest"_packed, "swap them"_packed},
    {error::alpn_invalid, "an ALPN protocol name is empty or longer than 255 characters"_packed,
     "check the names"_packed},
    {error::psk_invalid,
     "the pre-shared key is shorter than 14 bytes (112 bits) or longer than 64, or its identity "
     "is empty or longer than 128"_packed,
     "use a random key of 16 bytes or more"_packed},
    {error::clock_missing, "there is no clock to check the certificates' dates by"_packed,
     "give the device's clock"_packed},
    {error::host_invalid, "the server's name is empty, too long or has characters that no name has"_packed,
     "give the name or address that the certificate is issued for"_packed},
    {error::memory_too_small, "the buffers given to TLS are too small"_packed,
     "see the limits of the TLS filter"_packed},
    {error::out_of_memory, "there is no memory left for TLS"_packed, "free some, or allow more"_packed},
    {error::in_use, "this can't be changed while connected"_packed, "close the connection first"_packed},
    {error::not_loaded, "the TLS options have not been loaded"_packed, "load them first"_packed},
    {error::algorithm_unsupported,
     "a certificate or key uses an algorithm that this TLS library lacks "
     "(Ed25519, or a curve or digest left out)"_packed,
     "use ECDSA P-256 with SHA-256, or the OpenSSL back end"_packed},
    {error::opaque_key_unsupported, "this TLS library takes no private key by a PSA identifier"_packed,
     "build Mbed TLS with the preset opaque, or give the key itself"_packed},
    {error::opaque_key_invalid, "that PSA identifier is of no key that may sign, or a second key is given"_packed,
     "import the key for signing, and give it alone"_packed},
};

constexpr said peer_said[] = {
    {error::not_tls, "this port doesn't speak TLS"_packed,
     "check the port (MQTT over TLS is usually 8883), or connect "
     "without TLS"_packed},
    {error::version_unsupported, "the server speaks no TLS version that is allowed here"_packed,
     "update the server: TLS 1.0 and 1.1 are broken and never used; or allow both 1.2 and 1.3"_packed},
    {error::closed_in_handshake, "the server closed the connection during the TLS handshake"_packed,
     "check that this port speaks TLS and whether a client certificate is required; the server's log says more"_packed},
    {error::handshake_timed_out, "the TLS handshake didn't end in time"_packed,
     "check that this port speaks TLS, and the network"_packed},
    {error::client_certificate_required, "the server requires a client certificate"_packed,
     "give a certificate and its key, signed by an authority that the server trusts"_packed},
    {error::client_certificate_refused, "the server refused the client certificate"_packed,
     "have it signed by an authority that the server trusts; the server's log says more"_packed},
    {error::psk_refused, "the server refused the pre-shared key"_packed, "check identity and key on both sides"_packed},
    {error::alpn_refused, "the server speaks none of the protocols offered by ALPN"_packed,
     "check the port, or offer another protocol"_packed},
    {error::nothing_in_common, "the server found no cipher suite, group or signature in common"_packed,
     "check the cipher suites on both sides, and whether the server requires a client certificate"_packed},
    {error::name_refused, "the server doesn't serve this host name"_packed, "check the host name"_packed},
    {error::alert_received, "the server ended the connection with a TLS alert"_packed,
     "the server's log says more"_packed},
    {error::weak_parameters, "the server's key exchange or signature is under 112 bits of strength"_packed,
     "give the server stronger parameters: Diffie-Hellman of 2048 bits, P-256 or X25519, SHA-256"_packed},
    {error::protocol_violation, "the server broke the rules of TLS"_packed, "check what answers on this port"_packed},
    {error::record_damaged, "a TLS record was changed on the way"_packed,
     "check what lies between; connect again"_packed},
    {error::truncated, "the connection was cut off without the farewell of TLS: data may be missing"_packed,
     "see the server's log; connect again"_packed},
    {error::closed_by_peer, "the server closed the TLS connection"_packed,
     "see the server's log for the reason"_packed},
    {error::closed_here, "the TLS connection was closed on this side"_packed, "nothing to do"_packed},
    {error::backend_failed, "the TLS library failed"_packed, "see its reason"_packed},
};

const said* find(error code) {
  for (const auto& row : options_said)
    if (row.code == code) return &row;
  for (const auto& row : peer_said)
    if (row.code == code) return &row;
  return nullptr;
}

constexpr std::uint32_t clock_guessed = 0x8000'0000;

void print_dated(verdict judged, std::uint32_t detail, text_sink& out) {
  const auto day = utc_time{std::chrono::days{detail & ~clock_guessed}};
  out << "the server's certificate "_phrase << (judged == verdict::expired ? "expired on " : "is not yet valid until ");
  print_date(day, out);
  if (detail & clock_guessed) out << "; this device's clock was never set and is the likely cause"_phrase;
}

void print_alert(const fault& why, text_sink& out) {
  const auto alert = static_cast<std::uint8_t>(why.detail);
  out << ": ";
  if (!alert_words(alert).empty()) out << alert_words(alert) << " (";
  out << "alert ";
  if (alert_name(alert).empty()) out.number(alert);
  else out << alert_name(alert);
  if (!alert_words(alert).empty()) out << ')';
}

void print_first_bytes(std::uint32_t detail, text_sink& out) {
  if (detail >> 24 == 0x20) out << ": it answered with a plain MQTT packet"_phrase;
  if (detail == 0x48545450) out << ": it answered in HTTP"_phrase;
  if (detail == 0x5353482d) out << ": it answered in SSH"_phrase;
}

void print_version(std::uint32_t detail, text_sink& out) {
  if (detail >> 8 != 3) return;
  out << ": it chose ";
  if (detail == 0x0300) out << "SSL 3.0";
  else (out << "TLS 1.").number((detail & 0xff) - 1);
}

// Pointers alone, which the compiler puts into a table; views would be code for each text.
constexpr const char* cause_of(verdict judged) {
  switch (judged) {
    case verdict::good:
      return "unknown TLS error"_packed;
    case verdict::unknown_authority:
      return "the server's certificate is signed by an unknown authority"_packed;
    case verdict::intermediate_missing:
      return "the server's certificate is signed by an unknown authority, "
             "or an intermediate certificate is missing"_packed;
    case verdict::self_signed:
      return "the server's certificate is self-signed and not trusted here"_packed;
    case verdict::expired:
      return "the server's certificate has expired"_packed;
    case verdict::not_yet_valid:
      return "the server's certificate is not yet valid"_packed;
    case verdict::wrong_name:
      return "the server's certificate is issued for another name"_packed;
    case verdict::revoked:
      return "the server's certificate was revoked"_packed;
    case verdict::crl_missing:
      return "there is no CRL of the authority that signed the server's certificate"_packed;
    case verdict::crl_expired:
      return "the CRL for the server's certificate has expired"_packed;
    case verdict::crl_invalid:
      return "the CRL for the server's certificate isn't valid"_packed;
    case verdict::weak_key:
      return "the server's chain has a key under 112 bits of strength"_packed;
    case verdict::weak_signature:
      return "the server's chain has a signature under 112 bits of strength (SHA-1 or MD5)"_packed;
    case verdict::wrong_purpose:
      return "the server's certificate is not for servers"_packed;
    case verdict::not_an_authority:
      return "the server's certificate is signed by one that may not sign"_packed;
    case verdict::path_too_long:
      return "the server's chain is longer than its authorities allow"_packed;
    case verdict::bad_signature:
      return "the server's certificate has a wrong signature"_packed;
    case verdict::name_constraints:
      return "the server's certificate is outside what its authority may sign for"_packed;
    case verdict::malformed:
      return "the server's certificate is malformed"_packed;
    case verdict::rejected:
      return "the server's certificate was rejected"_packed;
  }
  return "unknown TLS error"_packed;
}

}  // namespace

phrase words(error code) {
  const said* row = find(code);
  return phrase{row != nullptr ? row->cause : cause_of(verdict_of(code))};
}

phrase remedy(error code) {
  if (const said* row = find(code)) return phrase{row->remedy};
  return remedy(verdict_of(code));
}

void print_cause(const fault& why, text_sink& out) {
  const auto code = static_cast<error>(why.code);
  const verdict judged = verdict_of(code);
  if ((judged == verdict::expired || judged == verdict::not_yet_valid) && why.detail != 0)
    return print_dated(judged, why.detail, out);
  out << words(code);
  switch (code) {
    case error::client_certificate_refused:
    case error::psk_refused:
    case error::nothing_in_common:
    case error::alert_received:
      if (why.detail != 0) print_alert(why, out);
      break;
    case error::not_tls:
      print_first_bytes(why.detail, out);
      break;
    case error::version_unsupported:
      print_version(why.detail, out);
      break;
    case error::protocol_violation:
    case error::backend_failed:
      if (why.detail != 0) (out << " (reason ").number(why.detail) << ')';
      break;
    default:
      break;
  }
}

std::uint32_t pack_date(utc_time when, bool clock_trusted) {
  const auto days = std::chrono::floor<std::chrono::days>(when.time_since_epoch()).count();
  const auto kept = days < 1 ? 1u : days > 0x7fff'ffff ? 0x7fff'ffffu : static_cast<std::uint32_t>(days);
  return clock_trusted ? kept : kept | clock_guessed;
}

bool clock_was_guessed(std::uint32_t detail) { return (detail & clock_guessed) != 0; }

}  // namespace recado::tls
