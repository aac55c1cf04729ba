// Random numbers for all of the firmware, from a seed that the board gathers: HMAC_DRBG (NIST SP 800-90A §10.1.2) on
// SHA-256.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include <recado/core/entropy.hpp>
#include <recado/core/sha256.hpp>

namespace recado::firmware {

/// The generator. Its state is hashed on after each request, so that what it has given can't be found from what it is.
class random_generator final : public entropy {
 public:
  /// The least seed: 256 bits of entropy, as SHA-256 has strength.
  static constexpr std::size_t seed_bytes_min = 32;

  /// Starts it; `nonce` differs from start to start, also where the seed doesn't. False if the seed is too short.
  bool start(bytes seed, bytes nonce);
  /// `start` comes before it.
  void fill(mutable_bytes out) override;

 private:
  void update(bytes first, bytes second);

  sha256_digest key_{}, value_{};
};

}  // namespace recado::firmware
