// What can go wrong while the time is asked for.
#pragma once

#include <cstdint>

#include <recado/core/fault.hpp>
#include <recado/core/phrase.hpp>

namespace recado::ntp {

/// The first group is returned by `start`, the second arrives in `failed`.
enum class error : std::uint16_t {
  no_server = 1,  ///< the list is empty

  time_out = 20,      ///< no server answered
  unreachable,        ///< no server could be reached at all
  unsynchronised,     ///< the server says that it doesn't know the time
  denied,             ///< kiss-o'-death DENY or RSTR: the server doesn't serve us
  rate_limited,       ///< kiss-o'-death RATE: asked too often; the detail is how many seconds to wait
  kiss,               ///< another kiss code, its four characters are the detail
  too_far,            ///< root delay and dispersion too large to be of use
  before_build_date,  ///< the server's time is before this program was built
  implausible,        ///< time stamps that contradict themselves
};
constexpr layer layer_of(error) { return layer::ntp; }

/// The cause, as half a sentence.
phrase words(error code);
/// What to do about it.
phrase remedy(error code);

}  // namespace recado::ntp
