# Debian's arm-none-eabi toolchain for a Cortex-M7 with a double-precision FPU, without exceptions and RTTI.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m7)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(cortex_flags "-mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard -ffunction-sections -fdata-sections \
-fno-exceptions")
set(CMAKE_C_FLAGS_INIT "${cortex_flags}")
set(CMAKE_CXX_FLAGS_INIT "${cortex_flags} -fno-rtti -fno-threadsafe-statics -fno-use-cxa-atexit")
set(CMAKE_EXE_LINKER_FLAGS_INIT "--specs=nano.specs -nostartfiles -Wl,--gc-sections -Wl,--fatal-warnings \
-Wl,--no-warn-rwx-segments")
