# lwIP for the board that is built, from its own sources, as the target `recado_lwip_library`.
#
# RECADO_LWIP_SOURCE_DIR is where lwIP 2.2 was unpacked (tools/sources does it); RECADO_LWIP_OPTIONS_DIR is the folder
# with the board's lwipopts.h. recado/drive/lwip/port is the "port" that lwIP asks for.
set(lwip_core altcp.c altcp_alloc.c altcp_tcp.c def.c inet_chksum.c init.c ip.c mem.c memp.c netif.c pbuf.c stats.c sys.c
  tcp.c tcp_in.c tcp_out.c timeouts.c udp.c ipv4/acd.c ipv4/etharp.c ipv4/icmp.c ipv4/ip4.c ipv4/ip4_addr.c
  ipv4/ip4_frag.c)
list(TRANSFORM lwip_core PREPEND ${RECADO_LWIP_SOURCE_DIR}/src/core/)
add_library(recado_lwip_library STATIC ${lwip_core} ${RECADO_LWIP_SOURCE_DIR}/src/netif/ethernet.c)
target_include_directories(recado_lwip_library SYSTEM PUBLIC ${RECADO_LWIP_SOURCE_DIR}/src/include
  ${RECADO_LWIP_OPTIONS_DIR} ${PROJECT_SOURCE_DIR}/recado/drive/lwip/port)
# The port's functions are in the driver, which in turn needs the library.
target_link_libraries(recado_lwip_library INTERFACE recado_drive_lwip)
# Its checks of itself are a quarter of it.
if(RECADO_FIRMWARE_PRESET STREQUAL "tiny")
  target_compile_definitions(recado_lwip_library PRIVATE LWIP_NOASSERT PUBLIC RECADO_TINY)
endif()
