# recado_firmware(NAME CONFIGURATION file.cpp BOARD board PRESET full|opaque|tiny): the image NAME.elf for a board.
#
# The configuration is a generated source that defines recado::firmware::configuration()
# (boards/common/firmware_configuration.hpp). A build is for one board and one preset: RECADO_BOARD and
# RECADO_FIRMWARE_PRESET say which. RECADO_FIRMWARE_CONFIGURATION builds one image, `firmware`, without a line of CMake.
set(RECADO_FIRMWARE_CONFIGURATION "" CACHE FILEPATH "The generated source of the image `firmware`")
string(REPLACE "-" "_" board_name ${RECADO_BOARD})
set(RECADO_BOARD_DIR ${PROJECT_SOURCE_DIR}/boards/${board_name})
if(NOT EXISTS ${RECADO_BOARD_DIR}/CMakeLists.txt)
  message(FATAL_ERROR "RECADO_BOARD: there is no board ${RECADO_BOARD}; give mps2-an500 or nucleo-h723zg")
endif()
if(NOT RECADO_FIRMWARE_PRESET MATCHES "^(full|opaque|tiny)$")
  message(FATAL_ERROR "RECADO_FIRMWARE_PRESET is full, opaque or tiny, not ${RECADO_FIRMWARE_PRESET}")
endif()
# What no image can use: lwIP speaks IPv4 alone (recado/drive/lwip/port), no configuration chooses more of TLS
# than authorities, certificates and keys, there are neither proxies nor WebSocket, and the device application asks its
# session for none of the extras. Texts of faults lie packed.
target_compile_definitions(recado_flags INTERFACE RECADO_WITHOUT_IPV6 RECADO_WITHOUT_TLS_CHOICES
  RECADO_WITHOUT_TRANSPORT RECADO_WITHOUT_SESSION_EXTRAS RECADO_PACKED_PHRASES)
if(RECADO_FIRMWARE_PRESET STREQUAL "tiny")
  target_compile_definitions(recado_flags INTERFACE RECADO_TINY)
endif()
set(RECADO_MBEDTLS_PRESET ${RECADO_FIRMWARE_PRESET} CACHE STRING "What Mbed TLS is built with" FORCE)
# All of an image is optimised at link time: a program knows more of its code than a library. Functions with much on the
# stack stay out of their callers, on whose stack it would lie all the time; GCC keeps that with each function.
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
add_compile_options(--param=large-stack-frame=128 --param=large-stack-frame-growth=50)
# What GCC takes out of loops and branches at -Os, too, occupies registers, and is larger for it. Where time goes it stays.
add_compile_options(-fno-move-loop-invariants -fno-tree-loop-im -fno-tree-pre -fno-code-hoisting)
set(recado_fast_loops -fmove-loop-invariants -ftree-loop-im -ftree-pre -fcode-hoisting)
target_link_options(recado_flags INTERFACE -flto-partition=one)
set(RECADO_LWIP_OPTIONS_DIR ${RECADO_BOARD_DIR}/lwip)
if(EXISTS ${RECADO_LWIP_OPTIONS_DIR}/lwipopts.h)
  recado_need_source(RECADO_LWIP_FOUND lwIP RECADO_LWIP_SOURCE_DIR)
  recado_need_source(RECADO_MBEDTLS_FOUND "Mbed TLS" RECADO_MBEDTLS_SOURCE_DIR)
  set(RECADO_MBEDTLS_ENABLED ON)
  include(recado_lwip)
endif()

# In the cache, so that projects which have recado as a folder may call what follows.
set(recado_small_c_library ${PROJECT_SOURCE_DIR}/boards/common/small_c_library.c CACHE INTERNAL "")
set(recado_some_configuration ${PROJECT_SOURCE_DIR}/boards/nucleo_h723zg/image/example_configuration.cpp CACHE INTERNAL "")
set(recado_firmware_code_folder ${PROJECT_BINARY_DIR}/code CACHE INTERNAL "")

