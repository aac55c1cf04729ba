/* Preset `full`, for a board: TLS 1.3 and 1.2, P-256 and P-384 certificates, AES-GCM and ChaCha20-Poly1305, tickets,
 * pre-shared keys, CRLs. Records of 4 KiB: a server that knows record_size_limit (RFC 8449) keeps to
 * it. max_fragment_length (RFC 6066) is off: with TLS 1.3 Mbed TLS offers it, and takes the server's answer for one that
 * it hasn't asked for.
 * MBEDTLS_USE_PSA_CRYPTO is not among these: it sets up the key anew for each record. */
#include "recado_tls_common.h"

#define MBEDTLS_SSL_PROTO_TLS1_2
/* Those that there are here; Mbed TLS's own list names all that it knows. */
#define MBEDTLS_SSL_CIPHERSUITES                                                                    \
  MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS1_3_AES_128_GCM_SHA256,                       \
      MBEDTLS_TLS1_3_AES_256_GCM_SHA384, MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,     \
      MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, \
      MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS_PSK_WITH_CHACHA20_POLY1305_SHA256, \
      MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_PSK_WITH_AES_256_GCM_SHA384
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_PSK_ENABLED
#define MBEDTLS_KEY_EXCHANGE_PSK_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_RECORD_SIZE_LIMIT
#define MBEDTLS_SSL_IN_CONTENT_LEN 4096
#define MBEDTLS_SSL_OUT_CONTENT_LEN 2048
#define MBEDTLS_PSK_MAX_LEN 64
#define MBEDTLS_X509_CRL_PARSE_C

#define MBEDTLS_AES_C
/* One table of four, whose values are rotated: that is free on Arm. GCM only ever encrypts. */
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT
#define MBEDTLS_GCM_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
/* A loop instead of a line for each round; a handshake hashes little. */
#define MBEDTLS_SHA512_SMALLER
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECDSA_DETERMINISTIC
/* Of PSA, what TLS asks it for. */
#define MBEDTLS_PSA_CRYPTO_CONFIG
#define MBEDTLS_PSA_CRYPTO_CONFIG_FILE "recado_tls_full_psa.h"
