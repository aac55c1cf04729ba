/* Preset `pc_opaque`: to `pc` what `opaque` is to `full`. */
#include "recado_tls_pc.h"

#define MBEDTLS_USE_PSA_CRYPTO
