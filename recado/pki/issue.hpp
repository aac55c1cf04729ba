// Making certificates, certificate requests and revocation lists: what goes into them (RFC 5280, RFC 2986).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <recado/pki/names.hpp>
#include <recado/pki/openssl_types.hpp>
#include <recado/pki/validity.hpp>

namespace recado::pki {

/// What a certificate is for; it decides on basic constraints, key usage and extended key usage.
enum class profile {
  root_ca,  ///< signs the MQTT CA and its CRL; path length 1
  mqtt_ca,  ///< signs servers, clients and its CRL; path length 0
  server,   ///< a broker: serverAuth
  client,   ///< a device: clientAuth
};

/// What the certificate says about its owner.
struct subject_info {
  name_ptr subject;                ///< its distinguished name
  EVP_PKEY* public_key = nullptr;  ///< borrowed
  alternative_names names;         ///< for servers
};

/// Who signs.
struct signer {
  X509* certificate = nullptr;  ///< borrowed; null: the new certificate signs itself
  EVP_PKEY* key = nullptr;      ///< borrowed
};

/// A positive random serial number of up to 159 bits (RFC 5280 §4.1.2.2 allows 20 octets, the first bit being 0).
integer_ptr random_serial();

/// Makes and signs a certificate. Throws `failure`.
certificate_ptr issue(profile what, const subject_info& whose, const signer& by, const validity& valid);

/// Makes a certificate request (PKCS #10, RFC 2986) signed by `key`; the names become a requested extension.
request_ptr make_request(X509_NAME* subject, const alternative_names& names, EVP_PKEY* key);

/// The names that a request asks for. Throws `failure` if one of them is malformed.
alternative_names names_of(X509_REQ* request);

/// One line of a revocation list.
struct revocation {
  integer_ptr serial;  ///< of the certificate that is revoked
  seconds_utc when;    ///< the date of revocation
  int reason = -1;     ///< CRLReason (RFC 5280 §5.3.1), or -1 for none
};

/// Makes a version 2 revocation list with that CRL number.
crl_ptr make_crl(const std::vector<revocation>& revoked, long number, const signer& by, const validity& valid);

std::string pem_of(X509* certificate);  ///< in PEM (RFC 7468)
std::string pem_of(X509_REQ* request);  ///< in PEM (RFC 7468)
std::string pem_of(X509_CRL* crl);      ///< in PEM (RFC 7468)
std::string der_of(X509* certificate);  ///< in DER (X.690)
std::string der_of(X509_REQ* request);  ///< in DER (X.690)
std::string der_of(X509_CRL* crl);      ///< in DER (X.690)

/// The serial number in capital hexadecimal digits, two for each byte.
std::string text_of(const ASN1_INTEGER* serial);

}  // namespace recado::pki
