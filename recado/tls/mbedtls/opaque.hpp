// The opaque key of a context. For the back end only.
#pragma once

#include <mbedtls/pk.h>

#include <expected>

#include <recado/core/outcome.hpp>
#include <recado/tls/error.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls::mbedtls {

/// Makes `to` the key that the options name by its identifier, if it may sign.
outcome<error> use_opaque_key(const client_options& options, mbedtls_pk_context& to);

}  // namespace recado::tls::mbedtls
