// CRC-32C (Castagnoli; RFC 3720 §12.1, appendix B.4): finds every burst of up to 32 wrong bits.
#pragma once

#include <cstdint>

#include <recado/core/bytes.hpp>

namespace recado::store {

/// Goes on with the checksum `so_far` of what stood before; begins with 0.
std::uint32_t crc32c(bytes data, std::uint32_t so_far = 0);

}  // namespace recado::store
