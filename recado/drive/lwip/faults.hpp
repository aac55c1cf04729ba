// lwIP's errors as faults.
#pragma once

#include <recado/core/fault.hpp>

namespace recado::lwip {

/// What `err_t` says about a stream; the detail is its number without the sign.
fault stream_fault(int error);

}  // namespace recado::lwip
