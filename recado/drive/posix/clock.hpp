// The system's clocks: the only place where a PC reads the time.
#pragma once

#include <ctime>
#include <expected>

#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>

namespace recado::posix {

/// The monotonic time line (CLOCK_MONOTONIC): it never jumps and stands still while the machine sleeps.
instant now();

/// The system's idea of civil time (CLOCK_REALTIME), which may be wrong.
utc_time realtime();

/// The instant that corresponds to a reading of the realtime clock in the recent past, as receive time stamps are.
instant instant_of(const timespec& realtime_stamp, instant now);

/// Sets the system's clock. Needs CAP_SYS_TIME; without it `link_error::not_permitted`.
std::expected<void, fault> set_realtime(utc_time time);

}  // namespace recado::posix
