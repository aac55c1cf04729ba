/* lwIP on the MPS2: sizes for one broker, one resolver's TCP and little RAM. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#if defined(RECADO_TINY)
/* A PUBLISH of 1 KiB in its record, and with its headers two frame buffers. */
#define TCP_MSS 1156
/* The window has room for two segments: the one that overtook a lost one is sent again, too. */
#define TCP_QUEUE_OOSEQ 0
#else
#define TCP_MSS 1460
#endif
/* The Ethernet controller holds 10 KiB itself, so the window may be larger than what the pool can hold. */
#define TCP_WND (2 * TCP_MSS)
#define TCP_SND_BUF (2 * TCP_MSS)
/* So that not every message costs a packet that only says how much room there is again. */
#define TCP_WND_UPDATE_THRESHOLD (TCP_WND / 2)
#define TCP_SND_QUEUELEN 12
#define TCP_SNDLOWAT (TCP_MSS)
#define TCP_SNDQUEUELOWAT 4
#define MEMP_NUM_TCP_SEG 12
#define MEMP_NUM_TCP_PCB 4
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_UDP_PCB 5
#define MEMP_NUM_PBUF 12
/* Headers of what is sent, datagrams, and one segment of TCP that is copied while its receiver's address is asked for. */
#if defined(RECADO_TINY)
#define MEM_SIZE 1536
/* Two of them hold the longest segment; all that the window lets come, and one for an acknowledgement. */
#define PBUF_POOL_SIZE 5
#define PBUF_POOL_BUFSIZE 608
#else
#define MEM_SIZE 2048
/* Three of them hold the longest frame, two a PUBLISH of 1 KiB, one everything short. */
#define PBUF_POOL_SIZE 7
#define PBUF_POOL_BUFSIZE 640
#endif
#define MEMP_NUM_SYS_TIMEOUT 4

#include "recado_lwipopts.h"

#endif
