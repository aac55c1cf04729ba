// OpenSSL's certificate as recado's plain one.
#pragma once

#include <recado/tls/certificate.hpp>

struct x509_st;
struct X509_name_st;

namespace recado::tls::openssl {

/// All fields of `from` but the depth and the verdict. Hostile texts become printable and are cut to size.
certificate describe(const x509_st& from);

/// A distinguished name as "CN=broker, O=recado", safe to print. False if it was cut.
bool describe(const X509_name_st* from, fixed_string<distinguished_name_bytes_max>& out);

}  // namespace recado::tls::openssl
