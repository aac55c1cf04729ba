// Certificates made at test time with OpenSSL's own API, so that no test depends on files that expire.
#pragma once

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <string>
#include <vector>

#include <recado/core/bytes.hpp>
#include <recado/core/instant.hpp>
#include <recado/tls/openssl/handles.hpp>

namespace recado::tls::openssl::tests {

inline utc_time day(int year, unsigned month, unsigned date) {
  return utc_time{std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(date)}
                      .time_since_epoch()};
}

inline key_handle ec_key(const char* curve = "P-256") {
  return key_handle{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve)};
}
inline key_handle rsa_key(std::size_t bits) { return key_handle{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits)}; }
inline key_handle ed25519_key() { return key_handle{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")}; }

/// What a test wants of a certificate.
struct wish {
  std::string name = "b";              ///< the subject's CN
  std::string alternative_names = "";  ///< "DNS:a.example,IP:192.0.2.1"
  bool authority = false;
  std::string extended_key_usage = "";
  utc_time not_before = day(2026, 1, 1);
  utc_time not_after = day(2030, 1, 1);
  const EVP_MD* digest = EVP_sha256();
  std::string basic_constraints = "";  ///< instead of the usual ones; "none": without the extension
  std::string key_usage = "";          ///< likewise
};

struct identity {
  x509_handle certificate;
  key_handle key;
};

inline void extend(X509* to, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  X509_add_ext(to, made, -1);
  X509_EXTENSION_free(made);
}

inline void name(X509_NAME* to, const std::string& common_name) {
  X509_NAME_add_entry_by_txt(to, "O", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("recado tests"), -1, -1, 0);
  X509_NAME_add_entry_by_txt(to, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.data()),
                             static_cast<int>(common_name.size()), -1, 0);
}

inline ASN1_TIME* asn1(utc_time when) {
  return ASN1_TIME_adj(nullptr, std::chrono::floor<std::chrono::seconds>(when.time_since_epoch()).count(), 0, 0);
}

/// Makes `key`'s certificate, signed by `issuer`, or by itself if there is none.
inline identity make(const wish& what, key_handle key, const identity* issuer = nullptr) {
  static long serial = 1000;
  identity result{x509_handle{X509_new()}, std::move(key)};
  X509* to = result.certificate.get();
  X509* signer = issuer ? issuer->certificate.get() : to;
  EVP_PKEY* signing_key = issuer ? issuer->key.get() : result.key.get();
  X509_set_version(to, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(to), ++serial);
  name(X509_get_subject_name(to), what.name);
  X509_set_issuer_name(to, X509_get_subject_name(signer));
  ASN1_TIME *from = asn1(what.not_before), *until = asn1(what.not_after);
  X509_set1_notBefore(to, from), X509_set1_notAfter(to, until);
  ASN1_TIME_free(from), ASN1_TIME_free(until);
  X509_set_pubkey(to, result.key.get());
  const std::string constraints = what.authority ? "critical,CA:TRUE" : "critical,CA:FALSE";
  if (what.basic_constraints != "none")
    extend(to, signer, NID_basic_constraints, what.basic_constraints.empty() ? constraints : what.basic_constraints);
  const std::string usage = what.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature";
  if (what.key_usage != "none") extend(to, signer, NID_key_usage, what.key_usage.empty() ? usage : what.key_usage);
  extend(to, signer, NID_subject_key_identifier, "hash");
  if (issuer) extend(to, signer, NID_authority_key_identifier, "keyid:always");
  if (!what.extended_key_usage.empty()) extend(to, signer, NID_ext_key_usage, what.extended_key_usage);
  if (!what.alternative_names.empty()) extend(to, signer, NID_subject_alt_name, what.alternative_names);
  const bool pure = EVP_PKEY_get_base_id(signing_key) == EVP_PKEY_ED25519;
  X509_sign(to, signing_key, pure ? nullptr : what.digest);
  return result;
}

inline std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

inline std::string pem(const X509* from) {
  const bio_handle out{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(out.get(), const_cast<X509*>(from));
  return text_of(out.get());
}
inline std::string pem(const identity& from) { return pem(from.certificate.get()); }

inline std::string der(const X509* from) {
  const bio_handle out{BIO_new(BIO_s_mem())};
  i2d_X509_bio(out.get(), const_cast<X509*>(from));
  return text_of(out.get());
}

/// PKCS #8, encrypted if there is a pass phrase.
inline std::string key_pem(EVP_PKEY* from, const std::string& pass_phrase = "") {
  const bio_handle out{BIO_new(BIO_s_mem())};
  const EVP_CIPHER* cipher = pass_phrase.empty() ? nullptr : EVP_aes_128_cbc();
  PEM_write_bio_PKCS8PrivateKey(out.get(), from, cipher, pass_phrase.data(), static_cast<int>(pass_phrase.size()),
                                nullptr, nullptr);
  return text_of(out.get());
}
inline std::string key_der(EVP_PKEY* from, const std::string& pass_phrase = "") {
  const bio_handle out{BIO_new(BIO_s_mem())};
  const EVP_CIPHER* cipher = pass_phrase.empty() ? nullptr : EVP_aes_128_cbc();
  i2d_PKCS8PrivateKey_bio(out.get(), from, cipher, pass_phrase.data(), static_cast<int>(pass_phrase.size()), nullptr,
                          nullptr);
  return text_of(out.get());
}
/// The old encryption of OpenSSL ("Proc-Type: 4,ENCRYPTED").
inline std::string key_traditional(EVP_PKEY* from, const std::string& pass_phrase) {
  const bio_handle out{BIO_new(BIO_s_mem())};
  PEM_write_bio_PrivateKey_traditional(out.get(), from, EVP_aes_128_cbc(),
                                       reinterpret_cast<const unsigned char*>(pass_phrase.data()),
                                       static_cast<int>(pass_phrase.size()), nullptr, nullptr);
  return text_of(out.get());
}

/// A CRL of `issuer` that lists `revoked`.
inline std::string crl(const identity& issuer, const std::vector<const X509*>& revoked, bool as_der = false,
                       utc_time last = day(2026, 1, 1), utc_time next = day(2030, 1, 1)) {
  const crl_handle list{X509_CRL_new()};
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.certificate.get()));
  ASN1_TIME *from = asn1(last), *until = asn1(next);
  X509_CRL_set1_lastUpdate(list.get(), from), X509_CRL_set1_nextUpdate(list.get(), until);
  for (const X509* one : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, const_cast<ASN1_INTEGER*>(X509_get0_serialNumber(one)));
    X509_REVOKED_set_revocationDate(entry, from);
    X509_CRL_add0_revoked(list.get(), entry);
  }
  ASN1_TIME_free(from), ASN1_TIME_free(until);
  X509_CRL_sort(list.get());
  X509_CRL_sign(list.get(), issuer.key.get(), EVP_sha256());
  const bio_handle out{BIO_new(BIO_s_mem())};
  if (as_der) i2d_X509_CRL_bio(out.get(), list.get());
  else PEM_write_bio_X509_CRL(out.get(), list.get());
  return text_of(out.get());
}

/// The authorities and identities that most tests share: root -> MQTT CA -> broker and device.
struct world {
  identity root = make({.name = "Root CA", .authority = true}, ec_key());
  identity authority = make({.name = "MQTT CA", .authority = true}, ec_key(), &root);
  identity foreign = make({.name = "Foreign CA", .authority = true}, ec_key());
  identity broker =
      make({.name = "broker", .alternative_names = names, .extended_key_usage = "serverAuth"}, ec_key(), &authority);
  identity device = make({.name = "device", .extended_key_usage = "clientAuth"}, ec_key(), &authority);
  identity stranger = make({.name = "stranger", .extended_key_usage = "clientAuth"}, ec_key(), &foreign);
  static constexpr const char* names = "DNS:broker.lab,DNS:a.example,IP:10.77.0.2";
};
inline const world& the_world() {
  static const world made;
  return made;
}

}  // namespace recado::tls::openssl::tests
