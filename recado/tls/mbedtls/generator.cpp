#include <mbedtls/md.h>

#include <algorithm>
#include <cstdlib>

#include <recado/tls/mbedtls/generator.hpp>

namespace recado::tls::mbedtls {
namespace {

constexpr int requests_between_seeds = 1000;

int take_seed(void* from, unsigned char* out, std::size_t size) {
  static_cast<entropy*>(from)->fill({reinterpret_cast<std::byte*>(out), size});
  return 0;
}

}  // namespace

void generator::fill(mutable_bytes out) {
  if (!seeded_) {
    const auto* digest = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    if (mbedtls_hmac_drbg_seed(&state_, digest, take_seed, &seed_, nullptr, 0) != 0) std::abort();
    mbedtls_hmac_drbg_set_reseed_interval(&state_, requests_between_seeds);
    seeded_ = true;
  }
  while (!out.empty()) {
    const std::size_t n = std::min<std::size_t>(out.size(), MBEDTLS_HMAC_DRBG_MAX_REQUEST);
    // A source that fails must not return.
    if (mbedtls_hmac_drbg_random(&state_, reinterpret_cast<unsigned char*>(out.data()), n) != 0) std::abort();
    out = out.subspan(n);
  }
}

}  // namespace recado::tls::mbedtls
