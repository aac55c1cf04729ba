/* What all presets of Mbed TLS share: no operating system, no heap, no randomness of its own. Each function that is
 * named here is in recado/tls/mbedtls/hooks.cpp. */
#ifndef RECADO_TLS_COMMON_H
#define RECADO_TLS_COMMON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
void *recado_tls_allocate(size_t count, size_t size);
void recado_tls_release(void *memory);
int64_t recado_tls_time(int64_t *out);
#ifdef __cplusplus
}
#endif

/* Memory, time and randomness come from recado. */
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO recado_tls_allocate
#define MBEDTLS_PLATFORM_FREE_MACRO recado_tls_release
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_PLATFORM_TIME_TYPE_MACRO int64_t
#define MBEDTLS_PLATFORM_TIME_MACRO recado_tls_time
#define MBEDTLS_PLATFORM_MS_TIME_ALT
#define MBEDTLS_PLATFORM_GMTIME_R_ALT
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG
/* Nobody else can write into what PSA is given, so it needs no copies of it. It takes a record in place all the same, as
 * it did before it made copies (3.6.0): its ciphers are called with one buffer for both. */
#define MBEDTLS_PSA_ASSUME_EXCLUSIVE_BUFFERS
/* Keys that PSA holds at a time: those of one handshake. */
#if !defined(MBEDTLS_PSA_KEY_SLOT_COUNT)
#define MBEDTLS_PSA_KEY_SLOT_COUNT 8
#endif

/* Certificates. The words about them are recado's. */
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_REMOVE_INFO
/* What is compiled into an image is DER; who chooses more of TLS may have PEM. */
#if !defined(RECADO_WITHOUT_TLS_CHOICES)
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#endif

/* TLS as a client. */
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_ALPN
#define MBEDTLS_SSL_ALL_ALERT_MESSAGES
/* No padding: the lengths of MQTT packets are no secret worth the bytes (RFC 8446 section 5.4). */
#define MBEDTLS_SSL_CID_TLS1_3_PADDING_GRANULARITY 1

/* What every preset has of the algorithms. */
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_MD_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_HKDF_C
#define MBEDTLS_HMAC_DRBG_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C
#define MBEDTLS_CIPHER_C

#endif
