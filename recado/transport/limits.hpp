#pragma once

#include <cstddef>

#include <recado/core/instant.hpp>

namespace recado::transport {

inline constexpr std::size_t host_chars_max = 255;               ///< RFC 1928 §5: one octet of length
inline constexpr std::size_t socks_credential_octets_max = 255;  ///< RFC 1929 §2
inline constexpr std::size_t handshake_bytes_min = 1024;  ///< of each buffer: the longest request, a short answer
inline constexpr duration handshake_time_default = std::chrono::seconds{30};  ///< where nobody chose

}  // namespace recado::transport
