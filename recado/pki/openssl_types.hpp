// OpenSSL's objects with an owner.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace recado::pki {

/// Frees an object by that function of OpenSSL's.
template <auto Free>
struct freed_by {
  /// As `std::unique_ptr` calls it.
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;                        ///< a private or public key
using key_context_ptr = std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>>;        ///< what makes keys
using certificate_ptr = std::unique_ptr<X509, freed_by<X509_free>>;                        ///< a certificate
using request_ptr = std::unique_ptr<X509_REQ, freed_by<X509_REQ_free>>;                    ///< a certificate request
using crl_ptr = std::unique_ptr<X509_CRL, freed_by<X509_CRL_free>>;                        ///< a revocation list
using revoked_ptr = std::unique_ptr<X509_REVOKED, freed_by<X509_REVOKED_free>>;            ///< a line of it
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;      ///< an extension
using name_ptr = std::unique_ptr<X509_NAME, freed_by<X509_NAME_free>>;                     ///< a distinguished name
using store_ptr = std::unique_ptr<X509_STORE, freed_by<X509_STORE_free>>;                  ///< trusted certificates
using store_context_ptr = std::unique_ptr<X509_STORE_CTX, freed_by<X509_STORE_CTX_free>>;  ///< one verification
using integer_ptr = std::unique_ptr<ASN1_INTEGER, freed_by<ASN1_INTEGER_free>>;            ///< an integer of ASN.1
using time_ptr = std::unique_ptr<ASN1_TIME, freed_by<ASN1_TIME_free>>;                     ///< a time of ASN.1
using number_ptr = std::unique_ptr<BIGNUM, freed_by<BN_clear_free>>;  ///< a big number, wiped at its end
using general_names_ptr = std::unique_ptr<GENERAL_NAMES, freed_by<GENERAL_NAMES_free>>;  ///< the names of an extension

/// Frees a chain of BIOs.
struct free_bio {
  /// As `std::unique_ptr` calls it.
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using bio_ptr = std::unique_ptr<BIO, free_bio>;  ///< a stream of bytes

/// A BIO that reads `text`, which must outlive it.
inline bio_ptr reading(std::string_view text) {
  return bio_ptr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}
/// A BIO that gathers what is written; secure memory is cleansed when it is freed.
inline bio_ptr gathering() { return bio_ptr{BIO_new(BIO_s_secmem())}; }
/// What a gathering BIO holds.
inline std::string text_of(const bio_ptr& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string{};
}

}  // namespace recado::pki
