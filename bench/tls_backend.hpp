// Which TLS library is below recado in a program that is built once for each.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <recado/tls/error.hpp>

#if defined(BENCH_MBEDTLS)
#include <recado/drive/posix/entropy.hpp>
#include <recado/tls/mbedtls/filter.hpp>
#include <recado/tls/mbedtls/hooks.hpp>
namespace bench {
namespace backend = recado::tls::mbedtls;
inline constexpr std::string_view session_name = "recado session, Mbed TLS";
inline constexpr std::string_view backend_name = "recado, Mbed TLS";
/// Gives Mbed TLS its memory and random numbers, once for the program.
inline void set_up_backend() {
  static recado::posix::system_entropy random;
  alignas(16) static std::array<std::byte, 1 << 20> pool;
  static const auto done = recado::tls::mbedtls::global_setup(random, pool);
  (void)done;  // without memory, the context says so when it is loaded
}
}  // namespace bench
#else
#include <recado/tls/openssl/filter.hpp>
namespace bench {
namespace backend = recado::tls::openssl;
inline constexpr std::string_view session_name = "recado session";
inline constexpr std::string_view backend_name = "recado, OpenSSL";
inline void set_up_backend() {}
}  // namespace bench
#endif

namespace bench {
inline std::string tls_trouble(const std::string& file, recado::tls::error why) {
  return "TLS: " + file + ": " + std::string{words(why)};
}
}  // namespace bench
