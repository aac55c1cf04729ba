#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <vector>

#include <recado/core/text.hpp>
#include <recado/pki/failure.hpp>
#include <recado/pki/issue.hpp>
#include <recado/pki/key.hpp>
#include <recado/pki/names.hpp>
#include <recado/pki/parse.hpp>
#include <recado/pki/report.hpp>
#include <recado/pki/show.hpp>

namespace recado::pki {
namespace {

constexpr std::string_view dull_prefix = "X509v3 ";

std::string object_name(const ASN1_OBJECT* object) {
  std::array<char, 128> text{};
  OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 0);
  return text.data();
}

std::string algorithm_name(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  return object_name(object);
}

bytes bytes_of(const ASN1_STRING* string) {
  return std::as_bytes(std::span{ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))});
}

std::string sha256(std::string_view data) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return hex_of(std::as_bytes(std::span{digest}), ':');
}

std::string public_key_der(EVP_PKEY* key) {
  const bio_ptr out = gathering();
  i2d_PUBKEY_bio(out.get(), key);
  return text_of(out);
}

/// "ECDSA P-256, 256 bits (128 bits of strength)".
std::string key_words(EVP_PKEY* key) {
  if (key == nullptr) return "of a kind that cannot be read";
  std::array<char, 64> group{};
  std::string kind = EVP_PKEY_get0_type_name(key) != nullptr ? EVP_PKEY_get0_type_name(key) : "unknown";
  if (kind == "EC" && EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1) {
    const char* nist = EC_curve_nid2nist(OBJ_txt2nid(group.data()));
    kind = std::string{"ECDSA "} + (nist != nullptr ? nist : group.data());
  }
  return kind + ", " + std::to_string(EVP_PKEY_get_bits(key)) + " bits (" +
         std::to_string(EVP_PKEY_get_security_bits(key)) + " bits of strength)";
}

void add_public_key(report& out, EVP_PKEY* key, const show_options& options) {
  out.field("public key", key_words(key));
  if (key == nullptr) return;
  const std::string der = public_key_der(key);
  out.field("  SHA-256", sha256(der));
  if (options.long_form) out.field("  bytes", hex_of(as_bytes(der), ':'));
}

void add_signature(report& out, const ASN1_BIT_STRING* signature, const X509_ALGOR* algorithm,
                   const show_options& options) {
  out.field("signature", algorithm_name(algorithm) + ", " + std::to_string(bytes_of(signature).size()) + " bytes");
  if (options.long_form) out.field("  bytes", hex_of(bytes_of(signature), ':'));
}

std::string extension_value(X509_EXTENSION* extension) {
  const bio_ptr out = gathering();
  if (X509V3_EXT_print(out.get(), extension, X509V3_EXT_DEFAULT, 0) == 1) return text_of(out);
  ERR_clear_error();
  return hex_of(bytes_of(X509_EXTENSION_get_data(extension)), ':');
}

void add_extensions(report& out, const STACK_OF(X509_EXTENSION) * extensions) {
  for (int i = 0; i < sk_X509_EXTENSION_num(extensions); ++i) {
    X509_EXTENSION* extension = sk_X509_EXTENSION_value(extensions, i);
    const bool critical = X509_EXTENSION_get_critical(extension) == 1;
    const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
    const int nid = OBJ_obj2nid(object);
    std::string name = nid != NID_undef ? OBJ_nid2ln(nid) : object_name(object);
    if (name.starts_with(dull_prefix)) name.erase(0, dull_prefix.size());
    out.field(name, (critical ? "critical; " : "") + extension_value(extension));
  }
}

std::string date_words(const ASN1_TIME* time) {
  try {
    return text_of(decode(time));
  } catch (const failure&) {
    return "malformed";
  }
}

std::string days_words(std::chrono::seconds span) {
  const auto days = std::chrono::duration_cast<std::chrono::days>(span).count();
  return std::to_string(days) + (days == 1 ? " day" : " days");
}

