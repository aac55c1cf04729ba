// The sum of the Internet checksum (RFC 1071), by words with carry: a quarter of the instructions of lwIP's own.
#pragma once

#include <cstdint>

#include <recado/core/bytes.hpp>

namespace recado {

/// The one's complement sum of all 16-bit words as they lie in memory, folded to 16 bits and not complemented; an odd
/// last byte counts as if a zero followed. As lwIP's LWIP_CHKSUM wants it.
std::uint16_t internet_checksum(bytes data);

}  // namespace recado
