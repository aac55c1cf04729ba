// The back end that these tests are compiled for: each of them is compiled once for each.
#pragma once

#if defined(RECADO_TESTS_MBEDTLS)
#include <openssl/rand.h>

#include <array>

#include <recado/tls/mbedtls/filter.hpp>
#include <recado/tls/mbedtls/hooks.hpp>
#else
#include <recado/tls/openssl/filter.hpp>
#endif

namespace recado::tls::tests {

#if defined(RECADO_TESTS_MBEDTLS)

class random_bytes final : public entropy {
 public:
  void fill(mutable_bytes out) override {
    RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  }
};
/// Before the first context of the program.
inline const bool is_set_up = [] {
  static random_bytes random;
  static std::array<std::byte, 4 * 1024 * 1024> pool;
  return mbedtls::global_setup(random, pool).has_value();
}();
using mbedtls::context;
using mbedtls::filter;
inline constexpr bool has_ed25519 = false;
inline constexpr bool logs_exporter_secret = false;
inline constexpr bool takes_several_as_der = true;
inline constexpr std::size_t record_content_max = record_bytes_max - 1;  // its type is counted, too

#else

using openssl::context;
using openssl::filter;
inline constexpr bool has_ed25519 = true;
inline constexpr bool logs_exporter_secret = true;
inline constexpr bool takes_several_as_der = false;
inline constexpr std::size_t record_content_max = record_bytes_max;

#endif

}  // namespace recado::tls::tests
