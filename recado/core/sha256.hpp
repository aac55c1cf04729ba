// SHA-256 and what is made of it, as a service that a machine is given: from OpenSSL, Mbed TLS or a chip.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <recado/core/bytes.hpp>

namespace recado {

/// 32 bytes: a SHA-256 hash (FIPS 180-4) or a key made of one.
using sha256_digest = std::array<std::byte, 32>;

/// Every function returns false if the library behind it failed; `out` is then undefined. They must keep no copy of
/// keys and passwords.
class sha256_functions {
 public:
  /// SHA-256 of `data`.
  virtual bool hash(bytes data, sha256_digest& out) = 0;
  /// HMAC-SHA-256 (RFC 2104) of the parts one behind the other.
  virtual bool hmac(bytes key, std::span<const bytes> parts, sha256_digest& out) = 0;
  /// PBKDF2 (RFC 8018 §5.2) with HMAC-SHA-256 and 32 bytes of output: `Hi` of RFC 5802 §2.2. `iterations` is at
  /// least 1; the time it takes grows with it.
  virtual bool pbkdf2(bytes password, bytes salt, std::uint32_t iterations, sha256_digest& out) = 0;

 protected:
  ~sha256_functions() = default;
};

/// True if both are the same, in a time that says nothing about where they differ.
inline bool equal_in_constant_time(const sha256_digest& a, const sha256_digest& b) {
  std::byte different{};
  for (std::size_t i = 0; i < a.size(); ++i) different |= a[i] ^ b[i];
  return different == std::byte{0};
}

}  // namespace recado
