# recado_module(NAME [FREESTANDING] [NOT_INSTALLED] [TESTS_ALONE] [DEPENDS module...] [LINK target...] [APART file...]
#               [UNWATCHED file...] [TESTS file...] [TEST_LINK target...] [TEST_PRECOMPILE header...]
#               [TEST_APART file...] [TEST_OPTIMISED file...])
#
# One folder is one module: every *.cpp in it is built into recado_NAME, every *_test.cpp into
# recado_NAME_tests, every *_for_tests.cpp into recado_NAME_for_tests (what tests of several modules share, optimised
# as the library is), and the benches and fuzz targets link against it by name. FREESTANDING modules
# (floors 0 to 4) are compiled without exceptions and RTTI, as on a microcontroller. NOT_INSTALLED: what stands on
# sources that are no package of the system stays out of recado::recado and of the installation. UNWATCHED: what loops
# without reading a packet; telling libFuzzer of its ways would take most of the time of each execution.
include(GoogleTest OPTIONAL)

function(recado_module name)
  cmake_parse_arguments(M "FREESTANDING;NOT_INSTALLED;TESTS_ALONE" ""
    "DEPENDS;LINK;APART;UNWATCHED;TESTS;TEST_LINK;TEST_PRECOMPILE;TEST_APART;TEST_OPTIMISED" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cpp)
  file(GLOB for_tests CONFIGURE_DEPENDS *_for_tests.cpp)
  list(REMOVE_ITEM sources ${tests} ${for_tests} "")
  list(APPEND tests ${M_TESTS})
  file(GLOB headers CONFIGURE_DEPENDS *.hpp)
  if(sources)
    add_library(recado_${name} STATIC ${sources} ${headers})
    set(scope PUBLIC)
  else()
    add_library(recado_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(recado_${name} ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include>)
  target_compile_features(recado_${name} ${scope} cxx_std_23)
  if(sources)
    target_link_libraries(recado_${name} PRIVATE $<BUILD_INTERFACE:recado_flags>)
    if(RECADO_SANITIZE OR CMAKE_DISABLE_PRECOMPILE_HEADERS)  # else as its users build it
      recado_unity(recado_${name} APART ${M_APART} ${M_UNWATCHED})
    endif()
    if(RECADO_FUZZ)  # libFuzzer is told which ways through the library were taken
      target_compile_options(recado_${name} PRIVATE -fsanitize=fuzzer-no-link)
      set_source_files_properties(${M_UNWATCHED} PROPERTIES COMPILE_OPTIONS -fno-sanitize=fuzzer-no-link)
    endif()
    if(M_FREESTANDING)
      target_compile_options(recado_${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions;-fno-rtti>)
      set_target_properties(recado_${name} PROPERTIES RECADO_FREESTANDING ON)
    endif()
  endif()
  foreach(other IN LISTS M_DEPENDS)
    target_link_libraries(recado_${name} ${scope} recado_${other})
  endforeach()
  target_link_libraries(recado_${name} ${scope} ${M_LINK})
  if(NOT M_NOT_INSTALLED)
    set_property(GLOBAL APPEND PROPERTY recado_modules recado_${name})
  endif()
  if(RECADO_TESTS AND for_tests AND NOT RECADO_BARE_METAL)
    add_library(recado_${name}_for_tests STATIC EXCLUDE_FROM_ALL ${for_tests})
    target_link_libraries(recado_${name}_for_tests PUBLIC recado_${name} PRIVATE recado_flags)
    list(APPEND M_TEST_LINK recado_${name}_for_tests)
  endif()
  if(RECADO_TESTS AND tests AND NOT RECADO_BARE_METAL
     AND (NOT RECADO_TEST_MODULES OR name IN_LIST RECADO_TEST_MODULES))
    if(M_TESTS_ALONE)
      set(alone ALONE)
    endif()
    recado_test(recado_${name}_tests ${alone} SOURCES ${tests} LINK recado_${name} ${M_TEST_LINK}
                PRECOMPILE ${M_TEST_PRECOMPILE} APART ${M_TEST_APART} OPTIMISED ${M_TEST_OPTIMISED})
  endif()
endfunction()

# recado_test(NAME [ALONE] SOURCES file... LINK target... [PRECOMPILE header...] [APART file...]
#             [OPTIMISED file...] [PROPERTIES ctest properties...])
#
# PRECOMPILE: what most of many sources include. APART: see recado_unity; ALONE: so is each of them. OPTIMISED: what
# computes for long itself; a precompiled header is for one set of flags, and the others have it.
function(recado_test name)
  cmake_parse_arguments(T "ALONE" "" "SOURCES;LINK;PRECOMPILE;APART;OPTIMISED;PROPERTIES" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE ${T_LINK} recado_flags recado_test_flags GTest::gmock GTest::gtest_main)
  if(NOT T_ALONE)
    recado_unity(${name} APART ${T_APART} ${T_OPTIMISED})
  endif()
  set_source_files_properties(${T_OPTIMISED} PROPERTIES COMPILE_OPTIONS -O1 SKIP_PRECOMPILE_HEADERS ON)
  if(T_PRECOMPILE)
    target_precompile_headers(${name} PRIVATE <gtest/gtest.h> <gmock/gmock.h> ${T_PRECOMPILE})
  else()
    target_precompile_headers(${name} REUSE_FROM recado_test_pch)
  endif()
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/tmp)  # tests write nothing outside the build folder
  # Values without a name of their own would be told as bytes, pointers among them, which differ from run to run.
  gtest_discover_tests(${name} TEST_PREFIX "${RECADO_TEST_PREFIX}" NO_PRETTY_VALUES
    DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300 ENVIRONMENT_MODIFICATION TMPDIR=set:${CMAKE_BINARY_DIR}/tmp ${T_PROPERTIES})
endfunction()
