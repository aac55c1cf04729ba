/* lwIP's sockets on a PC: its unix port, a thread for the stack and one for the tap; sizes as beside lwip_raw. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS 0
#define LWIP_SOCKET 1
#define LWIP_NETCONN 1
#define LWIP_COMPAT_SOCKETS 0
#define LWIP_POSIX_SOCKETS_IO_NAMES 0
#define LWIP_TCPIP_CORE_LOCKING 1
#define LWIP_ERRNO_STDINCLUDE 1
#define LWIP_STATS 0

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_DHCP 0
#define LWIP_ACD 0
#define LWIP_DNS 0
#define LWIP_IGMP 0
#define LWIP_RAW 0
#define IP_REASSEMBLY 0
#define IP_FRAG 0

#define TCPIP_MBOX_SIZE 512
#define DEFAULT_TCP_RECVMBOX_SIZE 512
#define DEFAULT_UDP_RECVMBOX_SIZE 8
#define DEFAULT_ACCEPTMBOX_SIZE 4

#include "../lwip_sizes.h"
#define MEMP_NUM_TCPIP_MSG_INPKT 512
#define MEM_SIZE (1024 * 1024)
#define MEM_ALIGNMENT 8

#endif
