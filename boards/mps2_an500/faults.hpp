// What happens when the program goes wrong: it is said where, and the board starts again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <recado/core/text.hpp>

extern "C" {
void fault_handler();     ///< any exception or interrupt that nobody expects
void watchdog_handler();  ///< the watchdog's NMI: the program stood still
}

namespace recado::mps2_an500 {

/// What was written down when the last run ended badly. Without values of its own: it lies in memory that nothing may
/// clear at the start.
struct fault_record {
  std::uint32_t exception;                                ///< its number: 2 watchdog, 3 hard fault, 4 to 6 others
  std::uint32_t program_counter, link_register;           ///< where it was, and who had called
  std::uint32_t program_status;                           ///< xPSR
  std::uint32_t configurable_fault, hard_fault;           ///< CFSR and HFSR
  std::uint32_t memory_fault_address, bus_fault_address;  ///< MMFAR and BFAR, if CFSR says that they hold
};

/// In words, on one line.
void describe(const fault_record& what, text_sink& out);
/// The record of the run before this one, once.
std::optional<fault_record> last_fault();

/// Starts the board again; memory that no image claims survives.
[[noreturn]] void reset();
/// Ends the run: in a test build the emulator's exit status becomes `status` (0 to 255), else the board starts again.
[[noreturn]] void end_run(int status);
/// Bytes of stack that were used so far at most.
std::size_t stack_used();

}  // namespace recado::mps2_an500
