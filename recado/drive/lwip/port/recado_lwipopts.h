/* What every board chooses alike. A board's lwipopts.h gives the sizes of its pools and includes this. */
#ifndef RECADO_LWIPOPTS_H
#define RECADO_LWIPOPTS_H

/* No operating system, no sockets: the raw interface, called from one loop; interrupts never call lwIP. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define LWIP_STATS 1
#define LWIP_STATS_DISPLAY 0
#define LINK_STATS 0
#define IP_STATS 0
#define ICMP_STATS 0
#define UDP_STATS 0
#define TCP_STATS 0
#define ETHARP_STATS 0
#define IPFRAG_STATS 0
#define SYS_STATS 0

/* IPv4 over Ethernet. DHCP, DNS and NTP are recado's own. */
#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define LWIP_ETHERNET 1
#define LWIP_DHCP 0
#define LWIP_ACD 0
#define LWIP_AUTOIP 0
#define LWIP_DNS 0
#define LWIP_IGMP 0
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_UDP 1
#define LWIP_TCP 1
#define IP_FORWARD 0
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define ARP_TABLE_SIZE 8
/* While an address is asked for, the latest packet waits for it (RFC 1122 section 2.3.2.2). */
#define ARP_QUEUEING 0
#define ETHARP_SUPPORT_STATIC_ENTRIES 0
#define LWIP_SINGLE_NETIF 1
#define LWIP_NETIF_HOSTNAME 0
#define LWIP_NETIF_LINK_CALLBACK 0
#define LWIP_NETIF_STATUS_CALLBACK 0
#define LWIP_NETIF_TX_SINGLE_PBUF 0
/* The IP header of every frame is on a word: two bytes stand before the Ethernet header. */
#define ETH_PAD_SIZE 2
#ifndef MEM_ALIGNMENT
#define MEM_ALIGNMENT 4
#endif

/* An answer of a DHCP server comes to an address that isn't ours yet. */
#define LWIP_IP_ACCEPT_UDP_PORT(port) ((port) == PP_NTOHS(68))

/* TCP: no numbers that a stranger could guess (RFC 6528). */
#define LWIP_RANDOMIZE_INITIAL_LOCAL_PORTS 1
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) recado_lwip_random()
/* Classless static routes (RFC 3442). */
#define LWIP_HOOK_FILENAME "recado_lwip_hooks.h"
#define LWIP_HOOK_ETHARP_GET_GW(netif, dest) recado_lwip_router(netif, dest)
#ifndef TCP_QUEUE_OOSEQ
#define TCP_QUEUE_OOSEQ 1
#endif
#define LWIP_TCP_KEEPALIVE 0
#define TCP_OVERSIZE 0
#define LWIP_TCP_TIMESTAMPS 0
#define TCP_LISTEN_BACKLOG 0
/* What is sent is only lent, so its sum can't be taken while it is copied. */
#define TCP_CHECKSUM_ON_COPY 0
#define LWIP_CHECKSUM_ON_COPY 0
#define LWIP_CHKSUM recado_internet_checksum

/* Room is taken from pools where lwIP allows it; what is lent is never copied. */
#define MEM_USE_POOLS 0
#define MEMP_MEM_MALLOC 0
#define MEM_LIBC_MALLOC 0

#endif
