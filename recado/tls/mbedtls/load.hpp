// Certificates, keys and CRLs out of memory and, where there are any, files; PEM or DER. For the back end only.
#pragma once

#include <mbedtls/pk.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include <expected>

#include <recado/core/outcome.hpp>
#include <recado/tls/error.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls::mbedtls {

/// What to answer when the file can't be opened, and when it holds nothing of the kind.
struct load_errors {
  error unreadable,  ///< it can't be opened or read
      invalid;       ///< it can be read, but holds nothing of the kind
};

/// Adds all certificates of `from`, at least one, to `to`.
outcome<error> load_certificates(const source& from, load_errors errors, mbedtls_x509_crt& to);
/// Adds all certificates of a folder that can be read, at least one.
outcome<error> load_folders(std::string_view list, mbedtls_x509_crt& to);
/// Adds what the operating system trusts.
outcome<error> load_system(mbedtls_x509_crt& to);
#if defined(MBEDTLS_X509_CRL_PARSE_C)
/// Adds all CRLs of `from`, at least one, to `to`.
outcome<error> load_crls(const source& from, mbedtls_x509_crl& to);
#endif
/// The private key of `from`; asks for the pass phrase only if it is encrypted.
outcome<error> load_key(const source& from, bytes pass_phrase, pass_phrase_source* ask, mbedtls_pk_context& to);

}  // namespace recado::tls::mbedtls
