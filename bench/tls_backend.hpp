// Which TLS library is below recado in a program that is built once for each.
#pragma once

#include <string_view>

#if defined(BENCH_MBEDTLS)
#include <recado/tls/mbedtls/filter.hpp>
namespace bench {
namespace backend = recado::tls::mbedtls;
inline constexpr std::string_view session_name = "recado session, Mbed TLS";
inline constexpr std::string_view backend_name = "recado, Mbed TLS";
}  // namespace bench
#else
#include <recado/tls/openssl/filter.hpp>
namespace bench {
namespace backend = recado::tls::openssl;
inline constexpr std::string_view session_name = "recado session";
inline constexpr std::string_view backend_name = "recado, OpenSSL";
}  // namespace bench
#endif
