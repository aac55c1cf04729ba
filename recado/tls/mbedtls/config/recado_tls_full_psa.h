/* What PSA offers in the presets `full` and `opaque`: what TLS 1.3 asks it for, and with `opaque` all of TLS. */
#ifndef RECADO_TLS_FULL_PSA_H
#define RECADO_TLS_FULL_PSA_H

#include "recado_tls_every_psa.h"

#define PSA_WANT_ALG_SHA_384 1
#define PSA_WANT_ALG_SHA_512 1
#define PSA_WANT_ECC_SECP_R1_384 1

#if defined(MBEDTLS_USE_PSA_CRYPTO)
#define PSA_WANT_ALG_CHACHA20_POLY1305 1
#define PSA_WANT_ALG_ECDSA 1
#define PSA_WANT_ALG_DETERMINISTIC_ECDSA 1
#define PSA_WANT_ALG_GCM 1
#define PSA_WANT_ALG_TLS12_PRF 1
#define PSA_WANT_ALG_TLS12_PSK_TO_MS 1
#define PSA_WANT_KEY_TYPE_AES 1
#define PSA_WANT_KEY_TYPE_CHACHA20 1
#endif

#endif
