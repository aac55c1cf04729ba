#include "faults.hpp"

#include "registers.hpp"

namespace recado::nucleo_h723zg {
namespace {

// ARMv7-M Architecture Reference Manual, B3.2.15: the bits of CFSR, most telling first.
struct reason {
  std::uint32_t bits;
  std::string_view words;
};
constexpr reason reasons[] = {
    {bit(25), "a division by zero"},
    {bit(24), "an unaligned access"},
    {bit(19), "a coprocessor or FPU instruction without leave"},
    {bit(18), "a wrong return from an exception"},
    {bit(17), "an instruction in the wrong state"},
    {bit(16), "an undefined instruction"},
    {bit(12) | bit(11) | bit(13) | bit(4) | bit(3) | bit(5), "a stack that is full or wrong"},
    {bit(10), "a write that the bus refused a little earlier"},
    {bit(9), "a read or write that the bus refused"},
    {bit(8), "an instruction that the bus refused to fetch"},
    {bit(1), "a read or write that the memory protection forbids"},
    {bit(0), "an instruction from memory that must not be executed"},
};
constexpr std::uint32_t bfar_valid = bit(15), mmfar_valid = bit(7), vector_failed = bit(1);

std::string_view reason_of(const fault_record& what) {
  for (const reason& each : reasons)
    if (what.cfsr & each.bits) return each.words;
  if (what.hfsr & vector_failed) return "a vector that could not be read";
  if (what.exception == 2) return "a non-maskable interrupt";
  if (what.exception >= 16) return "an interrupt that nobody expects";
  return "a fault without a reason";
}

}  // namespace

void describe(const fault_record& what, text_sink& out) {
  out << reason_of(what);
  if (what.cfsr & bfar_valid) out << ", of address 0x", out.hex(what.bfar, 8);
  else if (what.cfsr & mmfar_valid) out << ", of address 0x", out.hex(what.mmfar, 8);
  if (what.exception >= 16) out << " (number ", out.number(what.exception - 16), out << ")";
  out << "; at 0x", out.hex(what.pc, 8), out << ", called from 0x", out.hex(what.lr, 8);
  out << ", stack 0x", out.hex(what.sp, 8), out << ", CFSR 0x", out.hex(what.cfsr, 8);
  out << ", HFSR 0x", out.hex(what.hfsr, 8);
}

std::string_view reset_cause_words(std::uint32_t flags) {
  if (flags & rcc::iwdg1rstf) return "watchdog";
  if (flags & rcc::sftrstf) return "fault or program";
  if (flags & (rcc::porrstf | rcc::borrstf)) return "power";
  if (flags & rcc::pinrstf) return "reset button";
  return "something else";
}

bool lost_power(std::uint32_t flags) { return (flags & (rcc::porrstf | rcc::borrstf)) != 0; }

}  // namespace recado::nucleo_h723zg
