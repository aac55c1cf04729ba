// The checksum of the small records that a device keeps.
#pragma once

#include <cstdint>

#include <recado/core/bytes.hpp>

namespace recado {

/// CRC-32 as in IEEE 802.3, computed bit by bit: small, for small records.
std::uint32_t crc32(bytes data);

}  // namespace recado
