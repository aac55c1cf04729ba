// A generator of random bytes for boards whose source gives too few, or too slowly.
#pragma once

#include <mbedtls/hmac_drbg.h>

#include <recado/core/entropy.hpp>

namespace recado::tls::mbedtls {

/// HMAC_DRBG with SHA-256 (NIST SP 800-90A §10.1.2), seeded from another source and seeded again every 1,000 requests.
/// It takes memory from the pool: give the pool first (`global_setup` may be given this generator, since it asks for
/// nothing before it has set the pool). One thread.
class generator final : public entropy {
 public:
  /// `seed` must be unpredictable for everybody else and outlive the generator.
  explicit generator(entropy& seed) : seed_(seed) { mbedtls_hmac_drbg_init(&state_); }
  ~generator() { mbedtls_hmac_drbg_free(&state_); }
  generator(const generator&) = delete;
  generator& operator=(const generator&) = delete;

  /// Fills all of `out`; seeds itself first if it hasn't yet. Ends the program if there is no memory for that.
  void fill(mutable_bytes out) override;

 private:
  entropy& seed_;
  mbedtls_hmac_drbg_context state_;
  bool seeded_ = false;
};

}  // namespace recado::tls::mbedtls
