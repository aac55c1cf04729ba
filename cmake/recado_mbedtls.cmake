# Mbed TLS as one static library, recado_mbedtls_library: all of library/*.c, of which the preset's header leaves what it
# names, for the host and for a board alike.
if(RECADO_BARE_METAL)
  set(RECADO_MBEDTLS_PRESET full CACHE STRING "What Mbed TLS is built with: pc, full or tiny")
else()
  set(RECADO_MBEDTLS_PRESET pc CACHE STRING "What Mbed TLS is built with: pc, full or tiny")
endif()
set_property(CACHE RECADO_MBEDTLS_PRESET PROPERTY STRINGS pc full tiny)
if(NOT RECADO_MBEDTLS_PRESET MATCHES "^(pc|full|tiny)$")
  message(FATAL_ERROR "RECADO_MBEDTLS_PRESET is ${RECADO_MBEDTLS_PRESET}: give pc, full or tiny")
endif()

file(GLOB recado_mbedtls_sources ${RECADO_MBEDTLS_SOURCE_DIR}/library/*.c)
set(recado_mbedtls_p256m ${RECADO_MBEDTLS_SOURCE_DIR}/3rdparty/p256-m)
add_library(recado_mbedtls_library STATIC ${recado_mbedtls_sources})
if(RECADO_MBEDTLS_PRESET STREQUAL "tiny")
  target_sources(recado_mbedtls_library PRIVATE ${recado_mbedtls_p256m}/p256-m_driver_entrypoints.c
    ${recado_mbedtls_p256m}/p256-m/p256-m.c)
  target_include_directories(recado_mbedtls_library PRIVATE ${recado_mbedtls_p256m} ${recado_mbedtls_p256m}/p256-m)
endif()
target_include_directories(recado_mbedtls_library SYSTEM PUBLIC ${RECADO_MBEDTLS_SOURCE_DIR}/include
  ${PROJECT_SOURCE_DIR}/recado/tls/mbedtls/config)
target_include_directories(recado_mbedtls_library PRIVATE ${RECADO_MBEDTLS_SOURCE_DIR}/library)
target_compile_definitions(recado_mbedtls_library PUBLIC
  MBEDTLS_CONFIG_FILE="recado_tls_${RECADO_MBEDTLS_PRESET}.h")
# Others' code: their warnings aren't ours to mend.
target_compile_options(recado_mbedtls_library PRIVATE -w)
if(RECADO_SANITIZE)
  target_compile_options(recado_mbedtls_library PRIVATE -fsanitize=${RECADO_SANITIZE} -fno-omit-frame-pointer)
endif()
# Where the time of records and handshakes goes is compiled for speed although the rest of a board is for size.
if(RECADO_BARE_METAL)
  foreach(hot aes gcm chacha20 poly1305 chachapoly bignum bignum_core ecp ecp_curves)
    set_property(SOURCE ${RECADO_MBEDTLS_SOURCE_DIR}/library/${hot}.c APPEND PROPERTY COMPILE_OPTIONS -O2)
  endforeach()
endif()
