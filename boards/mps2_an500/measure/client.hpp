// The client that is measured: session, TLS filter and network as the application has them, in test mode.
#pragma once

#include <span>

#include <recado/device/channel.hpp>
#include <recado/device/test_mode.hpp>

#include "cable.hpp"

namespace recado::measure {

/// What messages of one size cost, in instructions.
struct message_cost {
  device::test_sample write,     ///< of the cheapest way out
      read;                      ///< of the cheapest way in
  std::uint32_t write_most = 0,  ///< all of the dearest way out
      read_most = 0,             ///< all of the dearest way in
      input = 0;                 ///< of the cheapest: driver and lwIP, before the way in begins
};

/// Which sizes, in bytes.
inline constexpr std::uint32_t message_sizes[] = {16, 128, 512, 1024};

/// Where the client connects to.
struct destination {
  endpoint where;          ///< the peer's port
  std::string_view name;   ///< as in its certificate
  device::secure* cipher;  ///< null: without TLS
};

/// What one connection has cost.
struct connection_cost {
  std::uint32_t handshake = 0;                                  ///< of TLS: all that the client did; 0 without
  std::array<message_cost, std::size(message_sizes)> messages;  ///< for each of the sizes
};

/// Connects, measures all sizes, and leaves.
std::expected<connection_cost, fault> measure(const device::configuration& chosen, const device::board& on, cable& wire,
                                              const destination& to);

}  // namespace recado::measure
