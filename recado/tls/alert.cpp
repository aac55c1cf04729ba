// The alerts of RFC 8446 §6 and RFC 5246 §7.2, and what a client should make of each.
#include <recado/tls/error.hpp>

namespace recado::tls {
namespace {

struct alert_row {
  std::uint8_t number;
  const char *name, *words;
};

constexpr alert_row alerts[] = {
    {0, "close_notify", "it is done"_packed},
    {10, "unexpected_message", "a message came out of order"_packed},
    {20, "bad_record_mac", "a record didn't authenticate"_packed},
    {22, "record_overflow", "a record was too long"_packed},
    {40, "handshake_failure", "no set of parameters was acceptable to it"_packed},
    {42, "bad_certificate", "the certificate is damaged or its signature is wrong"_packed},
    {43, "unsupported_certificate", "the certificate is of a kind that it doesn't take"_packed},
    {44, "certificate_revoked", "the certificate was revoked"_packed},
    {45, "certificate_expired", "the certificate has expired or is not yet valid"_packed},
    {46, "certificate_unknown", "the certificate isn't acceptable to it"_packed},
    {47, "illegal_parameter", "a field was inconsistent or out of range"_packed},
    {48, "unknown_ca", "it doesn't know the authority that signed it"_packed},
    {49, "access_denied", "the certificate is valid but access isn't allowed"_packed},
    {50, "decode_error", "a message couldn't be decoded"_packed},
    {51, "decrypt_error", "a signature or a key exchange couldn't be verified"_packed},
    {70, "protocol_version", "it doesn't speak the TLS versions offered"_packed},
    {71, "insufficient_security", "it requires stronger cipher suites than were offered"_packed},
    {80, "internal_error", "it failed by itself"_packed},
    {86, "inappropriate_fallback", "a downgrade was tried"_packed},
    {90, "user_canceled", "it was cancelled"_packed},
    {100, "no_renegotiation", "it doesn't renegotiate"_packed},
    {109, "missing_extension", "an extension that it requires wasn't sent"_packed},
    {110, "unsupported_extension", "an extension was sent that it doesn't take"_packed},
    {112, "unrecognized_name", "it doesn't serve that host name"_packed},
    {113, "bad_certificate_status_response", "the OCSP response wasn't acceptable to it"_packed},
    {115, "unknown_psk_identity", "it doesn't know the identity"_packed},
    {116, "certificate_required", "it wants a client certificate"_packed},
    {120, "no_application_protocol", "it speaks none of the protocols offered"_packed},
};

const alert_row* row_of(std::uint8_t alert) {
  for (const auto& row : alerts)
    if (row.number == alert) return &row;
  return nullptr;
}

bool about_certificate(std::uint8_t alert) { return (alert >= 42 && alert <= 46) || alert == 48 || alert == 49; }

// A wrong pre-shared key shows as a Finished or a binder that doesn't verify, an unknown identity by its own
// alert or as nothing in common (RFC 4279 §2, RFC 8446 §4.2.11).
bool about_psk(std::uint8_t alert) { return alert == 115 || alert == 20 || alert == 51 || alert == 47 || alert == 40; }

}  // namespace

std::string_view alert_name(std::uint8_t alert) {
  const alert_row* row = row_of(alert);
  return row != nullptr ? row->name : "";
}

phrase alert_words(std::uint8_t alert) {
  const alert_row* row = row_of(alert);
  return row != nullptr ? phrase{row->words} : phrase{};
}

fault fault_of_alert(std::uint8_t alert, bool asked, bool sent, bool psk, bool secured) {
  if (psk && !secured && about_psk(alert)) return make_fault(error::psk_refused, alert);
  if (alert == 116) return make_fault(error::client_certificate_required, alert);
  if (about_certificate(alert) && asked) {
    return make_fault(sent ? error::client_certificate_refused : error::client_certificate_required, alert);
  }
  // TLS 1.2 has no alert of its own for a missing certificate (RFC 5246 §7.4.6).
  if (alert == 40 && asked && !sent) return make_fault(error::client_certificate_required, alert);
  if (alert == 70) return make_fault(error::version_unsupported);
  if (alert == 120) return make_fault(error::alpn_refused);
  if (alert == 112) return make_fault(error::name_refused);
  if ((alert == 40 || alert == 71) && !secured) return make_fault(error::nothing_in_common, alert);
  return make_fault(error::alert_received, alert);
}

}  // namespace recado::tls
