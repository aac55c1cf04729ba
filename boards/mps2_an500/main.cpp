// The board put together, and the firmware on it.
#include <algorithm>
#include <array>

#include <boards/common/image.hpp>
#include <boards/common/random.hpp>
#include <boards/common/storage.hpp>

#include "clock.hpp"
#include "console.hpp"
#include "eeprom.hpp"
#include "faults.hpp"
#include "lan9118.hpp"
#include "registers.hpp"

namespace recado::mps2_an500 {
namespace {

using namespace std::chrono_literals;

/// LED 1 and 2 are those of the FPGA, LED 3 the first of the other eight, where all three are shown.
class board_leds final : public device::leds {
 public:
  void set(unsigned led, bool on) override {
    const std::uint32_t bit = 1u << (led - 1);
    lit_ = on ? lit_ | bit : lit_ & ~bit;
    at(leds_fpgaio) = lit_ & 3;
    at(leds_scc) = lit_;
  }

 private:
  std::uint32_t lit_ = 0;
};

// How the EEPROM is divided, in bytes.
constexpr std::uint32_t memory_block = 512, memory_blocks = 2;
constexpr std::uint32_t tls_begin = 1024, tls_bytes = 3072;
constexpr std::uint32_t journal_begin = 4096, journal_sector = 4096, journal_sectors = 3;

board_leds leds;
uart_button button;
kept_clock real_time_clock;
counter_stopwatch stopwatch;
i2c_eeprom eeprom;
eeprom_part remembered_part{eeprom, 0, memory_block* memory_blocks};
eeprom_part tls_part{eeprom, tls_begin, tls_bytes};
eeprom_part journal_part{eeprom, journal_begin, journal_sector* journal_sectors};
store::eeprom_storage remembered_storage{remembered_part, memory_block, memory_blocks};
store::eeprom_storage journal_storage{journal_part, journal_sector, journal_sectors};
lan9118 controller;
firmware::random_generator random_numbers;

void say(std::string_view text) { write(text), write("\r\n"); }

[[noreturn]] void failed(const char* what) {
  write_at_once("\r\nfault: ");
  write_at_once(what);
  write_at_once("\r\n");
  end_run(98);
}

void in_turn() {
  feed_watchdog();
  flush_some();
  real_time_clock.keep();
}

/// What the host put there. All zero means that it didn't.
bytes seed_of_host() {
  static std::array<std::byte, 64> copy;
  const auto* from = reinterpret_cast<const std::byte*>(seed);
  std::copy(from, from + copy.size(), copy.begin());
  const bool given = std::ranges::any_of(copy, [](std::byte each) { return each != std::byte{0}; });
  return given ? bytes{copy} : bytes{};
}

/// What the last run left for this one: after a warm reset the seed is the same, and this isn't.
[[gnu::section(".noinit")]] std::array<std::byte, 32> carried;

void start_random() {
  const bytes given = seed_of_host();
  if (given.empty()) failed("no seed: start QEMU with -device loader,file=SEED,addr=0x60000000,force-raw=on");
  (void)random_numbers.start(given, carried);
  random_numbers.fill(carried);
}

void say_last_fault() {
  const auto last = last_fault();
  if (!last) return;
  char room[200];
  buffer_sink line{room};
  line << "warning: the last run ended by a ";
  describe(*last, line);
  say(line.view());
}

#if defined(RECADO_SEMIHOSTING)
firmware::effort effort_spent() {
  const std::uint64_t all = cycles();
  return {(all - cycles_slept()) * 40, all * 40};
}
constexpr firmware::effort_function effort_said = effort_spent;
#else
constexpr firmware::effort_function effort_said = nullptr;
#endif

int run() {
  start_clock();
  open_uarts();
  say("recado on mps2-an500");
  say_last_fault();
  start_watchdog();
  button.start();
  start_random();
  if (!controller.open()) failed("no LAN9118 answers: give QEMU -nic ...,model=lan9118");
  const bool remembers = eeprom.present();
  firmware::stored_blocks storage{remembered_storage, remembers};
  const firmware::hardware hardware{leds,
                                    button,
                                    real_time_clock,
                                    stopwatch,
                                    storage,
                                    remembers ? &journal_storage : nullptr,
                                    controller,
                                    random_numbers,
                                    write,
                                    now,
                                    in_turn,
                                    sleep_until,
                                    failed,
                                    remembers ? &tls_part : nullptr,
                                    stack_used,
                                    effort_said};
  const fault why = firmware::run(firmware::configuration(), hardware);
  write_at_once("");
  return why ? 1 : 0;
}

#if !defined(RECADO_SEMIHOSTING)
/// The application has ended in order: the board waits for a reset. After a failure it starts again by itself.
void rest(int status) {
  const instant again = status == 0 ? never : now() + 10s;
  while (now() < again) {
    in_turn();
    sleep_until(again);
  }
}
#else
void rest(int) {}
#endif

}  // namespace
}  // namespace recado::mps2_an500

// Not a part of the start-up, whatever the optimiser sees of both: before it memory isn't initialised.
extern "C" [[noreturn, gnu::noipa]] void run_board();
void run_board() {
  const int status = recado::mps2_an500::run();
  recado::mps2_an500::rest(status);
  recado::mps2_an500::end_run(status);
}
