/* lwIP on a PC, for the tests: pools as small as a board's, so that they are soon empty. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define TCP_MSS 1460
#define TCP_WND (2 * TCP_MSS)
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_WND_UPDATE_THRESHOLD (TCP_WND / 2)
#define TCP_SND_QUEUELEN 12
#define TCP_SNDLOWAT (TCP_MSS)
#define TCP_SNDQUEUELOWAT 4
#define MEMP_NUM_TCP_SEG 12
#define MEMP_NUM_TCP_PCB 4
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_UDP_PCB 6
#define MEMP_NUM_PBUF 16
#define MEM_SIZE 4096
#define PBUF_POOL_SIZE 9
#define PBUF_POOL_BUFSIZE 640
#define MEMP_NUM_SYS_TIMEOUT 4
#define MEM_ALIGNMENT 8

#include "recado_lwipopts.h"

#endif
