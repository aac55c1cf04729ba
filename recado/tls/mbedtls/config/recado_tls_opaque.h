/* Preset `opaque`, for a board: what `full` has, with all of TLS's arithmetic through PSA, so that the private key can be
 * one that PSA keeps and nobody reads. Each record costs the set-up of its key. */
#define MBEDTLS_PSA_KEY_SLOT_COUNT 16
#include "recado_tls_full.h"

/* The firmware gives its key to PSA. */
#define RECADO_OPAQUE_KEY
#define MBEDTLS_USE_PSA_CRYPTO
