// From the first instruction to main, and from a fault to the reset that follows it.
//
// Interrupts are never taken: they only wake the core from its sleep, the loop looks at the hardware itself. So nothing
// is ever interrupted, and no data is shared with a handler. BASEPRI keeps them away, not PRIMASK, as an imprecise bus
// fault has to come through.
#include "startup.hpp"

#include <algorithm>
#include <cstring>

#include "../memory.hpp"
#include "../registers.hpp"

extern "C" {
extern std::uint32_t recado_stack_begin[], recado_stack_end[], recado_data_begin[], recado_data_end[],
    recado_data_source[], recado_bss_begin[], recado_bss_end[];
extern void (*recado_constructors_begin[])();
extern void (*recado_constructors_end[])();
[[noreturn]] void recado_main();
[[noreturn]] void recado_reset();
void recado_fault();
// Nothing is destroyed at the end: there is none.
void* __dso_handle = nullptr;
[[noreturn]] void recado_record_fault(const std::uint32_t* stack);
}

namespace recado::nucleo_h723zg {
namespace {

constexpr std::uint32_t paint = 0xa5a5a5a5;
constexpr std::uint32_t masked_priority = 0x10;  // and all that are less urgent, of which the interrupts are
constexpr unsigned system_vectors = 16, interrupts = 163;

__attribute__((section(".noinit"))) fault_record last_fault;
clock_state clocks_at_start;

/// The stack, and where each exception goes.
struct vector_table {
  const std::uint32_t* stack;
  void (*reset)();
  void (*others[system_vectors + interrupts - 2])();
};
constexpr vector_table make_vectors() {
  vector_table made{recado_stack_end, recado_reset, {}};
  for (auto& each : made.others) each = recado_fault;
  return made;
}
__attribute__((section(".vectors"), used)) const vector_table vectors = make_vectors();
static_assert(sizeof(vector_table) == 179 * 4, "16 of the core, 163 of the chip");

void paint_stack() {
  std::uint32_t* const here = static_cast<std::uint32_t*>(__builtin_frame_address(0)) - 32;
  for (volatile std::uint32_t* each = recado_stack_begin; each < here; ++each) *each = paint;
}

}  // namespace

const clock_state& clocks() { return clocks_at_start; }

fault_record take_fault() {
  fault_record found = last_fault;
  last_fault.mark = 0;
  return found;
}

void forget_fault() { last_fault = {}; }

std::size_t stack_used() {
  const std::uint32_t* const deepest =
      std::find_if(recado_stack_begin, recado_stack_end, [](const std::uint32_t& each) { return each != paint; });
  return static_cast<std::size_t>(recado_stack_end - deepest) * sizeof(std::uint32_t);
}

void wake_by(irq which) {
  const auto number = static_cast<std::uint32_t>(which);
  const unsigned shift = number % 4 * 8;
  indexed(core::nvic_ipr, number / 4, 4).change(0xffU << shift, 0x80U << shift);
  indexed(core::nvic_iser, number / 32, 4).write(bit(number % 32));
}

// What still asks for attention raises its request again at once, so none is lost by taking them back before.
void doze(std::span<const irq> waking) {
  for (const irq each : waking) {
    const auto number = static_cast<std::uint32_t>(each);
    indexed(core::nvic_icpr, number / 32, 4).write(bit(number % 32));
  }
  bus::barrier();
  __asm__ volatile(
      "cpsid i\n\t"
      "msr basepri, %0\n\t"
      "wfi\n\t"
      "msr basepri, %1\n\t"
      "isb\n\t"
      "cpsie i" ::"r"(0),
      "r"(masked_priority)
      : "memory");
}

void reset() {
  bus::barrier();
  core::aircr.write(core::reset_request);
  bus::barrier();
  for (;;) {
  }
}

}  // namespace recado::nucleo_h723zg

using namespace recado::nucleo_h723zg;

// The FPU comes first, as the compiler may use it anywhere; data before the supply has settled is not safe.
void recado_reset() {
  __asm__ volatile("cpsid i" ::: "memory");
  core::cpacr.set(0xfU << 20);
  bus::barrier();
  core::vtor.write(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(&vectors)));
  protect_memory();
  const clock_state reached = start_clocks();
  start_caches();
  std::copy(recado_data_source, recado_data_source + (recado_data_end - recado_data_begin), recado_data_begin);
  std::fill(recado_bss_begin, recado_bss_end, 0);
  paint_stack();
  clocks_at_start = reached;
  enable_peripherals();
  __asm__ volatile("msr basepri, %0\n\tisb\n\tcpsie i" ::"r"(masked_priority) : "memory");
  for (auto* each = recado_constructors_begin; each != recado_constructors_end; ++each) (*each)();
  recado_main();
}

// Who ends the program by itself is found like any fault: an undefined instruction, called from there.
extern "C" __attribute__((naked, noreturn)) void abort() { __asm__ volatile("udf #0"); }
extern "C" __attribute__((naked, noreturn)) void __cxa_pure_virtual() { __asm__ volatile("udf #1"); }

// The stack may be what is broken: the record is made on another one.
__attribute__((naked)) void recado_fault() {
  __asm__ volatile(
      "mrs r0, msp\n\t"
      "ldr r1, =recado_emergency_stack_end\n\t"
      "msr msp, r1\n\t"
      "isb\n\t"
      "b recado_record_fault\n\t");
}

void recado_record_fault(const std::uint32_t* stack) {
  std::uint32_t exception = 0;
  __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
  // r0 to r3, r12, lr, pc, xpsr: ARMv7-M B1.5.6
  const bool readable = stack >= recado_stack_begin && stack + 8 <= recado_stack_end;
  last_fault = {fault_record::valid,
                exception,
                readable ? stack[6] : 0,
                readable ? stack[5] : 0,
                static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(stack)),
                core::cfsr.read(),
                core::hfsr.read(),
                core::mmfar.read(),
                core::bfar.read()};
  reset();
}
