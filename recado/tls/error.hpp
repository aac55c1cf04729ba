// What can go wrong in TLS, and how to say it.
#pragma once

#include <cstdint>
#include <string_view>

#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/core/text.hpp>
#include <recado/tls/certificate.hpp>

namespace recado::tls {

/// Errors of the options are returned by commands; the others come in `closed`. The values from
/// `certificate_first` on are the verdicts on the server's chain, in the order of `verdict`.
enum class error : std::uint16_t {
  // The options.
  ca_file_unreadable = 1,       ///< it can't be opened
  ca_invalid,                   ///< no certificate in it
  no_authority,                 ///< no CA was given, so nothing could be verified
  crl_file_unreadable,          ///< it can't be opened
  crl_invalid,                  ///< no CRL in it
  certificate_file_unreadable,  ///< the client certificate can't be opened
  certificate_invalid,          ///< no certificate in it
  certificate_missing,          ///< a key was given without a certificate
  certificate_weak,             ///< the client certificate is under 112 bits of strength or signed with SHA-1
  key_file_unreadable,          ///< it can't be opened
  key_invalid,                  ///< no private key in it
  key_missing,                  ///< a certificate was given without a key
  key_encrypted,                ///< a pass phrase is needed and there is none
  pass_phrase_wrong,
  key_mismatch,     ///< the key isn't the certificate's
  key_weak,         ///< under 112 bits of strength
  key_unsupported,  ///< a kind of key that TLS can't use
  ciphers_invalid,  ///< none of the names given is known and strong enough
  version_range_invalid,
  alpn_invalid,
  psk_invalid,  ///< shorter than 14 bytes, longer than 64, or the identity is empty or too long
  clock_missing,
  host_invalid,  ///< empty, too long, or with characters that no name has
  memory_too_small,
  out_of_memory,
  in_use,                  ///< the command isn't allowed while connected
  not_loaded,              ///< the context has not been loaded
  algorithm_unsupported,   ///< a certificate or key uses an algorithm that the back end lacks, such as Ed25519
  opaque_key_unsupported,  ///< the back end, or its preset, takes no key by its PSA identifier
  opaque_key_invalid,      ///< no key in PSA that may sign has that identifier, or a key is given beside it

  // The peer, the wire, time.
  not_tls = 40,         ///< what answered speaks something else; detail: its first bytes
  version_unsupported,  ///< nothing in common; detail: the version that the server chose, or 0
  closed_in_handshake,  ///< end of file before the connection was secured
  handshake_timed_out,
  client_certificate_required,  ///< the server asks for one, none was given
  client_certificate_refused,   ///< detail: the alert
  psk_refused,                  ///< identity or key unknown to the server; detail: the alert or 0
  alpn_refused,                 ///< the server speaks none of the protocols offered
  nothing_in_common,            ///< no cipher suite, group or signature in common
  name_refused,                 ///< the server doesn't serve that host name (unrecognized_name)
  alert_received,               ///< any other alert; detail: the alert
  weak_parameters,              ///< the server's key exchange or signature is under 112 bits of strength
  protocol_violation,           ///< malformed, or forbidden by the RFC; detail: the back end's reason
  record_damaged,               ///< a record doesn't authenticate: it was changed on the way
  truncated,                    ///< end of file without close_notify: data may be missing
  closed_by_peer,               ///< close_notify: the orderly end
  closed_here,                  ///< ended by `close()`
  backend_failed,               ///< the TLS library failed by itself; detail: its reason

  certificate_first = 100,  ///< never used itself: `certificate_first` + a verdict is that verdict's error
};
constexpr layer layer_of(error) { return layer::tls; }

/// The error of a verdict other than `good`.
constexpr error error_of(verdict judged) {
  return static_cast<error>(static_cast<std::uint16_t>(error::certificate_first) + static_cast<std::uint16_t>(judged));
}
/// The verdict of such an error; `good` for any other.
constexpr verdict verdict_of(error code) {
  const auto value = static_cast<std::uint16_t>(code), first = static_cast<std::uint16_t>(error::certificate_first);
  return value > first && value <= first + static_cast<std::uint16_t>(verdict::rejected)
             ? static_cast<verdict>(value - first)
             : verdict::good;
}

/// The cause as half a sentence: "this port doesn't speak TLS".
phrase words(error code);
/// What the user can do about it.
phrase remedy(error code);

/// The cause with what the fault's detail knows: alerts by name, versions, dates.
void print_cause(const fault& why, text_sink& out);

/// The detail of `expired` and `not_yet_valid`: the date in question and whether the clock was a guess.
std::uint32_t pack_date(utc_time when, bool clock_trusted);
/// True if such a detail says that the clock was a guess: the verdict may change once the time is known.
bool clock_was_guessed(std::uint32_t detail);

/// The name of an alert (RFC 8446 §6): "certificate_required"; empty if it isn't known.
std::string_view alert_name(std::uint8_t alert);
/// What an alert from the server means: "it wants a client certificate".
phrase alert_words(std::uint8_t alert);
/// The fault of a fatal alert that the server sent. `asked`: it had asked for a client certificate;
/// `sent`: one was sent; `psk`: a pre-shared key was offered; `secured`: the handshake was over on this side.
fault fault_of_alert(std::uint8_t alert, bool asked, bool sent, bool psk, bool secured);

}  // namespace recado::tls
