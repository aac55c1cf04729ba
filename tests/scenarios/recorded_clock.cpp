// Stands in front of clock_settime(2) in a program under test (LD_PRELOAD): what would be set is written to the file
// that RECADO_TEST_CLOCK names, and no clock is touched.
#include <cstdio>
#include <cstdlib>
#include <ctime>

extern "C" int clock_settime(clockid_t, const timespec* value) noexcept {
  const char* name = std::getenv("RECADO_TEST_CLOCK");
  std::FILE* file = name != nullptr ? std::fopen(name, "a") : nullptr;
  if (file == nullptr) return -1;
  std::fprintf(file, "%lld\n", static_cast<long long>(value->tv_sec));
  return std::fclose(file);
}
