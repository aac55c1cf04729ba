#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <psa/crypto.h>

#include <algorithm>

#include <recado/core/address.hpp>
#include <recado/tls/mbedtls/describe.hpp>
#include <recado/tls/safe_text.hpp>

namespace recado::tls::mbedtls {
namespace {

// The tags of GeneralName (RFC 5280 §4.2.1.6).
constexpr int tag_email = 0x81, tag_dns = 0x82, tag_uri = 0x86, tag_address = 0x87;

bytes octets(const mbedtls_asn1_buf& from) { return {reinterpret_cast<const std::byte*>(from.p), from.len}; }

void print_attribute(const mbedtls_x509_name& from, text_sink& out) {
  const char* name = nullptr;
  if (mbedtls_oid_get_attr_short_name(&from.oid, &name) == 0) out << name;
  else out << "?";
  out << '=';
  print_safely(octets(from.val), out);
}

// The most specific part last in the certificate comes first, as people look for it (RFC 4514 §2.1).
bool describe_name(const mbedtls_x509_name& from, fixed_string<distinguished_name_bytes_max>& to) {
  fixed_vector<const mbedtls_x509_name*, 16> parts;
  bool all = true;
  for (const auto* part = &from; part && part->oid.p; part = part->next) all = parts.push_back(part) && all;
  limited out{to};
  for (std::size_t i = parts.size(); i-- != 0;) {
    print_attribute(*parts[i], out);
    if (i != 0) out << ", ";
  }
  return all && out.fits();
}

ip_address address_of(bytes from) {
  ip_address address;
  if (from.size() != 4 && (!has_ipv6 || from.size() != 16)) return address;
  address.family = from.size() == 4 ? ip_address::kind::v4 : ip_address::kind::v6;
  copy(from, address.octets);
  return address;
}

void print_name(const mbedtls_asn1_buf& name, text_sink& out) {
  const bytes content = octets(name);
  switch (name.tag) {
    case tag_dns:
      out << "DNS:", print_safely(content, out);
      return;
    case tag_email:
      out << "email:", print_safely(content, out);
      return;
    case tag_uri:
      out << "URI:", print_safely(content, out);
      return;
    case tag_address:
      out << "IP:";
      if (const auto address = address_of(content)) out << address;
      else if (!has_ipv6 && content.size() == 16) out.hex(content, ':');
      else out << '?';
      return;
    default:
      out << "other";
      return;
  }
}

void fill_names(const mbedtls_x509_crt& from, certificate& to) {
  limited out{to.names};
  bool first = true;
  for (const auto* name = &from.subject_alt_names; name && name->buf.p; name = name->next) {
    if (!first) out << ", ";
    first = false;
    print_name(name->buf, out);
  }
  if (!out.fits()) to.cut = true;
}

void fill_key(const mbedtls_pk_context& from, certificate& to) {
  to.key_bits = static_cast<unsigned>(mbedtls_pk_get_bitlen(&from));
  switch (mbedtls_pk_get_type(&from)) {
    case MBEDTLS_PK_RSA:
    case MBEDTLS_PK_RSASSA_PSS:
      to.key = key_kind::rsa;
      return;
    case MBEDTLS_PK_ECKEY:
    case MBEDTLS_PK_ECDSA: {
      to.key = key_kind::ecdsa;
      limited out{to.key_name};
      (out << "P-").number(to.key_bits);
      return;
    }
    default:
      (void)to.key_name.assign("unreadable");
      return;
  }
}

std::string_view digest_name(mbedtls_md_type_t digest) {
  switch (digest) {
    case MBEDTLS_MD_MD5:
      return "MD5";
    case MBEDTLS_MD_SHA1:
      return "SHA1";
    case MBEDTLS_MD_SHA224:
      return "SHA224";
    case MBEDTLS_MD_SHA256:
      return "SHA256";
    case MBEDTLS_MD_SHA384:
      return "SHA384";
    case MBEDTLS_MD_SHA512:
      return "SHA512";
    default:
      return "another digest";
  }
}

// As OpenSSL writes them.
void fill_signature(const mbedtls_x509_crt& from, certificate& to) {
  const auto digest = digest_name(from.MBEDTLS_PRIVATE(sig_md));
  limited out{to.signature_algorithm};
  switch (from.MBEDTLS_PRIVATE(sig_pk)) {
    case MBEDTLS_PK_RSA:
      out << (digest.starts_with('S') ? "sha" : "md") << digest.substr(digest.starts_with('S') ? 3 : 2)
          << "WithRSAEncryption";
      return;
    case MBEDTLS_PK_RSASSA_PSS:
      out << "rsassaPss";
      return;
    default:
      out << "ecdsa-with-" << digest;
  }
}

// Mbed TLS numbers the key usage bits by the octets of the BIT STRING: the ninth is in the second octet.
std::uint16_t usage_bits(unsigned from) {
  std::uint16_t bits = 0;
  for (unsigned i = 0; i < 8; ++i)
    if (from & (0x80u >> i)) bits = static_cast<std::uint16_t>(bits | 1u << i);
  if (from & 0x8000u) bits = static_cast<std::uint16_t>(bits | 1u << 8);
  return bits;
}

std::uint16_t purpose_bits(const mbedtls_x509_sequence& from) {
  struct known_purpose {
    std::string_view oid;
    purpose what;
  };
  static constexpr known_purpose known[] = {
      {MBEDTLS_OID_SERVER_AUTH, purpose::server},          {MBEDTLS_OID_CLIENT_AUTH, purpose::client},
      {MBEDTLS_OID_CODE_SIGNING, purpose::code_signing},   {MBEDTLS_OID_EMAIL_PROTECTION, purpose::email},
      {MBEDTLS_OID_TIME_STAMPING, purpose::time_stamping}, {MBEDTLS_OID_OCSP_SIGNING, purpose::ocsp_signing},
      {MBEDTLS_OID_ANY_EXTENDED_KEY_USAGE, purpose::any},
  };
  std::uint16_t bits = 0;
  for (const auto* one = &from; one && one->buf.p; one = one->next) {
    const auto* row = std::ranges::find_if(known, [&](const auto& it) { return it.oid == as_text(octets(one->buf)); });
    bits = static_cast<std::uint16_t>(bits |
                                      static_cast<std::uint16_t>(row == std::end(known) ? purpose::other : row->what));
  }
  return bits;
}

void fill_extensions(const mbedtls_x509_crt& from, certificate& to) {
  to.has_basic_constraints = mbedtls_x509_crt_has_ext_type(&from, MBEDTLS_X509_EXT_BASIC_CONSTRAINTS) != 0;
  to.authority = from.MBEDTLS_PRIVATE(ca_istrue) != 0;
  // Mbed TLS keeps one more than the certificate says, and 0 for none.
  if (from.MBEDTLS_PRIVATE(max_pathlen) > 0)
    to.path_length = static_cast<unsigned>(from.MBEDTLS_PRIVATE(max_pathlen) - 1);
  to.has_key_usage = mbedtls_x509_crt_has_ext_type(&from, MBEDTLS_X509_EXT_KEY_USAGE) != 0;
  if (to.has_key_usage) to.key_usage = usage_bits(from.MBEDTLS_PRIVATE(key_usage));
  to.has_extended_key_usage = mbedtls_x509_crt_has_ext_type(&from, MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE) != 0;
  if (to.has_extended_key_usage) to.extended_key_usage = purpose_bits(from.ext_key_usage);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool name_covers(std::string_view pattern, std::string_view host) {
  if (same_name(pattern, host)) return true;
  if (!pattern.starts_with("*.") || pattern.find('.', 2) == pattern.npos) return false;
  const auto dot = host.find('.');
  return dot != host.npos && dot != 0 && same_name(pattern.substr(1), host.substr(dot));
}

}  // namespace

utc_time time_of(const mbedtls_x509_time& from) {
  const std::chrono::year_month_day day{std::chrono::year{from.year},
                                        std::chrono::month{static_cast<unsigned>(from.mon)},
                                        std::chrono::day{static_cast<unsigned>(from.day)}};
  return utc_time{std::chrono::sys_days{day}.time_since_epoch()} + std::chrono::hours{from.hour} +
         std::chrono::minutes{from.min} + std::chrono::seconds{from.sec};
}

certificate dates_of(const mbedtls_x509_crt& from) {
  certificate to;
  to.not_before = time_of(from.valid_from);
  to.not_after = time_of(from.valid_to);
  return to;
}

certificate describe(const mbedtls_x509_crt& from) {
  certificate to = dates_of(from);
  to.version = static_cast<unsigned>(from.version);
  for (const std::byte one : octets(from.serial))
    if (!to.serial.push_back(one)) to.cut = true;
  if (!describe_name(from.issuer, to.issuer)) to.cut = true;
  if (!describe_name(from.subject, to.subject)) to.cut = true;
  fill_signature(from, to);
  fill_key(from.pk, to);
  fill_extensions(from, to);
  fill_names(from, to);
  std::size_t length = 0;
  (void)psa_hash_compute(PSA_ALG_SHA_256, from.raw.p, from.raw.len,
                         reinterpret_cast<unsigned char*>(to.fingerprint.data()), to.fingerprint.size(), &length);
  return to;
}

bool is_issued_for(const mbedtls_x509_crt& what, std::string_view host) {
  const auto address = parse_address(host);
  bool any_dns = false;
  for (const auto* name = &what.subject_alt_names; name && name->buf.p; name = name->next) {
    const bytes content = octets(name->buf);
    if (name->buf.tag == tag_dns) any_dns = true;
    if (address && name->buf.tag == tag_address && address_of(content) == *address) return true;
    if (!address && name->buf.tag == tag_dns && name_covers(as_text(content), host)) return true;
  }
  if (address || any_dns) return false;
  for (const auto* part = &what.subject; part; part = part->next)
    if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) == 0 && name_covers(as_text(octets(part->val)), host))
      return true;
  return false;
}

bool key_is_weak(const mbedtls_pk_context& key) {
  const auto kind = mbedtls_pk_get_type(&key);
  const bool elliptic = kind == MBEDTLS_PK_ECKEY || kind == MBEDTLS_PK_ECDSA || kind == MBEDTLS_PK_ECKEY_DH;
  return mbedtls_pk_get_bitlen(&key) < (elliptic ? 224 : rsa_bits_min);
}

bool signature_is_weak(const mbedtls_x509_crt& what) {
  const auto digest = what.MBEDTLS_PRIVATE(sig_md);
  return digest != MBEDTLS_MD_SHA224 && digest != MBEDTLS_MD_SHA256 && digest != MBEDTLS_MD_SHA384 &&
         digest != MBEDTLS_MD_SHA512;
}

}  // namespace recado::tls::mbedtls