# recado_firmware_link(TARGET): how an image of this build is linked.
function(recado_firmware_link target)
  set_source_files_properties(${recado_small_c_library} PROPERTIES
    COMPILE_OPTIONS "-fno-lto;-fno-builtin;-fno-tree-loop-distribute-patterns")  # else a loop becomes a call of itself
  set_target_properties(${target} PROPERTIES SUFFIX .elf LINK_DEPENDS "${RECADO_BOARD_LINKER_SCRIPT}")
  target_link_options(${target} PRIVATE -T ${RECADO_BOARD_LINKER_SCRIPT} -Wl,-Map=$<TARGET_FILE:${target}>.map)
  if(RECADO_FIRMWARE_PRESET STREQUAL "tiny")
    target_link_options(${target} PRIVATE -Wl,--defsym=stack_bytes=4608)  # no SHA-384, no texts about certificates
  endif()
endfunction()

# The code of all images of this build, optimised once, as one object: which configuration is linked to it, it doesn't
# know. Linking to it takes a tenth of a second, and optimising it a quarter of a minute.
function(recado_firmware_code_for board)
  if(TARGET recado_firmware_code)
    return()
  endif()
  add_executable(recado_firmware_code ${recado_some_configuration} ${recado_small_c_library})
  set_source_files_properties(${recado_some_configuration} PROPERTIES COMPILE_OPTIONS -fno-lto)
  set_target_properties(recado_firmware_code PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON
    RUNTIME_OUTPUT_DIRECTORY ${recado_firmware_code_folder})
  target_link_libraries(recado_firmware_code PRIVATE recado_board_${board} recado_board_${board}_start recado_flags)
  target_link_options(recado_firmware_code PRIVATE -save-temps)
  recado_firmware_link(recado_firmware_code)
  set(code ${recado_firmware_code_folder}/recado_firmware_code.elf.ltrans0)
  # GCC takes an object that is there from the last time for made already.
  add_custom_command(TARGET recado_firmware_code PRE_LINK COMMAND ${CMAKE_COMMAND} -E rm -f ${code}.ltrans.o)
  add_custom_command(TARGET recado_firmware_code POST_BUILD BYPRODUCTS ${code}.ltrans.o
    COMMAND ${CMAKE_COMMAND} -E rm -f ${code}.o ${code}.ltrans.s)
endfunction()

function(recado_firmware name)
  cmake_parse_arguments(F "" "CONFIGURATION;BOARD;PRESET" "" ${ARGN})
  if(NOT F_BOARD STREQUAL RECADO_BOARD OR NOT F_PRESET STREQUAL RECADO_FIRMWARE_PRESET)
    message(FATAL_ERROR "${name}: this build is for ${RECADO_BOARD} (${RECADO_FIRMWARE_PRESET}), not ${F_BOARD} (${F_PRESET})")
  endif()
  string(REPLACE "-" "_" board ${F_BOARD})
  recado_firmware_code_for(${board})
  set(code ${recado_firmware_code_folder}/recado_firmware_code.elf.ltrans0.ltrans.o)
  set_source_files_properties(${code} PROPERTIES GENERATED ON EXTERNAL_OBJECT ON)
  add_executable(${name} ${F_CONFIGURATION} ${recado_small_c_library} ${code})
  set_target_properties(${name} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
  target_link_libraries(${name} PRIVATE recado_board_common recado_board_${board}_start recado_flags)
  recado_firmware_link(${name})
  add_dependencies(${name} recado_firmware_code)
  add_custom_command(TARGET ${name} POST_BUILD COMMAND arm-none-eabi-size $<TARGET_FILE:${name}>)
  if(RECADO_BOARD_FLAT_IMAGE)
    add_custom_command(TARGET ${name} POST_BUILD
      COMMAND ${CMAKE_OBJCOPY} -O binary $<TARGET_FILE:${name}> $<TARGET_FILE_DIR:${name}>/${name}.bin)
  endif()
endfunction()
