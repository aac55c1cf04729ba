// Mbed TLS's certificate as recado's plain one.
#pragma once

#include <mbedtls/x509_crt.h>

#include <recado/tls/certificate.hpp>

namespace recado::tls::mbedtls {

/// All fields of `from` but the depth and the verdict. Hostile texts become printable and are cut to size.
certificate describe(const mbedtls_x509_crt& from);

/// Only from when until when it is valid: what a fault's number says of a certificate.
certificate dates_of(const mbedtls_x509_crt& from);

/// The point in time that a field of a certificate or CRL means.
utc_time time_of(const mbedtls_x509_time& from);

/// True if the certificate was issued for `host`, a name or an address as text: alternative names, or the common name
/// if there are no DNS names (RFC 6125 §6.4). A wildcard stands for the whole leftmost label.
bool is_issued_for(const mbedtls_x509_crt& what, std::string_view host);

/// True if it is under 112 bits of strength: RSA below 2048 bits, elliptic curves below 224.
bool key_is_weak(const mbedtls_pk_context& key);
/// True if it is signed with SHA-1, MD5 or another digest under 112 bits of strength.
bool signature_is_weak(const mbedtls_x509_crt& what);

}  // namespace recado::tls::mbedtls
