// A text as a time zone and as a format: whatever is accepted must break times down and put them together.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <recado/core/time_zone.hpp>

#include "target.hpp"

using recado::fuzz::counting_sink;
using recado::fuzz::require;

using namespace recado;

namespace {}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  counting_sink out;
  format_time(text, to_civil(utc_time{}), out);
  const auto zone = time_zone::parse(text);
  if (!zone) return require(!words(zone.error()).empty()), 0;
  for (std::int64_t s = -5'000'000'000; s < 8'000'000'000; s += 123'456'789) {
    const utc_time when{std::chrono::seconds{s}};
    const civil_time parts = to_civil(when, *zone);
    require(from_civil(parts) == when);
    require(parts.month >= 1 && parts.month <= 12 && parts.day >= 1 && parts.day <= 31 && parts.weekday < 7);
    require(parts.yearday >= 1 && parts.yearday <= 366 && parts.zone.size() >= 3);
    require(parts.offset >= -std::chrono::hours{26} && parts.offset <= std::chrono::hours{26});
    write_iso8601_micro(parts, out);
  }
  return 0;
}
