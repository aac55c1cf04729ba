#include <mbedtls/pk.h>
#include <psa/crypto.h>

#include <recado/tls/mbedtls/load.hpp>
#include <recado/tls/mbedtls/opaque.hpp>
#include <recado/tls/mbedtls/opaque_key.hpp>

namespace recado::tls::mbedtls {

#if defined(MBEDTLS_USE_PSA_CRYPTO)

namespace {

constexpr psa_key_usage_t signs = PSA_KEY_USAGE_SIGN_HASH;

/// A key as Mbed TLS reads it, wiped at the end.
struct readable_key {
  readable_key() { mbedtls_pk_init(&it); }
  ~readable_key() { mbedtls_pk_free(&it); }
  readable_key(const readable_key&) = delete;
  readable_key& operator=(const readable_key&) = delete;
  mbedtls_pk_context it;
};

bool may_sign(psa_key_id_t identifier) {
  psa_key_attributes_t found = PSA_KEY_ATTRIBUTES_INIT;
  const bool known = psa_get_key_attributes(identifier, &found) == PSA_SUCCESS;
  const bool result = known && PSA_KEY_TYPE_IS_ECC_KEY_PAIR(psa_get_key_type(&found)) &&
                      (psa_get_key_usage_flags(&found) & signs) != 0 && PSA_ALG_IS_ECDSA(psa_get_key_algorithm(&found));
  psa_reset_key_attributes(&found);
  return result;
}

}  // namespace

bool has_opaque_keys() { return true; }

// Mbed TLS would allow to export and copy it, too.
std::expected<std::uint32_t, error> import_opaque_key(const source& key) {
  readable_key own;
  if (const auto loaded = load_key(key, {}, nullptr, own.it); !loaded) return std::unexpected(loaded.error());
  psa_key_attributes_t wanted = PSA_KEY_ATTRIBUTES_INIT;
  if (!mbedtls_pk_can_do(&own.it, MBEDTLS_PK_ECDSA) || mbedtls_pk_get_psa_attributes(&own.it, signs, &wanted) != 0)
    return std::unexpected(error::algorithm_unsupported);
  psa_set_key_usage_flags(&wanted, signs);
  psa_key_id_t identifier = PSA_KEY_ID_NULL;
  if (mbedtls_pk_import_into_psa(&own.it, &wanted, &identifier) != 0) return std::unexpected(error::out_of_memory);
  return identifier;
}

void destroy_opaque_key(std::uint32_t identifier) { (void)psa_destroy_key(identifier); }

outcome<error> use_opaque_key(const client_options& options, mbedtls_pk_context& to) {
  if (options.key.given() || !may_sign(options.opaque_key)) return std::unexpected(error::opaque_key_invalid);
  if (mbedtls_pk_setup_opaque(&to, options.opaque_key) != 0) return std::unexpected(error::opaque_key_invalid);
  return {};
}

#else

bool has_opaque_keys() { return false; }

std::expected<std::uint32_t, error> import_opaque_key(const source&) {
  return std::unexpected(error::opaque_key_unsupported);
}

void destroy_opaque_key(std::uint32_t) {}

outcome<error> use_opaque_key(const client_options&, mbedtls_pk_context&) {
  return std::unexpected(error::opaque_key_unsupported);
}

#endif

}  // namespace recado::tls::mbedtls
