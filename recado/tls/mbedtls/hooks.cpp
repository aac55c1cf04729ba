#include <mbedtls/error.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <psa/crypto.h>

#include <cstring>
#include <ctime>
#include <limits>

#include <recado/tls/mbedtls/hooks.hpp>
#include <recado/tls/mbedtls/random.hpp>

namespace recado::tls::mbedtls {
namespace {

struct hooks {
  pool memory;
  entropy* random = nullptr;
  utc_time now{};
};
constinit hooks given{};

}  // namespace

std::expected<void, error> global_setup(entropy& random, mutable_bytes pool) {
  mbedtls_psa_crypto_free();
  given.memory.give(pool);
  given.random = &random;
  if (psa_crypto_init() != PSA_SUCCESS) return std::unexpected(error::out_of_memory);
  return {};
}

const pool_usage& memory_usage() { return given.memory.usage(); }

void set_time(utc_time now) { given.now = now; }

int fill_random(void*, unsigned char* out, std::size_t size) {
  if (!given.random) return MBEDTLS_ERR_ERROR_GENERIC_ERROR;
  given.random->fill({reinterpret_cast<std::byte*>(out), size});
  return 0;
}

}  // namespace recado::tls::mbedtls

using namespace recado;
using recado::tls::mbedtls::given;

extern "C" {

void* recado_tls_allocate(std::size_t count, std::size_t size) {
  if (size != 0 && count > std::numeric_limits<std::size_t>::max() / size) return nullptr;
  void* memory = given.memory.take(count * size);
  if (memory) std::memset(memory, 0, count * size);
  return memory;
}

void recado_tls_release(void* memory) { given.memory.release(memory); }

std::int64_t recado_tls_time(std::int64_t* out) {
  const auto now = std::chrono::floor<std::chrono::seconds>(given.now.time_since_epoch()).count();
  if (out) *out = now;
  return now;
}

mbedtls_ms_time_t mbedtls_ms_time(void) {
  return std::chrono::floor<std::chrono::milliseconds>(given.now.time_since_epoch()).count();
}

// The C library's may take memory of its own.
struct tm* mbedtls_platform_gmtime_r(const mbedtls_time_t* when, struct tm* out) {
  const std::chrono::sys_seconds all{std::chrono::seconds{*when}};
  const auto day = std::chrono::floor<std::chrono::days>(all);
  const std::chrono::year_month_day date{day};
  const auto seconds = static_cast<int>((all - day).count());
  *out = {};
  out->tm_year = static_cast<int>(date.year()) - 1900;
  out->tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  out->tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  out->tm_hour = seconds / 3600, out->tm_min = seconds / 60 % 60, out->tm_sec = seconds % 60;
  return out;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t*, std::uint8_t* out,
                                             std::size_t size, std::size_t* length) {
  if (tls::mbedtls::fill_random(nullptr, out, size) != 0) return PSA_ERROR_INSUFFICIENT_ENTROPY;
  *length = size;
  return PSA_SUCCESS;
}

}  // extern "C"
