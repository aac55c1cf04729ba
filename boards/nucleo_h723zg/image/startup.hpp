// What the start left behind for the image.
#pragma once

#include <cstddef>
#include <span>

#include "../clock.hpp"
#include "../faults.hpp"
#include "../registers.hpp"

namespace recado::nucleo_h723zg {

/// How the clocks came up.
const clock_state& clocks();
/// What fault ended the last run, if one did. Taken once: `mark` is cleared.
fault_record take_fault();
/// The memory of the last fault holds nothing, because the power was gone.
void forget_fault();
/// The bytes of the stack that were ever used.
std::size_t stack_used();
/// From now on that interrupt ends a sleep; it is never taken.
void wake_by(irq which);
/// Sleeps until one of these, which `wake_by` named, asks for attention.
void doze(std::span<const irq> waking);
/// Resets the chip.
[[noreturn]] void reset();

}  // namespace recado::nucleo_h723zg
