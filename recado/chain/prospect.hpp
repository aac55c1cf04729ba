// Is it worth trying again? What the reason of a failure says about the next attempt.
#pragma once

#include <cstdint>

#include <recado/core/fault.hpp>

namespace recado::chain {

/// What becomes of another attempt at the same broker.
enum class prospect : std::uint8_t {
  passing,    ///< it may go by itself: the network, a busy or restarting server
  elsewhere,  ///< the server names another one: Server Reference (5.0 §4.11), reason codes 0x9C and 0x9D
  final,  ///< the same again, until somebody changes something: credentials, rights, a certificate, a protocol error
};

/// Judges by the fault alone. What isn't known is `passing`: it is tried again, and told each time.
prospect prospect_of(const fault& why);

/// True if TLS refused a certificate or a CRL for its dates: then this side's clock may be what is wrong.
bool blames_a_date(const fault& why);

/// True if the server has moved for good (0x9D), as opposed to for now (0x9C).
bool moved_for_good(const fault& why);

}  // namespace recado::chain
