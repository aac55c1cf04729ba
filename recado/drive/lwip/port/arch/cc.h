/* What lwIP needs to know about compiler and processor (its "port"). */
#ifndef RECADO_LWIP_CC_H
#define RECADO_LWIP_CC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
/* Where the port lends a hand; drive/lwip/port.cpp. */
uint32_t recado_lwip_random(void);
uint16_t recado_internet_checksum(const void* data, int size);
void recado_lwip_failed(const char* what);
#ifdef __cplusplus
}
#endif

#define BYTE_ORDER LITTLE_ENDIAN
#define LWIP_RAND() recado_lwip_random()
#define LWIP_NO_UNISTD_H 1
#define LWIP_PLATFORM_DIAG(x) ((void)0)
#define LWIP_PLATFORM_ASSERT(x) recado_lwip_failed(x)

#endif
