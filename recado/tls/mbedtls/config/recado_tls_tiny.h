/* Preset `tiny`: TLS 1.3 with TLS_CHACHA20_POLY1305_SHA256 and P-256 alone, whose arithmetic is p256-m's: a sixth
 * of the size of the general one. It is reached through PSA only. */
#include "recado_tls_common.h"

/* Mbed TLS's own list names all suites that it knows. */
#define MBEDTLS_SSL_CIPHERSUITES MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256
/* An image has its certificates and its key as DER. */
#undef MBEDTLS_PEM_PARSE_C
#undef MBEDTLS_BASE64_C
#define MBEDTLS_USE_PSA_CRYPTO
#define MBEDTLS_PSA_CRYPTO_CONFIG
#define MBEDTLS_PSA_CRYPTO_CONFIG_FILE "recado_tls_tiny_psa.h"
#define MBEDTLS_PSA_P256M_DRIVER_ENABLED
/* A loop instead of a line for each round. */
#define MBEDTLS_SHA256_SMALLER
/* A packet of 1 KiB, and a certificate message of three certificates; a server that knows record_size_limit (RFC 8449)
 * keeps to it. */
#define MBEDTLS_SSL_RECORD_SIZE_LIMIT
#define MBEDTLS_SSL_IN_CONTENT_LEN 2048
#define MBEDTLS_SSL_OUT_CONTENT_LEN 1500
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
