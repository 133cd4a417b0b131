# What is installed, and the two ways in which other projects find it: pkg-config and a CMake package.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mqcluster)

install(TARGETS mqc_shared EXPORT mqclusterTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS mqc_static EXPORT mqclusterStaticTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${mqc_header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

foreach(export mqclusterTargets mqclusterStaticTargets)
  install(EXPORT ${export} NAMESPACE mqcluster:: DESTINATION ${package_dir})
endforeach()
string(REPLACE ";" " " MQC_PC_PACKAGES "${MQC_PRIVATE_PACKAGES}")
list(TRANSFORM MQC_PRIVATE_LIBRARIES PREPEND -l OUTPUT_VARIABLE MQC_PC_LIBRARIES)
string(REPLACE ";" " " MQC_PC_LIBRARIES "${MQC_PC_LIBRARIES}")
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/config/mqclusterConfig.cmake.in mqclusterConfig.cmake
  INSTALL_DESTINATION ${package_dir}
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(mqclusterConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/mqclusterConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/mqclusterConfigVersion.cmake
  DESTINATION ${package_dir})

# The prefix is written as a way up from the file, so that an installed tree may be moved.
file(RELATIVE_PATH MQC_PC_PREFIX
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/config/mqcluster.pc.in mqcluster.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mqcluster.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The page on the configuration file, which src/config makes from its table of options.
if(TARGET mqc_man_yaml)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/config/mqcluster.yaml.5
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES
  ${PROJECT_SOURCE_DIR}/config/mqcluster.yaml ${PROJECT_SOURCE_DIR}/config/mosquitto.conf
  DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
