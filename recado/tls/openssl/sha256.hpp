// SHA-256, HMAC and PBKDF2 by OpenSSL's libcrypto.
#pragma once

#include <recado/core/sha256.hpp>

namespace recado::tls::openssl {

/// Stateless; one may serve several threads.
class sha256 final : public sha256_functions {
 public:
  bool hash(bytes data, sha256_digest& out) override;
  bool hmac(bytes key, std::span<const bytes> parts, sha256_digest& out) override;
  bool pbkdf2(bytes password, bytes salt, std::uint32_t iterations, sha256_digest& out) override;
};

}  // namespace recado::tls::openssl
