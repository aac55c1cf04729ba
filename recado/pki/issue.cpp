#include <openssl/bn.h>
#include <openssl/pem.h>

#include <recado/pki/failure.hpp>
#include <recado/pki/issue.hpp>
#include <recado/pki/key.hpp>

namespace recado::pki {
namespace {

constexpr int serial_bits = 159;
constexpr std::string_view openssl_remedy = "check the OpenSSL installation";

void check(bool done, const char* what) {
  if (!done) fail_openssl(std::string{"the "} + what + " could not be made", std::string{openssl_remedy});
}

struct extension_text {
  int nid;
  const char* value;
};

/// The extensions that depend on nothing but the profile, in the order of RFC 5280 §4.2.1.
std::vector<extension_text> extensions_of(profile what, bool rsa) {
  // TLS 1.2 without key exchange by RSA needs signatures only; an RSA server may still meet such a peer.
  const char* leaf_usage = rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature";
  switch (what) {
    case profile::root_ca:
      return {{NID_basic_constraints, "critical,CA:TRUE,pathlen:1"}, {NID_key_usage, "critical,keyCertSign,cRLSign"}};
    case profile::mqtt_ca:
      return {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"}, {NID_key_usage, "critical,keyCertSign,cRLSign"}};
    case profile::server:
      return {
          {NID_basic_constraints, "critical,CA:FALSE"}, {NID_key_usage, leaf_usage}, {NID_ext_key_usage, "serverAuth"}};
    case profile::client:
      return {{NID_basic_constraints, "critical,CA:FALSE"},
              {NID_key_usage, "critical,digitalSignature"},
              {NID_ext_key_usage, "clientAuth"}};
  }
  return {};
}

extension_ptr make_extension(X509V3_CTX* context, const extension_text& text) {
  extension_ptr extension{X509V3_EXT_conf_nid(nullptr, context, text.nid, text.value)};
  if (!extension)
    fail_openssl(std::string{"the extension "} + OBJ_nid2ln(text.nid) + " could not be made",
                 std::string{openssl_remedy});
  return extension;
}

void add_extensions(X509* certificate, profile what, const subject_info& whose, X509* issuer) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::vector<extension_text> texts = extensions_of(what, EVP_PKEY_is_a(whose.public_key, "RSA") == 1);
  texts.push_back({NID_subject_key_identifier, "hash"});
  texts.push_back({NID_authority_key_identifier, "keyid:always"});
  for (const extension_text& text : texts)
    check(X509_add_ext(certificate, make_extension(&context, text).get(), -1) == 1, "certificate");
  const general_names_ptr names = encode(whose.names);
  if (names)
    check(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1, "certificate");
}

template <class Object>
std::string gathered(int (*write)(BIO*, const Object*), const Object* object) {
  const bio_ptr out = gathering();
  check(write(out.get(), object) == 1, "file");
  return text_of(out);
}

void add_revoked(X509_CRL* crl, const revocation& entry) {
  revoked_ptr revoked{X509_REVOKED_new()};
  bool done = revoked && X509_REVOKED_set_serialNumber(revoked.get(), entry.serial.get()) == 1;
  done = done && X509_REVOKED_set_revocationDate(revoked.get(), encode(entry.when).get()) == 1;
  if (done && entry.reason > 0) {  // "unspecified" (0) should be left out, RFC 5280 §5.3.1
    const std::unique_ptr<ASN1_ENUMERATED, freed_by<ASN1_ENUMERATED_free>> reason{ASN1_ENUMERATED_new()};
    done = ASN1_ENUMERATED_set(reason.get(), entry.reason) == 1 &&
           X509_REVOKED_add1_ext_i2d(revoked.get(), NID_crl_reason, reason.get(), 0, 0) == 1;
  }
  check(done && X509_CRL_add0_revoked(crl, revoked.get()) == 1, "revocation list");
  (void)revoked.release();
}

void add_crl_extensions(X509_CRL* crl, long number, X509* issuer) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, nullptr, nullptr, crl, 0);
  const extension_ptr authority = make_extension(&context, {NID_authority_key_identifier, "keyid:always"});
  check(X509_CRL_add_ext(crl, authority.get(), -1) == 1, "revocation list");
  const integer_ptr value{ASN1_INTEGER_new()};
  check(ASN1_INTEGER_set(value.get(), number) == 1, "revocation list");
  check(X509_CRL_add1_ext_i2d(crl, NID_crl_number, value.get(), 0, 0) == 1, "revocation list");
}

}  // namespace

