// A certificate of Mbed TLS as an owned value. For sources of the back end only.
#pragma once

#include <mbedtls/x509_crt.h>

#include <recado/core/bytes.hpp>

namespace recado::tls::mbedtls {

/// One certificate out of DER, which must outlive it.
class parsed {
 public:
  /// `tolerant`: critical extensions that aren't known are passed over, to show the certificate and refuse it.
  explicit parsed(bytes der, bool tolerant = false) {
    mbedtls_x509_crt_init(&it_);
    const mbedtls_x509_crt_ext_cb_t pass_over = [](void*, const mbedtls_x509_crt*, const mbedtls_x509_buf*, int,
                                                   const unsigned char*, const unsigned char*) { return 0; };
    code_ = mbedtls_x509_crt_parse_der_with_ext_cb(&it_, reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                                                   0, tolerant ? pass_over : nullptr, nullptr);
  }
  parsed(const parsed&) = delete;
  parsed& operator=(const parsed&) = delete;
  ~parsed() { mbedtls_x509_crt_free(&it_); }

  explicit operator bool() const { return code_ == 0; }
  int code() const { return code_; }  ///< 0, or the error of Mbed TLS
  const mbedtls_x509_crt& operator*() const { return it_; }

 private:
  mbedtls_x509_crt it_;
  int code_;
};

}  // namespace recado::tls::mbedtls
