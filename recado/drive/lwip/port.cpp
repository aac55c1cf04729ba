// What lwIP asks of its surroundings: time, randomness, a word when something can't be.
#include <lwip/init.h>
#include <lwip/memp.h>
#include <lwip/stats.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>

#include <cstdlib>

#include <recado/drive/internet_checksum.hpp>
#include <recado/drive/lwip/clock.hpp>

namespace recado::lwip {
namespace {

clock_function clock_of_board = nullptr;
entropy* random_of_board = nullptr;
void (*failed_of_board)(const char*) = nullptr;

}  // namespace

void start(clock_function clock, entropy& random, void (*failed)(const char* what)) {
  clock_of_board = clock, random_of_board = &random, failed_of_board = failed;
  lwip_init();
}

void describe_memory(text_sink& out) {
  out << ", lwIP ", out.number(lwip_stats.mem.max) << " of ", out.number(lwip_stats.mem.avail);
  std::uint32_t refused = lwip_stats.mem.err;
  for (const auto* each : lwip_stats.memp) refused += each->err;
  const auto pool = [&](const char* name, memp_t which) {
    const stats_mem& used = *lwip_stats.memp[which];
    out << ", " << name << ' ', out.number(used.max) << " of ", out.number(used.avail);
  };
  pool("frame buffers", MEMP_PBUF_POOL), pool("segments", MEMP_TCP_SEG), pool("references", MEMP_PBUF);
  out << ", refused ", out.number(refused);
}

instant now() { return clock_of_board(); }

void run_timers() { sys_check_timeouts(); }

instant timers_due(instant now) {
  const u32_t wait_ms = sys_timeouts_sleeptime();
  return wait_ms == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? never : now + std::chrono::milliseconds{wait_ms};
}

}  // namespace recado::lwip

extern "C" {

u32_t sys_now() {
  const auto since = recado::lwip::now().time_since_epoch();
  return static_cast<u32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

std::uint32_t recado_lwip_random() { return recado::lwip::random_of_board->u32(); }

std::uint16_t recado_internet_checksum(const void* data, int size) {
  return recado::internet_checksum({static_cast<const std::byte*>(data), static_cast<std::size_t>(size)});
}

void recado_lwip_failed(const char* file, int line) {
  char text[40];
  recado::buffer_sink out{text};
  out << "lwIP, " << file << ':';
  out.number(static_cast<std::uint64_t>(line)) << '\0';
  recado::lwip::failed_of_board(text);
  std::abort();  // which a board doesn't come to: its function doesn't return
}
}
