/* Functions that lwIP calls at its hooks. */
#ifndef RECADO_LWIP_HOOKS_H
#define RECADO_LWIP_HOOKS_H

#include "lwip/ip4_addr.h"

struct netif;

#ifdef __cplusplus
extern "C" {
#endif
/* The router for `destination` by the routes of the lease, or null: the interface's gateway. */
const ip4_addr_t* recado_lwip_router(struct netif* interface, const ip4_addr_t* destination);
#ifdef __cplusplus
}
#endif

#endif
