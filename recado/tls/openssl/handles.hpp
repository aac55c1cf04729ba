// OpenSSL's objects as owned values. For sources of the back end only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace recado::tls::openssl {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
inline void free_certificates(STACK_OF(X509) * chain) { sk_X509_pop_free(chain, X509_free); }

using bio_handle = std::unique_ptr<BIO, freed_by<BIO_free>>;
using key_handle = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using x509_handle = std::unique_ptr<X509, freed_by<X509_free>>;
using crl_handle = std::unique_ptr<X509_CRL, freed_by<X509_CRL_free>>;
using ssl_handle = std::unique_ptr<SSL, freed_by<SSL_free>>;
using ssl_context_handle = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;
using session_handle = std::unique_ptr<SSL_SESSION, freed_by<SSL_SESSION_free>>;
using chain_handle = std::unique_ptr<STACK_OF(X509), freed_by<free_certificates>>;
using digest_handle = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>>;

}  // namespace recado::tls::openssl
