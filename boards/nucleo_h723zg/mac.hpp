// The Ethernet MAC and its DMA: start, speed, and what they report.
#pragma once

#include <cstdint>

#include <recado/core/address.hpp>

#include "phy.hpp"
#include "receive_ring.hpp"
#include "transmit_ring.hpp"

namespace recado::nucleo_h723zg {

/// An Ethernet address of this chip's own: locally administered, from a hash of its unique identifier, so that no two
/// boards on a network have the same (the original had one for all).
mac_address address_of_chip();

/// The MAC with its two rings, which must outlive it.
class ethernet_mac {
 public:
  ethernet_mac(receive_ring& in, transmit_ring& out) : in_(in), out_(out) {}

  /// Pins, clocks and the choice of RMII; before the first `start`.
  void power_up();
  /// Resets and sets up everything. False if the transceiver gives no clock: nothing can be reset then.
  bool start(const mac_address& own, std::uint32_t bus_mhz);
  /// Sets speed and duplex, and lets frames through.
  void run(link_mode mode);
  /// Lets no frame through.
  void halt();
  /// Takes what the DMA has reported since the last time. True if a bus error has stopped it for good: only `start`
  /// helps.
  bool poll();

  /// What the DMA reported so far.
  struct counts {
    std::uint32_t ran_dry = 0;     ///< times that no descriptor was ready to receive
    std::uint32_t bus_errors = 0;  ///< times that it could not reach a buffer
    std::uint32_t missed = 0;      ///< frames that found no room, as the MAC counts them
  };
  const counts& counted() const { return counts_; }  ///< so far

 private:
  receive_ring& in_;
  transmit_ring& out_;
  counts counts_;
};

}  // namespace recado::nucleo_h723zg
