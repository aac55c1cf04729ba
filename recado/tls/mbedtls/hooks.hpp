// What Mbed TLS takes from the program: memory, time and randomness. Its hooks are global, and so is this.
#pragma once

#include <expected>

#include <recado/core/entropy.hpp>
#include <recado/core/instant.hpp>
#include <recado/tls/error.hpp>
#include <recado/tls/mbedtls/pool.hpp>

namespace recado::tls::mbedtls {

/// Gives Mbed TLS its memory and its randomness; to be called once, before the first `context::load`, and again only
/// after all contexts and filters are gone. Both are used until the program's end. The back end is for one thread.
/// `random` must be good for keys. Without this, or with too little memory, loading fails with `out_of_memory`.
std::expected<void, error> global_setup(entropy& random, mutable_bytes pool);

/// How much of the pool is and was in use.
const pool_usage& memory_usage();

/// The time that Mbed TLS sees until the next call. The back end sets it from the clock of the options whenever it
/// lets Mbed TLS work, since certificates and CRLs are judged by the time that Mbed TLS asks for.
void set_time(utc_time now);

}  // namespace recado::tls::mbedtls
