# cmake -DSOURCE=… -DFOLDER=… -DCXX=… -P misuse.cmake
#
# Answers that are thrown away: each of these calls compiles only with a warning, which is an error here.
file(MAKE_DIRECTORY ${FOLDER})

function(check name expectation call)
  set(file ${FOLDER}/${name}.cpp)
  file(WRITE ${file} "#include <recado/client/blocking_client.hpp>\n"
    "void program(recado::client::blocking_client& client) { ${call} }\n")
  execute_process(COMMAND ${CXX} -std=c++23 -fsyntax-only -Werror=unused-result -I${SOURCE} ${file}
    RESULT_VARIABLE status ERROR_VARIABLE said)
  if(expectation STREQUAL "right" AND NOT status EQUAL 0)
    message(FATAL_ERROR "${call} doesn't compile: ${said}")
  elseif(expectation STREQUAL "wrong" AND (status EQUAL 0 OR NOT said MATCHES "nodiscard"))
    message(FATAL_ERROR "${call} is let through: ${said}")
  endif()
endfunction()

# Another language is said before it is shown by what it lacks.
file(WRITE ${FOLDER}/language.cpp "#include <recado/client/blocking_client.hpp>\n")
foreach(language 14 17 20)
  execute_process(COMMAND ${CXX} -std=c++${language} -fsyntax-only -I${SOURCE} ${FOLDER}/language.cpp
    ERROR_VARIABLE said)
  string(REGEX MATCH "error:[^\n]*" first "${said}")
  if(NOT first MATCHES "recado needs C\\+\\+23")
    message(FATAL_ERROR "of C++${language} it says: ${first}")
  endif()
endforeach()

check(heeded right [[if (!client.connect("mqtt://broker") || !client.publish("a", "b")) return;]])
check(connect wrong [[client.connect("mqtt://broker");]])
check(publish wrong [[client.publish("a", "b");]])
check(subscribe wrong [[client.subscribe("a");]])
check(receive wrong [[client.receive();]])
