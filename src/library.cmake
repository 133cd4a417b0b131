# The two libraries and the header that goes with them. Both export mqc_* alone, not mqc__* and not
# what protobuf-c generates.

set(mqc_header ${PROJECT_BINARY_DIR}/include/mqcluster.h)
add_custom_command(
  OUTPUT ${mqc_header}
  COMMAND ${CMAKE_COMMAND}
    -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR}/api/mqcluster.h
    -DROOT=${CMAKE_CURRENT_SOURCE_DIR}
    -DOUTPUT=${mqc_header}
    -DDEPFILE=${mqc_header}.d
    -P ${CMAKE_CURRENT_SOURCE_DIR}/api/inline_header.cmake
  DEPENDS api/mqcluster.h api/inline_header.cmake
  DEPFILE ${mqc_header}.d
  COMMENT "Generating include/mqcluster.h"
  VERBATIM)
add_custom_target(mqc_header DEPENDS ${mqc_header})

# Gives the target its name on disk and in other projects, and the header.
function(mqc_public_library target export_name)
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${export_name}
    OUTPUT_NAME mqcluster
    LINKER_LANGUAGE C)
  target_include_directories(${target} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  add_dependencies(${target} mqc_header)
  add_library(mqcluster::${export_name} ALIAS ${target})
endfunction()

set(export_map ${CMAKE_CURRENT_SOURCE_DIR}/api/mqcluster.map)
add_library(mqc_shared SHARED)
mqc_public_library(mqc_shared mqcluster)
target_link_libraries(mqc_shared PRIVATE ${mqc_library_modules})
target_link_options(mqc_shared PRIVATE -Wl,--version-script=${export_map})
if(NOT MQC_SANITIZE)
  # The sanitizers' runtime is found only when a program is linked.
  target_link_options(mqc_shared PRIVATE -Wl,-z,defs)
endif()
set_target_properties(mqc_shared PROPERTIES
  VERSION ${PROJECT_VERSION}
  SOVERSION 0
  LINK_DEPENDS ${export_map})

# In an archive hidden symbols still meet those of the program. So its objects are linked into one
# first, and hidden symbols made local to it.
set(objects "")
foreach(module ${mqc_library_modules})
  list(APPEND objects $<TARGET_OBJECTS:${module}>)
endforeach()
set(whole ${CMAKE_CURRENT_BINARY_DIR}/mqcluster-whole.o)
set(closed ${CMAKE_CURRENT_BINARY_DIR}/mqcluster.o)
add_custom_command(
  OUTPUT ${closed}
  COMMAND ${CMAKE_LINKER} -r -o ${whole} ${objects}
  COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${whole} ${closed}
  DEPENDS ${objects}
  BYPRODUCTS ${whole}
  COMMENT "Linking the library into one object"
  COMMAND_EXPAND_LISTS
  VERBATIM)
set_source_files_properties(${closed} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
add_library(mqc_static STATIC ${closed})
mqc_public_library(mqc_static mqcluster_static)

# An archive does not know what it needs: its users link it. In other projects the package file
# looks for these libraries, by the names that MQC_PRIVATE_PACKAGES and MQC_PRIVATE_LIBRARIES give.
set(MQC_PRIVATE_PACKAGES libprotobuf-c libuv json-c yaml-0.1 libzstd sqlite3)
set(MQC_PRIVATE_LIBRARIES paho-mqtt3c mbedtls mbedx509 mbedcrypto http_parser wslay)
set(third_party "")
foreach(module ${mqc_library_modules})
  get_target_property(links ${module} LINK_LIBRARIES)
  list(APPEND third_party ${links})
endforeach()
list(REMOVE_DUPLICATES third_party)
list(REMOVE_ITEM third_party mqc_flags ${mqc_library_modules})
target_link_libraries(mqc_static INTERFACE
  "$<BUILD_INTERFACE:${third_party}>"
  "$<INSTALL_INTERFACE:PkgConfig::MQCLUSTER_PRIVATE;${MQC_PRIVATE_LIBRARIES};Threads::Threads>")

add_library(mqcluster_api INTERFACE)
target_link_libraries(mqcluster_api INTERFACE mqc_static)
