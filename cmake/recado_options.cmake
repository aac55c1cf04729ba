# What can be chosen, and the flags that every target of recado shares.
option(RECADO_APPS "Build the recado program, the Linux board and the simulator" ${PROJECT_IS_TOP_LEVEL})
option(RECADO_PROGRAM "Of those also the program; its tests take long with sanitizers" ON)
option(RECADO_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(RECADO_EXAMPLES "Build the example programs" ${PROJECT_IS_TOP_LEVEL})
option(RECADO_INSTALL "Make rules for cmake --install" ${PROJECT_IS_TOP_LEVEL})
option(RECADO_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
option(RECADO_WERROR "Treat warnings as errors" OFF)
# What small firmware can do without: ON or OFF; left empty, all of it is in but with the firmware preset tiny.
set(RECADO_REMEDIES "" CACHE STRING "Say what to do about a fault; off: only its cause, in less flash")
set(RECADO_CAUSES "" CACHE STRING "Say the cause of a fault in words; off: as a number, in less flash")
set(RECADO_DNS_OVER_TCP "" CACHE STRING "DNS over TCP where an answer is cut; off: what came of it, in less flash")
set(RECADO_SESSION_JOURNAL "" CACHE STRING "The device keeps its session over a loss of power; off: not, in less flash")
option(RECADO_MQTT_5 "Speak MQTT 5.0; off: 3.1.1 alone, in less flash (with RECADO_BARE_METAL)" ON)
option(RECADO_BARE_METAL "Only floors 0 to 3, for a target without an operating system" OFF)
set(RECADO_BOARD "" CACHE STRING "The board whose firmware is built: mps2-an500 or nucleo-h723zg (with RECADO_BARE_METAL)")
set(RECADO_FIRMWARE_PRESET full CACHE STRING
    "What the firmware can do: full, opaque (its key in PSA) or tiny (TLS 1.3 with ChaCha20-Poly1305 only)")
option(RECADO_SEMIHOSTING "For tests in an emulator: the end of the application becomes its exit status" OFF)
option(RECADO_UNITY "Compile sources several at a time: quicker, where everything is built from nothing" OFF)
set(RECADO_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, for example address,undefined")
set(RECADO_TEST_MODULES "" CACHE STRING "The modules whose tests are built (empty: all)")
set(RECADO_TEST_PREFIX "" CACHE STRING "Put before each test's name, so that several builds run as one suite")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endif()

add_library(recado_flags INTERFACE)
target_compile_options(recado_flags INTERFACE
  $<BUILD_INTERFACE:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow>
  $<$<BOOL:${RECADO_WERROR}>:-Werror>)
# GCC 12 has false alarms about std::string and std::vector once it inlines them (GCC bugs 105329 and 107852). The
# floors that a microcontroller has, whose targets have the property RECADO_FREESTANDING, have neither.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13 AND NOT RECADO_BARE_METAL)
  target_compile_options(recado_flags INTERFACE
    $<BUILD_INTERFACE:$<$<NOT:$<BOOL:$<TARGET_PROPERTY:RECADO_FREESTANDING>>>:-Wno-restrict>>)
  set(test_alarms -Wno-array-bounds -Wno-stringop-overflow)
  set(precompiled_alarms ${test_alarms} -Wno-stringop-overread)
endif()
# Where sources are compiled several at a time, GCC does not stop to collect what a machine that builds has room for
# (below 1 GB for the greatest): a tenth of the time.
if(RECADO_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(recado_flags INTERFACE $<BUILD_INTERFACE:--param=ggc-min-heapsize=1000000>)
endif()
foreach(part REMEDIES CAUSES DNS_OVER_TCP SESSION_JOURNAL)
  set(wanted ${RECADO_${part}})
  if("${wanted}" STREQUAL "")
    set(wanted ON)
    if(RECADO_BOARD AND RECADO_FIRMWARE_PRESET STREQUAL "tiny")
      set(wanted OFF)
    endif()
  endif()
  if(NOT wanted)
    target_compile_definitions(recado_flags INTERFACE RECADO_WITHOUT_${part})
  endif()
endforeach()
if(NOT RECADO_MQTT_5 AND NOT RECADO_BARE_METAL)
  message(FATAL_ERROR "RECADO_MQTT_5=OFF is for firmware: what is built for a PC speaks both versions")
endif()
if(RECADO_SANITIZE)
  target_compile_options(recado_flags INTERFACE -fsanitize=${RECADO_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(recado_flags INTERFACE -fsanitize=${RECADO_SANITIZE})
  if(RECADO_SANITIZE MATCHES "undefined")
    # The floors have no RTTI, which the check of virtual tables needs.
    target_compile_options(recado_flags INTERFACE -fno-sanitize-recover=undefined -fno-sanitize=vptr)
  endif()
endif()

# Tests are compiled for speed of compiling; what they test is not.
add_library(recado_test_flags INTERFACE)
target_compile_options(recado_test_flags INTERFACE -O0 ${test_alarms})

# Parsing these headers again for each source takes longer than the source itself. What the library's sources forget to
# include is found by the consumer that compiles them without (tests/consumers.cmake). GCC 12 takes precompiled headers
# for the project's own, hence the false alarms.
function(recado_precompile target)
  target_precompile_headers(${target} PRIVATE <algorithm> <chrono> <expected> <filesystem> <functional> <map> <memory>
    <optional> <span> <string> <string_view> <vector> ${ARGN})
  target_compile_options(${target} PRIVATE ${precompiled_alarms})
  if(RECADO_SANITIZE)  # optimising what the sanitizers add takes most of the time, and gains little up here
    target_compile_options(${target} PRIVATE -O0)
  endif()
  if(CMAKE_DISABLE_PRECOMPILE_HEADERS)
    set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)  # each source has to include what it uses
  endif()
endfunction()

# recado_unity(TARGET [APART file...]): with RECADO_UNITY its sources are compiled eight at a time, but for those APART,
# which have names for themselves that others have too.
function(recado_unity target)
  get_target_property(headers ${target} PRECOMPILE_HEADERS)
  if(NOT RECADO_UNITY OR (CMAKE_DISABLE_PRECOMPILE_HEADERS AND headers))
    return()
  endif()
  cmake_parse_arguments(U "" "" "APART" ${ARGN})
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  set_source_files_properties(${U_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
