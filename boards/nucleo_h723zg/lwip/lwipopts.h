/* lwIP on the NUCLEO-H723ZG: 320 KiB of RAM, and a MAC that computes and checks the sums of IPv4, UDP and TCP. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define TCP_MSS 1460
#define TCP_WND (6 * TCP_MSS)
#define TCP_SND_BUF (6 * TCP_MSS)
#define TCP_SND_QUEUELEN 24
#define TCP_SNDLOWAT (TCP_MSS)
#define TCP_SNDQUEUELOWAT 8
#define MEMP_NUM_TCP_SEG 24
#define MEMP_NUM_TCP_PCB 4
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_UDP_PCB 6
#define MEMP_NUM_PBUF 24
#define MEM_SIZE 8192
/* Frames lie in the DMA's own buffers; these are for the time when those run short. */
#define PBUF_POOL_SIZE 16
#define PBUF_POOL_BUFSIZE 1536
#define MEMP_NUM_SYS_TIMEOUT 4
#define LWIP_SUPPORT_CUSTOM_PBUF 1

/* What the MAC puts in must be 0 before; what it finds wrong never comes here. */
#define CHECKSUM_GEN_IP 0
#define CHECKSUM_GEN_UDP 0
#define CHECKSUM_GEN_TCP 0
#define CHECKSUM_CHECK_IP 0
#define CHECKSUM_CHECK_UDP 0
#define CHECKSUM_CHECK_TCP 0

#include "recado_lwipopts.h"

#endif
