// A hostile server against the TLS filter on Mbed TLS.
#include <psa/crypto.h>

#include <array>
#include <string>

#include <recado/tls/mbedtls/describe.hpp>
#include <recado/tls/mbedtls/parsed.hpp>
#include <recado/tls/mbedtls/session.hpp>

#include "tls_peer.hpp"

using namespace recado;
using namespace recado::tls::mbedtls;

namespace {

void described(bytes data) {
  const parsed strictly{data};
  const parsed tolerantly{data, true};
  fuzz::require(!strictly || tolerantly);
  if (!tolerantly) return;
  fuzz::print_described(describe(*tolerantly));
  (void)is_issued_for(*tolerantly, "broker.lab");
  (void)is_issued_for(*tolerantly, "10.77.0.2");
  (void)key_is_weak((*tolerantly).pk);
  (void)signature_is_weak(*tolerantly);
}

// With a digest that is right: what it protects is read, and stays within what was kept.
void kept(bytes data) {
  const policy_digest none{};
  (void)parse_session(data, none);
  const std::string protected_part = std::string{as_text(none)} + std::string{as_text(data)};
  std::array<unsigned char, 32> digest{};
  std::size_t length = 0;
  const auto* octets = reinterpret_cast<const unsigned char*>(protected_part.data());
  fuzz::require(psa_hash_compute(PSA_ALG_SHA_256, octets, protected_part.size(), digest.data(), digest.size(),
                                 &length) == PSA_SUCCESS);
  std::string whole{"recado session 2"};
  whole.append(reinterpret_cast<const char*>(digest.data()), length);
  whole += protected_part;
  const kept_session found = parse_session(as_bytes(whole), none);
  const std::size_t leaf_length = 2;
  if (!found.content.empty()) fuzz::require(found.leaf.size() + found.content.size() + leaf_length == data.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::tls_filter({reinterpret_cast<const std::byte*>(data), size}, described, kept);
}
