// Randomness in the form that Mbed TLS asks for. For sources of the back end only.
#pragma once

#include <cstddef>

namespace recado::tls::mbedtls {

/// Fills `out` from what `global_setup` was given; not 0 if it wasn't called.
int fill_random(void*, unsigned char* out, std::size_t size);

}  // namespace recado::tls::mbedtls
