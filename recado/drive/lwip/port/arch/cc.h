/* What lwIP needs to know about compiler and processor (its "port"). */
#ifndef RECADO_LWIP_CC_H
#define RECADO_LWIP_CC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif
/* Where the port lends a hand; drive/lwip/port.cpp. */
uint32_t recado_lwip_random(void);
uint16_t recado_internet_checksum(const void* data, int size);
/* Something that can't be: which line of lwIP says so. Its words would take 5 KB. */
__attribute__((noreturn, cold)) void recado_lwip_failed(const char* file, int line);
#ifdef __cplusplus
}
#endif

#define BYTE_ORDER LITTLE_ENDIAN
#define LWIP_RAND() recado_lwip_random()
#define LWIP_NO_UNISTD_H 1
#define LWIP_PLATFORM_DIAG(x) ((void)0)
#define LWIP_PLATFORM_ASSERT(x) recado_lwip_failed(__FILE_NAME__, __LINE__)

#endif
