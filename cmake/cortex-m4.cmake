# Debian's arm-none-eabi toolchain for a Cortex-M4, as a firmware without exceptions and RTTI uses it.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m4)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(cortex_flags "-mcpu=cortex-m4 -mthumb -ffunction-sections -fdata-sections -fno-exceptions -fstack-usage")
set(CMAKE_C_FLAGS_INIT "${cortex_flags}")
set(CMAKE_CXX_FLAGS_INIT "${cortex_flags} -fno-rtti -fno-threadsafe-statics -fno-use-cxa-atexit")
