// OpenSSL's BIO over the filter's own memory: reads straight from the bytes that `receive` was given,
// writes straight into the buffer that `pending` shows. For sources of the back end only.
#pragma once

#include <recado/core/bytes.hpp>
#include <recado/tls/openssl/handles.hpp>
#include <recado/tls/ring.hpp>

namespace recado::tls::openssl {

struct transport {
  bytes* in = nullptr;  ///< set while `receive` runs
  ring out;
};

/// A BIO of that kind; `ends` must outlive it. Null if there is no memory.
bio_handle make_bio(transport& ends);

}  // namespace recado::tls::openssl
