#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/x509v3.h>

#include <ctime>

#include <recado/core/address.hpp>
#include <recado/tls/openssl/describe.hpp>
#include <recado/tls/openssl/handles.hpp>
#include <recado/tls/safe_text.hpp>

namespace recado::tls::openssl {
namespace {

void print_string(const ASN1_STRING* from, text_sink& out) {
  unsigned char* text = nullptr;
  const int length = ASN1_STRING_to_UTF8(&text, from);
  if (length < 0) return void(out << "?");
  print_safely({reinterpret_cast<const std::byte*>(text), static_cast<std::size_t>(length)}, out);
  OPENSSL_free(text);
}

void print_field_name(const ASN1_OBJECT* object, text_sink& out) {
  if (const int nid = OBJ_obj2nid(object); nid != NID_undef) return void(out << OBJ_nid2sn(nid));
  char dotted[80];
  OBJ_obj2txt(dotted, sizeof dotted, object, 1);
  out << dotted;
}

void print_address(const ASN1_OCTET_STRING* from, text_sink& out) {
  const bytes octets{reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(from)),
                     static_cast<std::size_t>(ASN1_STRING_length(from))};
  ip_address address;
  if (octets.size() != 4 && octets.size() != 16) return void(out << '?');
  address.family = octets.size() == 4 ? ip_address::kind::v4 : ip_address::kind::v6;
  copy(octets, address.octets);
  out << address;
}

void print_name(const GENERAL_NAME* name, text_sink& out) {
  switch (name->type) {
    case GEN_DNS:
      out << "DNS:", print_string(name->d.dNSName, out);
      return;
    case GEN_EMAIL:
      out << "email:", print_string(name->d.rfc822Name, out);
      return;
    case GEN_URI:
      out << "URI:", print_string(name->d.uniformResourceIdentifier, out);
      return;
    case GEN_IPADD:
      out << "IP:", print_address(name->d.iPAddress, out);
      return;
    default:
      out << "other";
      return;
  }
}

void fill_names(const X509& from, certificate& to) {
  const std::unique_ptr<GENERAL_NAMES, freed_by<GENERAL_NAMES_free>> names{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&from, NID_subject_alt_name, nullptr, nullptr))};
  limited out{to.names};
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    if (i != 0) out << ", ";
    print_name(sk_GENERAL_NAME_value(names.get(), i), out);
  }
  if (!out.fits()) to.cut = true;
}

utc_time time_of(const ASN1_TIME* from) {
  std::tm parts{};
  if (!from || ASN1_TIME_to_tm(from, &parts) != 1) return {};
  const std::chrono::year_month_day day{std::chrono::year{parts.tm_year + 1900},
                                        std::chrono::month{static_cast<unsigned>(parts.tm_mon + 1)},
                                        std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
  return utc_time{std::chrono::sys_days{day}.time_since_epoch()} + std::chrono::hours{parts.tm_hour} +
         std::chrono::minutes{parts.tm_min} + std::chrono::seconds{parts.tm_sec};
}

void fill_key(const X509& from, certificate& to) {
  const EVP_PKEY* key = X509_get0_pubkey(&from);
  if (!key) return void(to.key_name.assign("unreadable"));
  to.key_bits = static_cast<unsigned>(EVP_PKEY_get_bits(key));
  char group[32] = "";
  std::size_t length = 0;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      to.key = key_kind::rsa;
      return;
    case EVP_PKEY_ED25519:
      to.key = key_kind::ed25519;
      return;
    case EVP_PKEY_ED448:
      to.key = key_kind::ed448;
      return;
    case EVP_PKEY_EC:
      to.key = key_kind::ecdsa;
      if (EVP_PKEY_get_group_name(key, group, sizeof group, &length) != 1) return;
      if (const char* nist = EC_curve_nid2nist(OBJ_sn2nid(group))) return void(to.key_name.assign(nist));
      to.key_name.assign(group);
      return;
    default:
      if (const char* name = EVP_PKEY_get0_type_name(key)) to.key_name.assign(name);
  }
}

