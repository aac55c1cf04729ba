// The time that lwIP goes by: a board says once how it is read.
#pragma once

#include <recado/core/entropy.hpp>
#include <recado/core/instant.hpp>
#include <recado/core/text.hpp>

namespace recado::lwip {

/// Reads the board's monotonic clock.
using clock_function = instant (*)();

/// Writes what was used at most of lwIP's heap (bytes), frame buffers and segments, and how often something was
/// refused.
void describe_memory(text_sink& out);

/// Starts lwIP, once for the program. `random` must outlive everything and is used for sequence numbers and ports;
/// `failed` is told what lwIP asserts, and doesn't return.
void start(clock_function clock, entropy& random, void (*failed)(const char* what));
/// The time by that clock.
instant now();
/// Does what lwIP's own timers have waiting.
void run_timers();
/// When they are due next.
instant timers_due(instant now);

}  // namespace recado::lwip
