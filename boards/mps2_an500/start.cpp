// From reset to the program: vectors, memory, constructors.
#include <cstdint>
#include <cstring>

#include "faults.hpp"
#include "registers.hpp"

extern "C" {
extern std::uint32_t stack_begin[], stack_end[], data_source[], data_begin[], data_end[], bss_begin[], bss_end[];
extern void (*init_array_begin[])();
extern void (*init_array_end[])();

[[noreturn]] void run_board();
void reset_handler();
void systick_handler();
void ethernet_handler();
void button_handler();
// Nothing is destroyed at the end: there is none.
void* __dso_handle = nullptr;
}

namespace {

using recado::mps2_an500::at;
namespace scs = recado::mps2_an500::scs;

/// What the stack is filled with, so that its use can be measured.
constexpr std::uint32_t paint = 0xa5a5a5a5;

struct vector_table {
  std::uint32_t* stack;
  void (*exceptions[15])();
  void (*interrupts[32])();
};

constexpr vector_table make_vectors() {
  vector_table made{stack_end, {}, {}};
  for (auto& each : made.exceptions) each = fault_handler;
  for (auto& each : made.interrupts) each = fault_handler;
  made.exceptions[0] = reset_handler;
  made.exceptions[1] = watchdog_handler;
  made.exceptions[14] = systick_handler;
  made.interrupts[recado::mps2_an500::ethernet_interrupt] = ethernet_handler;
  made.interrupts[recado::mps2_an500::uart_button_interrupt] = button_handler;
  return made;
}

[[gnu::section(".vectors"), gnu::used]] constinit const vector_table vectors = make_vectors();

}  // namespace

void reset_handler() {
  at(scs::coprocessor_access) = at(scs::coprocessor_access) | 0xfu << 20;  // the FPU
  asm volatile("dsb\n isb" ::: "memory");
  for (volatile std::uint32_t* word = stack_begin; word < static_cast<std::uint32_t*>(__builtin_frame_address(0)) - 16;
       ++word)
    *word = paint;
  const std::uint32_t* from = data_source;
  for (std::uint32_t* to = data_begin; to < data_end;) *to++ = *from++;
  for (std::uint32_t* to = bss_begin; to < bss_end;) *to++ = 0;
  at(scs::handler_control) = at(scs::handler_control) | 7u << 16;  // memory, bus and usage faults by themselves
  for (auto** each = init_array_begin; each < init_array_end; ++each) (*each)();
  run_board();
}

namespace recado::mps2_an500 {

std::size_t stack_used() {
  const std::uint32_t* word = stack_begin;
  while (word < stack_end && *word == paint) ++word;
  return static_cast<std::size_t>(stack_end - word) * sizeof(std::uint32_t);
}

}  // namespace recado::mps2_an500