// OpenSSL numbers the key usage bits by the octets of the BIT STRING: the ninth is in the second octet.
std::uint16_t usage_bits(std::uint32_t from) {
  std::uint16_t bits = 0;
  for (unsigned i = 0; i < 8; ++i)
    if (from & (0x80u >> i)) bits = static_cast<std::uint16_t>(bits | 1u << i);
  if (from & 0x8000u) bits = static_cast<std::uint16_t>(bits | 1u << 8);
  return bits;
}

std::uint16_t bit_of(const ASN1_OBJECT* from) {
  constexpr std::pair<int, purpose> known[] = {
      {NID_server_auth, purpose::server},       {NID_client_auth, purpose::client},
      {NID_code_sign, purpose::code_signing},   {NID_email_protect, purpose::email},
      {NID_time_stamp, purpose::time_stamping}, {NID_OCSP_sign, purpose::ocsp_signing},
      {NID_anyExtendedKeyUsage, purpose::any},
  };
  const int number = OBJ_obj2nid(from);
  for (const auto& [nid, what] : known)
    if (nid == number) return static_cast<std::uint16_t>(what);
  return static_cast<std::uint16_t>(purpose::other);
}

// Not by OpenSSL's flags, which leave out what they have no bit for.
std::uint16_t purpose_bits(const X509& from) {
  const std::unique_ptr<EXTENDED_KEY_USAGE, freed_by<EXTENDED_KEY_USAGE_free>> list{
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(&from, NID_ext_key_usage, nullptr, nullptr))};
  std::uint16_t bits = 0;
  for (int i = 0; list && i < sk_ASN1_OBJECT_num(list.get()); ++i)
    bits = static_cast<std::uint16_t>(bits | bit_of(sk_ASN1_OBJECT_value(list.get(), i)));
  return bits;
}

void fill_extensions(X509& from, certificate& to) {
  const auto flags = X509_get_extension_flags(&from);
  to.has_basic_constraints = (flags & EXFLAG_BCONS) != 0;
  to.authority = (flags & EXFLAG_CA) != 0;
  if (const long length = X509_get_pathlen(&from); to.has_basic_constraints && length >= 0) {
    to.path_length = static_cast<unsigned>(length);
  }
  to.has_key_usage = (flags & EXFLAG_KUSAGE) != 0;
  if (to.has_key_usage) to.key_usage = usage_bits(X509_get_key_usage(&from));
  to.has_extended_key_usage = (flags & EXFLAG_XKUSAGE) != 0;
  if (to.has_extended_key_usage) to.extended_key_usage = purpose_bits(from);
}

void fill_serial(const X509& from, certificate& to) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(&from);
  const auto* octets = reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(serial));
  for (int i = 0; i < ASN1_STRING_length(serial); ++i)
    if (!to.serial.push_back(octets[i])) to.cut = true;
}

}  // namespace

bool describe(const X509_name_st* from, fixed_string<distinguished_name_bytes_max>& to) {
  to.clear();
  limited out{to};
  // The most specific part last in the certificate comes first, as people look for it (RFC 4514 §2.1).
  for (int i = X509_NAME_entry_count(from) - 1; i >= 0; --i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(from, i);
    print_field_name(X509_NAME_ENTRY_get_object(entry), out);
    out << '=';
    print_string(X509_NAME_ENTRY_get_data(entry), out);
    if (i != 0) out << ", ";
  }
  return out.fits();
}

certificate describe(const x509_st& from) {
  certificate to;
  to.version = static_cast<unsigned>(X509_get_version(&from) + 1);
  fill_serial(from, to);
  if (!describe(X509_get_issuer_name(&from), to.issuer)) to.cut = true;
  if (!describe(X509_get_subject_name(&from), to.subject)) to.cut = true;
  to.not_before = time_of(X509_get0_notBefore(&from));
  to.not_after = time_of(X509_get0_notAfter(&from));
  const char* algorithm = OBJ_nid2ln(X509_get_signature_nid(&from));
  (void)to.signature_algorithm.assign(algorithm ? algorithm : "unknown");
  fill_key(from, to);
  // The flags are computed at the first look and cached in the object, hence not const in OpenSSL.
  fill_extensions(const_cast<X509&>(from), to);
  fill_names(from, to);
  (void)X509_digest(&from, EVP_sha256(), reinterpret_cast<unsigned char*>(to.fingerprint.data()), nullptr);
  return to;
}

}  // namespace recado::tls::openssl
