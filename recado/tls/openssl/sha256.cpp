#include <recado/tls/openssl/sha256.hpp>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <climits>

#include <recado/tls/openssl/handles.hpp>

namespace recado::tls::openssl {
namespace {

using mac_handle = std::unique_ptr<EVP_MAC, freed_by<EVP_MAC_free>>;
using mac_context_handle = std::unique_ptr<EVP_MAC_CTX, freed_by<EVP_MAC_CTX_free>>;

const unsigned char* raw(bytes data) { return reinterpret_cast<const unsigned char*>(data.data()); }
unsigned char* raw(sha256_digest& out) { return reinterpret_cast<unsigned char*>(out.data()); }

}  // namespace

bool sha256::hash(bytes data, sha256_digest& out) {
  return EVP_Digest(data.data(), data.size(), raw(out), nullptr, EVP_sha256(), nullptr) == 1;
}

bool sha256::hmac(bytes key, std::span<const bytes> parts, sha256_digest& out) {
  const mac_handle algorithm{EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr)};
  const mac_context_handle context{algorithm ? EVP_MAC_CTX_new(algorithm.get()) : nullptr};
  char name[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                   OSSL_PARAM_construct_end()};
  static constexpr unsigned char nothing{};  // a null key means "the one from before"
  const unsigned char* const secret = key.empty() ? &nothing : raw(key);
  if (!context || EVP_MAC_init(context.get(), secret, key.size(), parameters) != 1) return false;
  for (const bytes part : parts)
    if (EVP_MAC_update(context.get(), raw(part), part.size()) != 1) return false;
  std::size_t size = 0;
  return EVP_MAC_final(context.get(), raw(out), &size, out.size()) == 1 && size == out.size();
}

bool sha256::pbkdf2(bytes password, bytes salt, std::uint32_t iterations, sha256_digest& out) {
  if (password.size() > INT_MAX || salt.size() > INT_MAX || iterations == 0 || iterations > INT_MAX) return false;
  return PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(password.data()), static_cast<int>(password.size()), raw(salt),
                           static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(),
                           static_cast<int>(out.size()), raw(out)) == 1;
}

}  // namespace recado::tls::openssl
