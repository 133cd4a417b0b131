# Makes the installed header: SOURCE with each #include "module/file.h" replaced by that file, at its
# first place only, and the system headers gathered behind the first include guard, so that they stay
# outside extern "C".
#
# cmake -DSOURCE=... -DROOT=<folder of the modules> -DOUTPUT=... -DDEPFILE=... -P inline_header.cmake
#
# Text is never put into a CMake list: semicolons and brackets in it would be taken for syntax.

cmake_minimum_required(VERSION 3.25)

set(seen "")
set(system_headers "")

# Takes the include lines out of `text` and returns it with the named files in their place.
function(expand text expanded_out)
  set(expanded "")
  while(text MATCHES "(^|\n)#include ([\"<])([^\">]+)[\">]\n")
    set(line "${CMAKE_MATCH_0}")
    set(kind "${CMAKE_MATCH_2}")
    set(name "${CMAKE_MATCH_3}")
    string(FIND "${text}" "${line}" start)
    string(LENGTH "${line}" length)
    string(SUBSTRING "${text}" 0 ${start} before)
    math(EXPR start "${start} + ${length}")
    string(SUBSTRING "${text}" ${start} -1 text)
    string(APPEND expanded "${before}\n")
    if(kind STREQUAL "<")
      list(APPEND system_headers ${name})
    elseif(NOT name IN_LIST seen)
      list(APPEND seen ${name})
      file(READ "${ROOT}/${name}" body)
      expand("${body}" body)
      string(APPEND expanded "\n${body}\n")
    endif()
    # The newline that ended the include line may begin the next one's match.
    set(text "\n${text}")
  endwhile()
  set(${expanded_out} "${expanded}${text}" PARENT_SCOPE)
  set(seen "${seen}" PARENT_SCOPE)
  set(system_headers "${system_headers}" PARENT_SCOPE)
endfunction()

file(READ "${SOURCE}" text)
expand("${text}" text)

list(SORT system_headers)
list(REMOVE_DUPLICATES system_headers)
set(includes "")
foreach(header IN LISTS system_headers)
  string(APPEND includes "#include <${header}>\n")
endforeach()

if(NOT text MATCHES "\n#ifndef ([A-Z_]+)\n#define ([A-Z_]+)\n" OR
   NOT CMAKE_MATCH_1 STREQUAL CMAKE_MATCH_2)
  message(FATAL_ERROR "${SOURCE} has no include guard")
endif()
set(guard "${CMAKE_MATCH_0}")
string(FIND "${text}" "${guard}" start)
string(LENGTH "${guard}" length)
math(EXPR start "${start} + ${length}")
string(SUBSTRING "${text}" 0 ${start} head)
string(SUBSTRING "${text}" ${start} -1 text)
string(REGEX REPLACE "\n\n\n+" "\n\n" text "\n${includes}\n${text}")
file(WRITE "${OUTPUT}" "${head}${text}")

set(rule "${OUTPUT}: ${SOURCE}")
foreach(name IN LISTS seen)
  string(APPEND rule " ${ROOT}/${name}")
endforeach()
file(WRITE "${DEPFILE}" "${rule}\n")
