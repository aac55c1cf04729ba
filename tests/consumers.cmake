# cmake -DKIND=… -DSOURCE=… -DBUILD=… -DFOLDER=… -P consumers.cmake
#
# Builds one of examples/consumers as its user would, from nothing, and runs what can run here.
set(folder ${FOLDER}/${KIND})
file(REMOVE_RECURSE ${folder})
file(MAKE_DIRECTORY ${folder})
set(options -DCMAKE_BUILD_TYPE=${TYPE})

function(do)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(project ${SOURCE}/examples/consumers/${KIND})
if(KIND STREQUAL "add_subdirectory")
  # All of recado is compiled again; without optimisation, since that is tried elsewhere. Without precompiled headers,
  # so that a source of the library that forgets to include what it uses is found; what has none elsewhere is compiled
  # several sources at a time.
  do(${CMAKE_COMMAND} -G Ninja -S ${project} -B ${folder} ${options} -DCMAKE_BUILD_TYPE=None
     -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DRECADO_UNITY=ON -DRECADO_MBEDTLS=OFF)
  do(${CMAKE_COMMAND} --build ${folder})
elseif(KIND STREQUAL "find_package")
  do(${CMAKE_COMMAND} --install ${BUILD} --prefix ${folder}/installed)
  do(${CMAKE_COMMAND} -G Ninja -S ${project} -B ${folder} ${options} -DCMAKE_PREFIX_PATH=${folder}/installed)
  do(${CMAKE_COMMAND} --build ${folder})
  file(WRITE ${folder}/unknown/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)\nproject(unknown LANGUAGES CXX)\n"
    "find_package(recado REQUIRED COMPONENTS nonsense)\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -G Ninja -S ${folder}/unknown -B ${folder}/unknown ${options}
    -DCMAKE_PREFIX_PATH=${folder}/installed ERROR_VARIABLE said RESULT_VARIABLE status)
  if(status EQUAL 0 OR NOT said MATCHES "no component 'nonsense'")
    message(FATAL_ERROR "of a component that isn't there it says: ${said}")
  endif()
elseif(KIND STREQUAL "pkg_config")
  do(${CMAKE_COMMAND} --install ${BUILD} --prefix ${folder}/installed)
  file(GLOB_RECURSE description ${folder}/installed/recado.pc)
  get_filename_component(where ${description} DIRECTORY)
  set(ENV{PKG_CONFIG_PATH} ${where})
  do(make -C ${folder} -f ${project}/Makefile CXX=${CXX})
elseif(KIND STREQUAL "bare_metal")
  do(${CMAKE_COMMAND} -G Ninja -S ${project} -B ${folder} ${options}
     -DCMAKE_TOOLCHAIN_FILE=${SOURCE}/cmake/cortex-m4.cmake)
  do(${CMAKE_COMMAND} --build ${folder})
  do(arm-none-eabi-size ${folder}/firmware)
  return()
endif()

# Nobody listens on port 1: the program has to say so.
execute_process(COMMAND ${folder}/consumer mqtt://127.0.0.1:1 OUTPUT_VARIABLE said RESULT_VARIABLE status)
message(STATUS "it says: ${said}")
if(NOT status EQUAL 1 OR NOT said MATCHES "refused")
  message(FATAL_ERROR "status ${status}")
endif()
