// What the peer's Mbed TLS works with.
#pragma once

#include <recado/core/bytes.hpp>

namespace recado::measure {

/// Before anything else of the peer. False if the seed is too short.
bool start_peer(bytes seed);

}  // namespace recado::measure
