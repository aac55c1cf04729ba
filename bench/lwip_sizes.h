/* What lwIP has on a PC by either of its interfaces: windows and pools that never run short. */
#pragma once

#define TCP_MSS 1460
#define TCP_WND (44 * TCP_MSS)
#define TCP_SND_BUF (44 * TCP_MSS)
#define TCP_SND_QUEUELEN 256
#define TCP_SNDLOWAT (TCP_SND_BUF / 2)
#define TCP_SNDQUEUELOWAT 128
#define MEMP_NUM_TCP_SEG 256
#define MEMP_NUM_PBUF 512
#define PBUF_POOL_SIZE 512
#define PBUF_POOL_BUFSIZE 1600
