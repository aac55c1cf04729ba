// SHA-1 (FIPS 180-4 §6.1), which RFC 6455 §4.1 wants as proof that the server understood; it keeps no secret.
#pragma once

#include <array>

#include <recado/core/bytes.hpp>

namespace recado::websocket {

/// The digest of at most 119 octets; more are a mistake of the caller.
std::array<std::byte, 20> sha1(bytes message);

}  // namespace recado::websocket