integer_ptr random_serial() {
  const number_ptr number{BN_new()};
  do check(BN_rand(number.get(), serial_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1, "serial number");
  while (BN_is_zero(number.get()));
  integer_ptr serial{BN_to_ASN1_INTEGER(number.get(), nullptr)};
  check(serial != nullptr, "serial number");
  return serial;
}

certificate_ptr issue(profile what, const subject_info& whose, const signer& by, const validity& valid) {
  certificate_ptr made{X509_new()};
  X509* const certificate = made.get();
  X509* const issuer = by.certificate != nullptr ? by.certificate : certificate;
  bool done = X509_set_version(certificate, X509_VERSION_3) == 1;
  done = done && X509_set_serialNumber(certificate, random_serial().get()) == 1;
  done = done && X509_set_subject_name(certificate, whose.subject.get()) == 1;
  done = done && X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1;
  done = done && X509_set1_notBefore(certificate, encode(valid.from).get()) == 1;
  done = done && X509_set1_notAfter(certificate, encode(valid.to).get()) == 1;
  done = done && X509_set_pubkey(certificate, whose.public_key) == 1;
  check(done, "certificate");
  add_extensions(certificate, what, whose, issuer);
  check(X509_sign(certificate, by.key, digest_for(by.key)) > 0, "certificate's signature");
  return made;
}

request_ptr make_request(X509_NAME* subject, const alternative_names& names, EVP_PKEY* key) {
  request_ptr request{X509_REQ_new()};
  check(X509_REQ_set_subject_name(request.get(), subject) == 1, "request");
  check(X509_REQ_set_pubkey(request.get(), key) == 1, "request");
  if (const general_names_ptr list = encode(names)) {
    STACK_OF(X509_EXTENSION)* extensions = nullptr;
    bool done = X509V3_add1_i2d(&extensions, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) == 1;
    done = done && X509_REQ_add_extensions(request.get(), extensions) == 1;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    check(done, "request");
  }
  check(X509_REQ_sign(request.get(), key, digest_for(key)) > 0, "request's signature");
  return request;
}

alternative_names names_of(X509_REQ* request) {
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request);
  const general_names_ptr names{
      static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr))};
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  return decode(names.get());
}

crl_ptr make_crl(const std::vector<revocation>& revoked, long number, const signer& by, const validity& valid) {
  crl_ptr crl{X509_CRL_new()};
  bool done = X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1;
  done = done && X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(by.certificate)) == 1;
  done = done && X509_CRL_set1_lastUpdate(crl.get(), encode(valid.from).get()) == 1;
  done = done && X509_CRL_set1_nextUpdate(crl.get(), encode(valid.to).get()) == 1;
  check(done, "revocation list");
  for (const revocation& entry : revoked) add_revoked(crl.get(), entry);
  X509_CRL_sort(crl.get());
  add_crl_extensions(crl.get(), number, by.certificate);
  check(X509_CRL_sign(crl.get(), by.key, digest_for(by.key)) > 0, "revocation list's signature");
  return crl;
}

std::string pem_of(X509* certificate) { return gathered<X509>(PEM_write_bio_X509, certificate); }
std::string pem_of(X509_REQ* request) { return gathered<X509_REQ>(PEM_write_bio_X509_REQ, request); }
std::string pem_of(X509_CRL* crl) { return gathered<X509_CRL>(PEM_write_bio_X509_CRL, crl); }
std::string der_of(X509* certificate) { return gathered<X509>(i2d_X509_bio, certificate); }
std::string der_of(X509_REQ* request) { return gathered<X509_REQ>(i2d_X509_REQ_bio, request); }
std::string der_of(X509_CRL* crl) { return gathered<X509_CRL>(i2d_X509_CRL_bio, crl); }

std::string text_of(const ASN1_INTEGER* serial) {
  const number_ptr number{ASN1_INTEGER_to_BN(serial, nullptr)};
  char* text = number ? BN_bn2hex(number.get()) : nullptr;
  std::string result = text != nullptr ? text : "";
  OPENSSL_free(text);
  return result;
}

}  // namespace recado::pki
