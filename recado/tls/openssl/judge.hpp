// OpenSSL's verification with recado's verdicts. For sources of the back end only.
#pragma once

#include <openssl/x509v3.h>

#include <array>

#include <recado/tls/certificate.hpp>
#include <recado/tls/openssl/handles.hpp>

namespace recado::tls::openssl {

/// How host names are compared: by whole labels, and with the common name only where there are no DNS names.
inline constexpr unsigned host_flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

/// The verdict that an X509_V_ERR_ code amounts to; `good` for X509_V_OK.
verdict verdict_of_openssl(int code);

/// What one verification found, certificate by certificate.
class judgement {
 public:
  /// Runs OpenSSL's verification to its end, whatever it finds. CRLs are demanded of the server's issuer
  /// only, unless `crl_for_whole_chain`. True if everything is good; else `store` carries the worst error,
  /// so that the fitting alert is sent.
  bool verify(X509_STORE_CTX* store, bool crl_for_whole_chain);
  void clear();

  bool any() const { return size() != 0; }
  unsigned size() const { return chain_ ? static_cast<unsigned>(sk_X509_num(chain_.get())) : 0; }
  /// The certificate at that depth with its verdict.
  certificate at(unsigned depth) const;
  bool good() const { return worst_ == verdict::good; }
  verdict worst() const { return worst_; }
  unsigned worst_depth() const { return worst_depth_; }
  /// OpenSSL's code of the worst.
  int worst_code() const { return worst_code_; }

 private:
  static int on_step(int ok, X509_STORE_CTX* store);
  void note(int code, int depth);

  chain_handle chain_;
  std::array<verdict, chain_depth_max + 3> verdicts_{};
  verdict worst_ = verdict::good;
  unsigned worst_depth_ = 0;
  int worst_code_ = 0;
  bool crl_for_whole_chain_ = false;
};

}  // namespace recado::tls::openssl