std::string state_words(const ASN1_TIME* from, const ASN1_TIME* to, seconds_utc now) {
  try {
    if (now < decode(from)) return "not yet valid, in " + days_words(decode(from) - now);
    if (to == nullptr) return "valid";
    if (now > decode(to)) return "expired " + days_words(now - decode(to)) + " ago";
    return "valid for " + days_words(decode(to) - now) + " more";
  } catch (const failure&) {
    return "malformed dates";
  }
}

void add_certificate(report& out, X509* certificate, const show_options& options) {
  const ASN1_BIT_STRING* signature = nullptr;
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(&signature, &algorithm, certificate);
  out.title("certificate");
  out.field("version", std::to_string(X509_get_version(certificate) + 1));
  out.field("serial", text_of(X509_get0_serialNumber(certificate)));
  out.field("issuer", text_of(X509_get_issuer_name(certificate)));
  out.field("subject", text_of(X509_get_subject_name(certificate)));
  out.field("valid from", date_words(X509_get0_notBefore(certificate)));
  out.field("valid to", date_words(X509_get0_notAfter(certificate)));
  out.field("state", state_words(X509_get0_notBefore(certificate), X509_get0_notAfter(certificate), options.now));
  add_public_key(out, X509_get0_pubkey(certificate), options);
  add_extensions(out, X509_get0_extensions(certificate));
  add_signature(out, signature, algorithm, options);
  out.field("SHA-256", sha256(der_of(certificate)));
}

void add_request(report& out, X509_REQ* request, const show_options& options) {
  const ASN1_BIT_STRING* signature = nullptr;
  const X509_ALGOR* algorithm = nullptr;
  X509_REQ_get0_signature(request, &signature, &algorithm);
  EVP_PKEY* key = X509_REQ_get0_pubkey(request);
  out.title("certificate request");
  out.field("version", std::to_string(X509_REQ_get_version(request) + 1));
  out.field("subject", text_of(X509_REQ_get_subject_name(request)));
  add_public_key(out, key, options);
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request);
  add_extensions(out, extensions);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  for (int i = 0; i < X509_REQ_get_attr_count(request); ++i) {
    const X509_ATTRIBUTE* attribute = X509_REQ_get_attr(request, i);
    const ASN1_OBJECT* object = X509_ATTRIBUTE_get0_object(const_cast<X509_ATTRIBUTE*>(attribute));
    if (X509_REQ_extension_nid(OBJ_obj2nid(object)) == 0)
      out.field("attribute", object_name(object) + " (" + std::to_string(X509_ATTRIBUTE_count(attribute)) + " values)");
  }
  add_signature(out, signature, algorithm, options);
  const bool genuine = key != nullptr && X509_REQ_verify(request, key) == 1;
  ERR_clear_error();
  out.field("state", genuine ? "signed by its own key" : "NOT signed by its own key: changed or damaged");
}

void add_revoked(report& out, const X509_REVOKED* entry) {
  std::string words = date_words(X509_REVOKED_get0_revocationDate(entry));
  const std::unique_ptr<ASN1_ENUMERATED, freed_by<ASN1_ENUMERATED_free>> reason{
      static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr))};
  if (reason) {
    X509_EXTENSION* extension = X509_REVOKED_get_ext(entry, X509_REVOKED_get_ext_by_NID(entry, NID_crl_reason, -1));
    words += ", " + extension_value(extension);
  }
  out.field("  " + text_of(X509_REVOKED_get0_serialNumber(entry)), words);
}

void add_crl(report& out, X509_CRL* crl, const show_options& options) {
  const ASN1_BIT_STRING* signature = nullptr;
  const X509_ALGOR* algorithm = nullptr;
  X509_CRL_get0_signature(crl, &signature, &algorithm);
  out.title("revocation list");
  out.field("version", std::to_string(X509_CRL_get_version(crl) + 1));
  out.field("issuer", text_of(X509_CRL_get_issuer(crl)));
  out.field("this update", date_words(X509_CRL_get0_lastUpdate(crl)));
  const ASN1_TIME* next = X509_CRL_get0_nextUpdate(crl);
  out.field("next update", next != nullptr ? date_words(next) : "not stated");
  out.field("state", state_words(X509_CRL_get0_lastUpdate(crl), next, options.now));
  add_extensions(out, X509_CRL_get0_extensions(crl));
  STACK_OF(X509_REVOKED)* revoked = X509_CRL_get_REVOKED(crl);
  const int count = revoked != nullptr ? sk_X509_REVOKED_num(revoked) : 0;
  out.field("revoked", count == 0 ? "none" : std::to_string(count));
  for (int i = 0; i < count; ++i) add_revoked(out, sk_X509_REVOKED_value(revoked, i));
  add_signature(out, signature, algorithm, options);
}

