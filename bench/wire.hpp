// Over what the bare session speaks. A program is built for each TCP/IP stack: Linux's, lwIP by its raw interface, and
// lwIP by its sockets. All offer `wire`, with the same verbs.
#pragma once

#if defined(BENCH_LWIP_RAW)
#include "wire_lwip_raw.hpp"
#elif defined(BENCH_LWIP_SOCKETS)
#include "wire_lwip_sockets.hpp"
#else
#include "wire_linux.hpp"
#endif
