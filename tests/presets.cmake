# cmake -DPRESET=… -DTARGET=… -DSOURCE=… -DFOLDER=… -P presets.cmake
#
# Configures a preset that nothing else builds in FOLDER and builds one target of it. FOLDER stays, and lies as deep as
# the folders of the other presets, so that what they have compiled is taken from ccache.
foreach(command "--preset ${PRESET} -S ${SOURCE} -B ${FOLDER} -DRECADO_UNITY=ON" "--build ${FOLDER} --target ${TARGET}")
  separate_arguments(command UNIX_COMMAND "${command}")
  execute_process(COMMAND ${CMAKE_COMMAND} ${command} WORKING_DIRECTORY ${SOURCE}
    COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endforeach()