void add_private_key(report& out, EVP_PKEY* key, bool encrypted, const show_options& options) {
  out.title(encrypted ? "private key, encrypted" : "private key");
  add_public_key(out, key, options);
  const secret der = private_key_der(key);
  if (!options.show_secrets) {
    out.field("private part", std::to_string(der.view().size()) + " bytes of PKCS #8, not shown");
    return;
  }
  const bio_ptr text = gathering();
  EVP_PKEY_print_private(text.get(), key, 0, nullptr);
  out.field("private part", text_of(text));
}

void add_encrypted_key(report& out, std::string_view content, std::string_view what, const show_options& options) {
  if (options.ask) {
    const key_ptr key = parse_private_key(content, what, options.ask);
    return add_private_key(out, key.get(), true, options);
  }
  out.title("private key, encrypted");
  out.field("content", "not shown without its pass phrase");
}

bool add_pem(report& out, const pem_block& block, std::string_view what, const show_options& options) {
  if (block.label.ends_with("CERTIFICATE REQUEST"))
    return add_request(out, parse_request(block.text, what).get(), options), true;
  if (block.label.ends_with("CERTIFICATE"))
    return add_certificate(out, parse_certificate(block.text, what).get(), options), true;
  if (block.label == "X509 CRL") return add_crl(out, parse_crls(block.text, what).front().get(), options), true;
  if (block.label.ends_with("PRIVATE KEY")) {
    const bool encrypted =
        block.label.starts_with("ENCRYPTED") || block.text.find(",ENCRYPTED") != std::string_view::npos;
    if (encrypted) return add_encrypted_key(out, block.text, what, options), true;
    return add_private_key(out, parse_private_key(block.text, what, {}).get(), false, options), true;
  }
  if (block.label == "PUBLIC KEY") {
    const key_ptr key{PEM_read_bio_PUBKEY(reading(block.text).get(), nullptr, nullptr, nullptr)};
    if (!key) fail_openssl(std::string{what} + " holds a damaged public key", "get it anew");
    return out.title("public key"), add_public_key(out, key.get(), options), true;
  }
  return out.title("something else"), out.field("label", std::string{block.label}), false;
}

bool is_encrypted_key(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<X509_SIG, freed_by<X509_SIG_free>> sealed{
      d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size()))};
  ERR_clear_error();
  return sealed != nullptr;
}

bool add_der(report& out, std::string_view der, std::string_view what, const show_options& options) {
  if (const certificate_ptr certificate = certificate_from_der(der))
    return add_certificate(out, certificate.get(), options), true;
  if (const request_ptr request = request_from_der(der)) return add_request(out, request.get(), options), true;
  if (const crl_ptr crl = crl_from_der(der)) return add_crl(out, crl.get(), options), true;
  const bio_ptr bio = reading(der);
  const key_ptr key{d2i_PrivateKey_bio(bio.get(), nullptr)};
  ERR_clear_error();
  if (key) return add_private_key(out, key.get(), false, options), true;
  if (const key_ptr open = public_key_from_der(der))
    return out.title("public key"), add_public_key(out, open.get(), options), true;
  if (is_encrypted_key(der)) return add_encrypted_key(out, der, what, options), true;
  return false;
}

}  // namespace

std::string show(std::string_view content, std::string_view what, const show_options& options) {
  report out;
  bool known = false;
  const std::vector<pem_block> blocks = pem_blocks(content);
  for (const pem_block& block : blocks) known = add_pem(out, block, what, options) || known;
  if (blocks.empty()) known = add_der(out, content, what, options);
  if (!known)
    throw failure(std::string{what} + " is no certificate, request, revocation list or key", "give one in PEM or DER");
  return out.text();
}

}  // namespace recado::pki
