/* Mbed TLS for the peer: what the preset `full` has, as a server, with memory of its own and certificates to make. */
#include "recado_tls_full.h"

#ifdef __cplusplus
extern "C" {
#endif
void *recado_peer_allocate(size_t count, size_t size);
void recado_peer_release(void *memory);
#ifdef __cplusplus
}
#endif

#undef MBEDTLS_PLATFORM_CALLOC_MACRO
#undef MBEDTLS_PLATFORM_FREE_MACRO
#define MBEDTLS_PLATFORM_CALLOC_MACRO recado_peer_allocate
#define MBEDTLS_PLATFORM_FREE_MACRO recado_peer_release
#define MBEDTLS_SSL_SRV_C
#define MBEDTLS_PK_WRITE_C
#define MBEDTLS_X509_CREATE_C
#define MBEDTLS_X509_CRT_WRITE_C
