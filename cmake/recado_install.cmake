# The library as others use it: one target `recado::recado`, and the rules for `cmake --install`.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(modules GLOBAL PROPERTY recado_modules)
add_library(recado_all INTERFACE)
add_library(recado::recado ALIAS recado_all)
target_link_libraries(recado_all INTERFACE ${modules})

if(RECADO_INSTALL)
  foreach(module IN LISTS modules)
    string(REGEX REPLACE "^recado_" "" name ${module})
    set_target_properties(${module} PROPERTIES EXPORT_NAME ${name})
  endforeach()
  set_target_properties(recado_all PROPERTIES EXPORT_NAME recado)
  install(TARGETS recado_all ${modules} EXPORT recado-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT recado-targets NAMESPACE recado:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/recado)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/recado DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
    PATTERN "*.hpp" PATTERN "*_test.hpp" EXCLUDE PATTERN "*_for_tests.hpp" EXCLUDE PATTERN "tests" EXCLUDE PATTERN "mbedtls" EXCLUDE)

  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/recado-config.cmake.in
    ${PROJECT_BINARY_DIR}/recado-config.cmake INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/recado)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/recado-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/recado-config.cmake ${PROJECT_BINARY_DIR}/recado-config-version.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/recado)

  # Static libraries: each stands in front of those that it needs.
  set(libraries)
  foreach(module IN LISTS modules)
    get_target_property(type ${module} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      list(PREPEND libraries -l${module})
    endif()
  endforeach()
  list(JOIN libraries " " RECADO_LIBRARIES)
  # Relative, so that what was installed may be moved.
  file(RELATIVE_PATH RECADO_PREFIX_FROM_PKGCONFIG /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/recado.pc.in ${PROJECT_BINARY_DIR}/recado.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/recado.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
