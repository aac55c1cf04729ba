# lwIP twice, with its own options: without an operating system, and with threads by its unix port.
set(lwip ${RECADO_LWIP_SOURCE_DIR})
set(lwip_core altcp.c altcp_alloc.c altcp_tcp.c def.c inet_chksum.c init.c ip.c mem.c memp.c netif.c pbuf.c stats.c sys.c
  tcp.c tcp_in.c tcp_out.c timeouts.c udp.c ipv4/acd.c ipv4/etharp.c ipv4/icmp.c ipv4/ip4.c ipv4/ip4_addr.c
  ipv4/ip4_frag.c)
list(TRANSFORM lwip_core PREPEND ${lwip}/src/core/)
list(APPEND lwip_core ${lwip}/src/netif/ethernet.c)
set(lwip_api api_lib.c api_msg.c err.c if_api.c netbuf.c netdb.c netifapi.c sockets.c tcpip.c)
list(TRANSFORM lwip_api PREPEND ${lwip}/src/api/)
set(lwip_unix ${lwip}/contrib/ports/unix/port)

set(driver ${PROJECT_SOURCE_DIR}/recado/drive/lwip)
add_library(recado_bench_lwip_raw STATIC EXCLUDE_FROM_ALL ${lwip_core} ${driver}/faults.cpp ${driver}/interface.cpp
  ${driver}/port.cpp ${driver}/tcp_stream.cpp)
target_include_directories(recado_bench_lwip_raw SYSTEM PUBLIC ${lwip}/src/include lwip_raw ${driver}/port)
target_link_libraries(recado_bench_lwip_raw PUBLIC recado_drive recado_dhcp)
recado_bench_program(recado_session_lwip_raw SOURCES recado_session.cpp wire_lwip_raw.cpp
  LINK recado_bench_scenario recado_chain recado_drive_posix recado_tls_openssl recado_bench_lwip_raw)
target_compile_definitions(bench_recado_session_lwip_raw PRIVATE BENCH_LWIP_RAW)

if(EXISTS ${lwip_unix}/netif/tapif.c)
  find_package(Threads REQUIRED)
  add_library(recado_bench_lwip_sockets STATIC EXCLUDE_FROM_ALL lwip_sockets.cpp ${lwip_core} ${lwip_api}
    ${lwip_unix}/sys_arch.c ${lwip_unix}/netif/tapif.c)
  target_include_directories(recado_bench_lwip_sockets SYSTEM PRIVATE ${lwip}/src/include lwip_sockets ${lwip_unix}/include)
  target_link_libraries(recado_bench_lwip_sockets PRIVATE Threads::Threads)
  set_target_properties(recado_bench_lwip_sockets PROPERTIES CXX_STANDARD 23)
  recado_bench_program(recado_session_lwip_sockets SOURCES recado_session.cpp
    LINK recado_bench_scenario recado_chain recado_drive_posix recado_tls_openssl recado_bench_lwip_sockets)
  target_compile_definitions(bench_recado_session_lwip_sockets PRIVATE BENCH_LWIP_SOCKETS)
endif()
recado_bench_program(two_taps SOURCES two_taps.cpp)
