/* What PSA offers in the preset `tiny`. */
#ifndef RECADO_TLS_TINY_PSA_H
#define RECADO_TLS_TINY_PSA_H

#include "recado_tls_every_psa.h"

#define PSA_WANT_ALG_CHACHA20_POLY1305 1
#define PSA_WANT_ALG_ECDSA 1
#define PSA_WANT_ALG_HKDF 1
#define PSA_WANT_KEY_TYPE_CHACHA20 1

#endif
