/* lwIP on a PC, by its raw interface: pools that never run short, else as firmware has it. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include <sys/types.h> /* ssize_t, which newlib has elsewhere */

#include "../lwip_sizes.h"
#define MEMP_NUM_TCP_PCB 4
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_UDP_PCB 2
#define MEM_SIZE (512 * 1024)
#define MEMP_NUM_SYS_TIMEOUT 8

#include "recado_lwipopts.h"

/* pointers have eight bytes here */
#undef MEM_ALIGNMENT
#define MEM_ALIGNMENT 8

#endif
