// What an errno means, as a fault.
#pragma once

#include <recado/core/fault.hpp>

namespace recado::posix {

/// The stream fault that an errno of a socket call stands for; its detail is the errno.
fault stream_fault(int error_number);

/// The link fault that an errno of opening or configuring something stands for; its detail is the errno.
fault link_fault(int error_number);

}  // namespace recado::posix
