# Where lwIP and Mbed TLS are: what `tools/sources` brought, or copies of the user's own.
set(RECADO_LWIP_SOURCE_DIR ${PROJECT_SOURCE_DIR}/build/sources/lwip CACHE PATH "lwIP 2.2, as its source archive unpacks")
set(RECADO_MBEDTLS_SOURCE_DIR ${PROJECT_SOURCE_DIR}/build/sources/mbedtls CACHE PATH
    "Mbed TLS 3.6, as its source archive unpacks")

# recado_source_found(VARIABLE DIRECTORY FILE): whether the library is there; FILE is one that it can't be without.
function(recado_source_found variable directory file)
  if(EXISTS ${directory}/${file})
    set(${variable} ON PARENT_SCOPE)
  else()
    set(${variable} OFF PARENT_SCOPE)
  endif()
endfunction()
recado_source_found(RECADO_LWIP_FOUND ${RECADO_LWIP_SOURCE_DIR} src/core/init.c)
recado_source_found(RECADO_MBEDTLS_FOUND ${RECADO_MBEDTLS_SOURCE_DIR} library/ssl_tls.c)

# recado_need_source(FOUND_VARIABLE NAME DIRECTORY_VARIABLE): ends the configuration with the remedy if it isn't there.
function(recado_need_source found name directory)
  if(NOT ${found})
    message(FATAL_ERROR "${name} isn't in ${${directory}}: run tools/sources, or give your own copy with -D${directory}=")
  endif()
endfunction()

set(RECADO_MBEDTLS AUTO CACHE STRING
    "Build the TLS back end on Mbed TLS: ON, OFF, or AUTO: if its sources are there and it isn't for bare metal")
if(RECADO_MBEDTLS STREQUAL "AUTO" AND RECADO_BARE_METAL)
  set(RECADO_MBEDTLS_ENABLED OFF)
elseif(RECADO_MBEDTLS STREQUAL "AUTO")
  set(RECADO_MBEDTLS_ENABLED ${RECADO_MBEDTLS_FOUND})
else()
  set(RECADO_MBEDTLS_ENABLED ${RECADO_MBEDTLS})
endif()
if(RECADO_MBEDTLS_ENABLED)
  recado_need_source(RECADO_MBEDTLS_FOUND "Mbed TLS" RECADO_MBEDTLS_SOURCE_DIR)
endif()
