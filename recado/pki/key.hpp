// Private keys: made, written, read.
#pragma once

#include <string>
#include <string_view>

#include <recado/pki/openssl_types.hpp>
#include <recado/pki/secret.hpp>

namespace recado::pki {

/// The kinds of keys that can be made.
enum class key_kind { ecdsa_p256, ecdsa_p384, rsa_2048, rsa_3072, rsa_4096, ed25519 };

/// "ecdsa-p256", "rsa-2048" …: what the command line takes.
std::string_view name_of(key_kind kind);
/// The names of all kinds, separated by ", ".
std::string key_kind_names();
/// The kind of that name. Throws `failure` with the nearest one.
key_kind parse_key_kind(std::string_view name);

/// Keys and signatures with less are refused, bits of strength (NIST SP 800-57: RSA with 2048 bits has 112).
inline constexpr int security_bits_min = 112;

/// Makes a new private key with OpenSSL's random numbers. Throws `failure`.
key_ptr generate_key(key_kind kind);

/// PKCS #8 in PEM; with a pass phrase encrypted by AES-256-CBC under PBKDF2 (RFC 8018).
secret private_key_pem(EVP_PKEY* key, const secret& passphrase);
/// PKCS #8 in DER, not encrypted.
secret private_key_der(EVP_PKEY* key);

/// Reads a private key: PEM or DER, PKCS #8 or the older forms, encrypted or not. `what` names it for the
/// pass phrase's question and for errors. Throws `failure`.
key_ptr parse_private_key(std::string_view content, std::string_view what, const passphrase_source& ask);

/// Throws `failure` if the key has less than `security_bits_min` bits of strength.
void refuse_weak(EVP_PKEY* key, std::string_view what);

/// The digest to sign with by that key: none for Ed25519, which has its own.
const EVP_MD* digest_for(EVP_PKEY* key);

}  // namespace recado::pki
