#include "random.hpp"

#include <algorithm>

#include <mbedtls/sha256.h>

namespace recado::firmware {
namespace {

constexpr std::size_t block_bytes = 64;

const unsigned char* octets(bytes from) { return reinterpret_cast<const unsigned char*>(from.data()); }

/// SHA-256 of a padded key and the parts; the software implementation can't fail.
void hash(const sha256_digest& key, std::byte padding, std::initializer_list<bytes> parts, sha256_digest& out) {
  std::array<std::byte, block_bytes> block;
  block.fill(padding);
  for (std::size_t i = 0; i < key.size(); ++i) block[i] ^= key[i];
  mbedtls_sha256_context context;
  mbedtls_sha256_init(&context);
  mbedtls_sha256_starts(&context, 0);
  mbedtls_sha256_update(&context, octets(block), block.size());
  for (const bytes part : parts) mbedtls_sha256_update(&context, octets(part), part.size());
  mbedtls_sha256_finish(&context, reinterpret_cast<unsigned char*>(out.data()));
  mbedtls_sha256_free(&context);
  wipe(block);
}

/// HMAC (RFC 2104).
sha256_digest hmac(const sha256_digest& key, std::initializer_list<bytes> parts) {
  sha256_digest inner, outer;
  hash(key, std::byte{0x36}, parts, inner);
  hash(key, std::byte{0x5c}, {inner}, outer);
  return outer;
}

}  // namespace

// HMAC_DRBG_Update (§10.1.2.2), without the second half if there is nothing new.
void random_generator::update(bytes first, bytes second) {
  constexpr std::byte round[] = {std::byte{0}, std::byte{1}};
  const unsigned rounds = first.empty() && second.empty() ? 1 : 2;
  for (unsigned i = 0; i < rounds; ++i) {
    key_ = hmac(key_, {value_, bytes{&round[i], 1}, first, second});
    value_ = hmac(key_, {value_});
  }
}

bool random_generator::start(bytes seed, bytes nonce) {
  if (seed.size() < seed_bytes_min) return false;
  key_.fill(std::byte{0});
  value_.fill(std::byte{1});
  update(seed, nonce);
  return true;
}

void random_generator::fill(mutable_bytes out) {
  while (!out.empty()) {
    value_ = hmac(key_, {value_});
    const std::size_t part = std::min(out.size(), value_.size());
    std::copy_n(value_.begin(), part, out.begin());
    out = out.subspan(part);
  }
  update({}, {});
}

}  // namespace recado::firmware
