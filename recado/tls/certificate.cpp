#include <recado/core/time_zone.hpp>
#include <recado/tls/certificate.hpp>

namespace recado::tls {
namespace {

struct named_bit {
  std::uint16_t bit;
  std::string_view name;
};

constexpr named_bit usages[] = {
    {1 << 0, "digital signature"}, {1 << 1, "non-repudiation"}, {1 << 2, "key encipherment"},
    {1 << 3, "data encipherment"}, {1 << 4, "key agreement"},   {1 << 5, "certificate signing"},
    {1 << 6, "CRL signing"},       {1 << 7, "encipher only"},   {1 << 8, "decipher only"},
};

constexpr named_bit purposes[] = {
    {1 << 0, "TLS server"},    {1 << 1, "TLS client"},   {1 << 2, "code signing"}, {1 << 3, "e-mail"},
    {1 << 4, "time stamping"}, {1 << 5, "OCSP signing"}, {1 << 6, "any"},          {1 << 7, "others"},
};

void print_bits(std::uint16_t bits, std::span<const named_bit> names, text_sink& out) {
  bool first = true;
  for (const auto& [bit, name] : names) {
    if ((bits & bit) == 0) continue;
    if (!first) out << ", ";
    first = false;
    out << name;
  }
  if (first) out << "none";
}

void print_key(const certificate& what, text_sink& out) {
  switch (what.key) {
    case key_kind::rsa:
      (out << "RSA ").number(what.key_bits) << " bits";
      return;
    case key_kind::ecdsa:
      (out << "ECDSA " << what.key_name.view() << ' ').number(what.key_bits) << " bits";
      return;
    case key_kind::ed25519:
      out << "Ed25519";
      return;
    case key_kind::ed448:
      out << "Ed448";
      return;
    case key_kind::other:
      (out << what.key_name.view() << ' ').number(what.key_bits) << " bits";
      return;
  }
}

void print_constraints(const certificate& what, text_sink& out) {
  if (!what.has_basic_constraints) return void(out << "none");
  out << (what.authority ? "CA" : "no CA");
  if (what.path_length) (out << ", path length ").number(*what.path_length);
}

// The alternative names without the "DNS:" before each, as people write host names.
void print_names(const certificate& what, text_sink& out) {
  std::string_view rest = what.names.view();
  if (rest.empty()) return void(out << what.subject.view());
  for (;;) {
    const auto end = rest.find(", ");
    std::string_view name = rest.substr(0, end);
    if (name.starts_with("DNS:")) name.remove_prefix(4);
    if (name.starts_with("IP:")) name.remove_prefix(3);
    out << name;
    if (end == std::string_view::npos) return;
    out << ", ", rest.remove_prefix(end + 2);
  }
}

void print_clock(const circumstances& checked, text_sink& out) {
  if (checked.clock_trusted) return void((out << " (here it is ", print_date(checked.at, out), out << ')'));
  out << ", but this device's clock was never set (it says "_phrase;
  print_date(checked.at, out);
  out << ") and is the likely cause"_phrase;
}

void field(text_sink& out, const char* name) { out << "\n  " << name << ": "; }

// Pointers alone, which the compiler puts into a table; views would be code for each text.
constexpr const char* words_of(verdict judged) {
  switch (judged) {
    case verdict::good:
      return "valid"_packed;
    case verdict::unknown_authority:
      return "signed by an unknown authority"_packed;
    case verdict::intermediate_missing:
      return "signed by an unknown authority, or an intermediate is missing"_packed;
    case verdict::self_signed:
      return "self-signed"_packed;
    case verdict::expired:
      return "expired"_packed;
    case verdict::not_yet_valid:
      return "not yet valid"_packed;
    case verdict::wrong_name:
      return "issued for another name"_packed;
    case verdict::revoked:
      return "revoked"_packed;
    case verdict::crl_missing:
      return "its authority's CRL is missing"_packed;
    case verdict::crl_expired:
      return "its authority's CRL has expired"_packed;
    case verdict::crl_invalid:
      return "its authority's CRL isn't valid"_packed;
    case verdict::weak_key:
      return "weak key"_packed;
    case verdict::weak_signature:
      return "weak signature"_packed;
    case verdict::wrong_purpose:
      return "not for servers"_packed;
    case verdict::not_an_authority:
      return "not an authority"_packed;
    case verdict::path_too_long:
      return "chain too long"_packed;
    case verdict::bad_signature:
      return "wrong signature"_packed;
    case verdict::name_constraints:
      return "outside its authority's name constraints"_packed;
    case verdict::malformed:
      return "malformed"_packed;
    case verdict::rejected:
      return "rejected"_packed;
  }
  return "unknown verdict"_packed;
}

constexpr const char* remedy_of(verdict judged) {
  switch (judged) {
    case verdict::good:
      return "nothing to do"_packed;
    case verdict::unknown_authority:
      return "add that authority's certificate to the CA file, if you trust it"_packed;
    case verdict::intermediate_missing:
      return "let the server send its intermediate certificates, or add the authority to the CA file"_packed;
    case verdict::self_signed:
      return "add it to the CA file, if you trust it, or have it signed by an authority"_packed;
    case verdict::expired:
      return "renew the server's certificate, and check this device's clock"_packed;
    case verdict::not_yet_valid:
      return "set this device's clock, for example by NTP"_packed;
    case verdict::wrong_name:
      return "connect to a name that it is issued for, or have it issued for this one"_packed;
    case verdict::revoked:
      return "give the server a new certificate"_packed;
    case verdict::crl_missing:
      return "add that authority's CRL, or connect without CRLs"_packed;
    case verdict::crl_expired:
      return "fetch the authority's current CRL"_packed;
    case verdict::crl_invalid:
      return "fetch the authority's CRL again, and check this device's clock"_packed;
    case verdict::weak_key:
      return "make a new key: RSA of 2048 bits or more, ECDSA P-256 or Ed25519"_packed;
    case verdict::weak_signature:
      return "have the certificate signed again, with SHA-256"_packed;
    case verdict::wrong_purpose:
      return "give the server a certificate for TLS servers"_packed;
    case verdict::not_an_authority:
      return "have it signed by an authority (basic constraints CA, certificate signing)"_packed;
    case verdict::path_too_long:
      return "have it signed by an authority that may"_packed;
    case verdict::bad_signature:
      return "check who answers: it may be forged"_packed;
    case verdict::name_constraints:
      return "have it signed by an authority that may"_packed;
    case verdict::malformed:
      return "have a new certificate made"_packed;
    case verdict::rejected:
      return "have a new certificate made"_packed;
  }
  return ""_packed;
}

}  // namespace

phrase words(verdict judged) { return phrase{words_of(judged)}; }
phrase remedy(verdict judged) { return phrase{remedy_of(judged)}; }

void print_verdict(const certificate& what, const circumstances& checked, text_sink& out) {
  switch (what.judged) {
    case verdict::expired:
      out << "expired on ", print_date(what.not_after, out), print_clock(checked, out);
      return;
    case verdict::not_yet_valid:
      out << "not yet valid until "_phrase, print_date(what.not_before, out), print_clock(checked, out);
      return;
    case verdict::wrong_name:
      out << "issued for ", print_names(what, out), out << ", not " << checked.host;
      return;
    case verdict::unknown_authority:
      out << "signed by an unknown authority: "_phrase << what.issuer.view();
      return;
    case verdict::intermediate_missing:
      out << "signed by an unknown authority: "_phrase << what.issuer.view()
          << " (not trusted here, and the server doesn't send it: an intermediate certificate may be missing)"_phrase;
      return;
    case verdict::self_signed:
      out << "self-signed and not trusted here: "_phrase << what.subject.view();
      return;
    case verdict::revoked:
      out << "revoked by " << what.issuer.view();
      return;
    case verdict::crl_missing:
    case verdict::crl_expired:
    case verdict::crl_invalid:
      out << words(what.judged) << ": " << what.issuer.view();
      return;
    case verdict::weak_key:
      out << "weak key: ", print_key(what, out), out << " is under 112 bits of strength"_phrase;
      return;
    case verdict::weak_signature:
      out << "weak signature: " << what.signature_algorithm.view() << " is under 112 bits of strength"_phrase;
      return;
    default:
      out << words(what.judged);
      return;
  }
}

void print(const certificate& what, text_sink& out) {
  (out << "certificate at depth ").number(what.depth);
  field(out, "version"), out.number(what.version);
  field(out, "serial number"), out.hex(bytes{what.serial}, ':');
  field(out, "issuer"), out << what.issuer.view();
  field(out, "subject"), out << what.subject.view();
  field(out, "valid from"), print_time(what.not_before, out);
  field(out, "valid until"), print_time(what.not_after, out);
  field(out, "signed with"), out << what.signature_algorithm.view();
  field(out, "key"), print_key(what, out);
  field(out, "basic constraints"), print_constraints(what, out);
  if (what.has_key_usage) field(out, "key usage"), print_bits(what.key_usage, usages, out);
  if (what.has_extended_key_usage) {
    field(out, "extended key usage"), print_bits(what.extended_key_usage, purposes, out);
  }
  if (!what.names.empty()) field(out, "names"), out << what.names.view();
  field(out, "SHA-256"), out.hex(bytes{what.fingerprint}, ':');
  if (what.cut) field(out, "note"), out << "longer fields were cut";
  out << '\n';
}

void print(const certificate& what, const circumstances& checked, text_sink& out) {
  print(what, out);
  out << "  verdict: ", print_verdict(what, checked, out), out << '\n';
}

void print_date(utc_time when, text_sink& out) { format_time("%F", to_civil(when), out); }

void print_time(utc_time when, text_sink& out) { format_time("%F %T UTC", to_civil(when), out); }

}  // namespace recado::tls
