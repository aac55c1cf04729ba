// What is kept of a fault over the reset that follows it, and how it is said on the next start.
#pragma once

#include <cstdint>
#include <string_view>

#include <recado/core/text.hpp>

namespace recado::nucleo_h723zg {

/// The registers at the moment of a fault. It lies in memory that nothing clears at the start.
struct fault_record {
  static constexpr std::uint32_t valid = 0x46415554;  ///< `mark` of a record that was written

  std::uint32_t mark;       ///< `valid`, or anything
  std::uint32_t exception;  ///< number of the exception: 2 NMI, 3 hard, 4 memory, 5 bus, 6 usage, 16 and up interrupts
  std::uint32_t pc;         ///< where; with an imprecise bus fault, a little behind that
  std::uint32_t lr;         ///< who called
  std::uint32_t sp;         ///< the stack, behind what the fault put there
  std::uint32_t cfsr;       ///< configurable fault status
  std::uint32_t hfsr;       ///< hard fault status
  std::uint32_t mmfar;      ///< the address, if `cfsr` says so
  std::uint32_t bfar;       ///< the address, if `cfsr` says so
};

/// What went wrong, as half a sentence: "a read or write of memory that isn't there, at 0x60000000".
void describe(const fault_record& what, text_sink& out);
/// What the flags of the reset mean: "power", "reset button", "watchdog", "fault or program".
std::string_view reset_cause_words(std::uint32_t flags);
/// True if memory holds nothing from before: it must be written before it is read, or its ECC complains.
bool lost_power(std::uint32_t flags);

}  // namespace recado::nucleo_h723zg
