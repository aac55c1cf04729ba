#include "faults.hpp"

#include <type_traits>

#include <recado/core/text.hpp>

#include "console.hpp"
#include "registers.hpp"

namespace recado::mps2_an500 {
namespace {

constexpr std::uint32_t valid = 0x4641554c;
constexpr int fault_status = 99;

/// Survives the reset behind the fault, and so may have no constructor to run behind that.
struct kept_record {
  std::uint32_t mark;
  fault_record what;
};
static_assert(std::is_trivially_default_constructible_v<kept_record>);
[[gnu::section(".noinit")]] kept_record kept;

void name(std::uint32_t exception, text_sink& out) {
  constexpr const char* names[] = {"NMI: the watchdog bit", "hard fault", "memory fault", "bus fault", "usage fault"};
  if (exception >= 2 && exception <= 6) out << names[exception - 2];
  else out << "unexpected exception ", out.number(exception);
}

[[noreturn]] void report(const std::uint32_t* frame, std::uint32_t exception) {
  kept.mark = valid;
  kept.what = {exception,
               frame[6],
               frame[5],
               frame[7],
               at(scs::configurable_fault),
               at(scs::hard_fault),
               at(scs::memory_fault_address),
               at(scs::bus_fault_address)};
  char room[160];
  buffer_sink line{room};
  line << "\r\nfault: ";
  describe(kept.what, line);
  line << "\r\n";
  write_at_once(line.view());
  end_run(fault_status);
}

}  // namespace

void describe(const fault_record& what, text_sink& out) {
  name(what.exception, out);
  out << " at pc ", out.hex(what.program_counter, 8) << ", lr ", out.hex(what.link_register, 8);
  out << ", psr ", out.hex(what.program_status, 8) << ", cfsr ", out.hex(what.configurable_fault, 8);
  out << ", hfsr ", out.hex(what.hard_fault, 8);
  if ((what.configurable_fault & 0x80) != 0) out << ", mmfar ", out.hex(what.memory_fault_address, 8);
  if ((what.configurable_fault & 0x8000) != 0) out << ", bfar ", out.hex(what.bus_fault_address, 8);
}

std::optional<fault_record> last_fault() {
  if (kept.mark != valid) return std::nullopt;
  kept.mark = 0;
  return kept.what;
}

void reset() {
  asm volatile("dsb" ::: "memory");
  at(scs::reset_control) = 0x05fa0004;
  for (;;) asm volatile("dsb");
}

#if defined(RECADO_SEMIHOSTING)
void end_run(int status) {
  // SYS_EXIT_EXTENDED with ADP_Stopped_ApplicationExit (Arm semihosting 2.0).
  const std::uint32_t block[2] = {0x20026, static_cast<std::uint32_t>(status)};
  register std::uint32_t operation asm("r0") = 0x20;
  register const std::uint32_t* argument asm("r1") = block;
  asm volatile("bkpt 0xab" : "+r"(operation) : "r"(argument) : "memory");
  reset();
}
#else
void end_run(int) { reset(); }
#endif

}  // namespace recado::mps2_an500

extern "C" [[gnu::used]] void take_fault(const std::uint32_t* frame, std::uint32_t exception) {
  recado::mps2_an500::report(frame, exception);
}

// The frame lies on the main stack, the only one. A stack that has overflown is begun again from its end: nothing on
// it is needed any more but the frame, which may then be lost with it.
extern "C" [[gnu::naked]] void fault_handler() {
  asm volatile(
      "mrs r0, msp\n"
      "mrs r1, ipsr\n"
      "ldr r2, =stack_begin\n"
      "cmp r0, r2\n"
      "bhi 1f\n"
      "ldr r0, =stack_end\n"
      "sub r0, r0, #64\n"
      "mov sp, r0\n"
      "1: b take_fault\n");
}

extern "C" [[gnu::naked]] void watchdog_handler() { asm volatile("b fault_handler"); }

// What the C and C++ libraries call when nothing else is left; their own would bring a heap and signals with them.
extern "C" [[noreturn]] void abort();
void abort() {
  recado::mps2_an500::write_at_once("\r\nfault: abort\r\n");
  recado::mps2_an500::end_run(97);
}
extern "C" [[noreturn]] void __cxa_pure_virtual();
void __cxa_pure_virtual() { abort(); }
