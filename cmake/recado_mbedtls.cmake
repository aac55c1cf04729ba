# Mbed TLS as one static library, recado_mbedtls_library: all of library/*.c, of which the preset's header leaves what it
# names, for the host and for a board alike.
set(recado_mbedtls_presets pc pc_opaque full opaque tiny)
if(RECADO_BARE_METAL)
  set(RECADO_MBEDTLS_PRESET full CACHE STRING "What Mbed TLS is built with: one of ${recado_mbedtls_presets}")
else()
  set(RECADO_MBEDTLS_PRESET pc CACHE STRING "What Mbed TLS is built with: one of ${recado_mbedtls_presets}")
endif()
set_property(CACHE RECADO_MBEDTLS_PRESET PROPERTY STRINGS ${recado_mbedtls_presets})
if(NOT RECADO_MBEDTLS_PRESET IN_LIST recado_mbedtls_presets)
  message(FATAL_ERROR "RECADO_MBEDTLS_PRESET is ${RECADO_MBEDTLS_PRESET}: give one of ${recado_mbedtls_presets}")
endif()
file(GLOB recado_mbedtls_sources ${RECADO_MBEDTLS_SOURCE_DIR}/library/*.c)
set(recado_mbedtls_p256m ${RECADO_MBEDTLS_SOURCE_DIR}/3rdparty/p256-m)

# recado_mbedtls(TARGET PRESET): the library with that preset.
function(recado_mbedtls target preset)
  add_library(${target} STATIC ${recado_mbedtls_sources})
  if(preset STREQUAL "tiny")
    target_sources(${target} PRIVATE ${recado_mbedtls_p256m}/p256-m_driver_entrypoints.c
      ${recado_mbedtls_p256m}/p256-m/p256-m.c)
    target_include_directories(${target} PRIVATE ${recado_mbedtls_p256m} ${recado_mbedtls_p256m}/p256-m)
  endif()
  target_include_directories(${target} SYSTEM PUBLIC ${RECADO_MBEDTLS_SOURCE_DIR}/include
    ${PROJECT_SOURCE_DIR}/recado/tls/mbedtls/config)
  target_include_directories(${target} PRIVATE ${RECADO_MBEDTLS_SOURCE_DIR}/library)
  target_compile_definitions(${target} PUBLIC MBEDTLS_CONFIG_FILE="recado_tls_${preset}.h")
  if(RECADO_BOARD)  # an image (cmake/recado_firmware.cmake)
    target_compile_definitions(${target} PUBLIC RECADO_WITHOUT_TLS_CHOICES)
  endif()
  target_compile_options(${target} PRIVATE -w)  # others' code: their warnings aren't ours to mend
  if(RECADO_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${RECADO_SANITIZE} -fno-omit-frame-pointer)
  endif()
  if(RECADO_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

recado_mbedtls(recado_mbedtls_library ${RECADO_MBEDTLS_PRESET})
if(RECADO_FUZZ)
  # What only computes reads no packet: watching it takes five sixths of the time of each execution.
  foreach(arithmetic bignum bignum_core bignum_mod bignum_mod_raw chacha20 poly1305 constant_time ecp ecp_curves sha256 sha512)
    set_property(SOURCE ${RECADO_MBEDTLS_SOURCE_DIR}/library/${arithmetic}.c APPEND PROPERTY
      COMPILE_OPTIONS -O2 -fno-sanitize=all)
  endforeach()
endif()
# Where the time of records and handshakes goes is compiled for speed although the rest of a board is for size.
if(RECADO_BARE_METAL)
  foreach(hot aes gcm chacha20 poly1305 chachapoly bignum bignum_core ecp_curves)
    set_property(SOURCE ${RECADO_MBEDTLS_SOURCE_DIR}/library/${hot}.c APPEND PROPERTY
      COMPILE_OPTIONS -O2 ${recado_fast_loops})
  endforeach()
  foreach(looping ${RECADO_MBEDTLS_SOURCE_DIR}/library/sha256.c ${RECADO_MBEDTLS_SOURCE_DIR}/library/sha512.c
      ${recado_mbedtls_p256m}/p256-m/p256-m.c)
    set_property(SOURCE ${looping} APPEND PROPERTY COMPILE_OPTIONS ${recado_fast_loops})
  endforeach()
endif()
