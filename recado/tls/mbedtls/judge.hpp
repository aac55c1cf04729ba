// Mbed TLS's verification with recado's verdicts. For sources of the back end only.
#pragma once

#include <array>
#include <string_view>

#include <mbedtls/x509_crt.h>

#include <recado/tls/certificate.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls::mbedtls {

/// What the verification needs to know.
struct rules {
  const mbedtls_x509_crt* trusted = nullptr;  ///< the user's authorities
  const mbedtls_x509_crl* lists = nullptr;    ///< nullptr: no CRLs
  bool crl_for_whole_chain = false;
  std::string_view host;    ///< empty: any
  bool keep_chain = false;  ///< to be reported afterwards
  bool keep_leaf = false;   ///< the server's own, for the session
};

/// What one verification found, certificate by certificate.
class judgement {
 public:
  judgement() = default;
  judgement(const judgement&) = delete;
  judgement& operator=(const judgement&) = delete;
  ~judgement() { clear(); }

  /// Forgets everything.
  void clear();
  /// Mbed TLS calls this for each certificate of the chain, the authority first; `flags` are what it found, and
  /// become what recado makes of it.
  void look_at(const rules& by, mbedtls_x509_crt& one, unsigned depth, std::uint32_t& flags);
  /// A certificate that was sent but not looked at, as another couldn't be read.
  void unseen(const rules& by, bytes der, unsigned depth) { keep(by, der, depth); }
  /// The one that Mbed TLS couldn't read, and why it is refused.
  void unreadable(const rules& by, bytes der, unsigned depth, verdict why);

  bool any() const { return size_ != 0; }
  unsigned size() const { return size_; }
  bool good() const { return worst_ == verdict::good; }
  verdict worst() const { return worst_; }
  unsigned worst_depth() const { return worst_certificate_.depth; }
  /// The certificate that the worst verdict is about.
  const certificate& worst_certificate() const { return worst_certificate_; }
  /// The certificate at that depth with its verdict, if `keep_chain`, until the next. It takes the place of the worst
  /// one, whose words have been said by then.
  const certificate& shown(unsigned depth);
  /// The server's own certificate as DER, until `clear`, if `keep_leaf`.
  bytes leaf() const { return leaf_; }
  /// Takes over the server's own certificate from a session that is resumed.
  void keep_leaf(bytes der);

 private:
  void note(verdict found, const mbedtls_x509_crt& what, unsigned depth);
  void keep(const rules& by, bytes der, unsigned depth);
  void look_at_trust(const rules& by, const mbedtls_x509_crt& one, unsigned depth);
  void look_at_lists(const rules& by, const mbedtls_x509_crt& one, unsigned depth, std::uint32_t flags);
  void look_at_leaf(const rules& by, const mbedtls_x509_crt& one);

  static constexpr unsigned kept_max = chain_depth_max + 2;
  std::array<bytes, kept_max> kept_{};  // in the pool
  bytes leaf_;                          // in the pool
  std::array<verdict, kept_max> verdicts_{};
  unsigned size_ = 0;
  verdict worst_ = verdict::good;
  certificate worst_certificate_{};
};

}  // namespace recado::tls::mbedtls
