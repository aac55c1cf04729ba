// What lies between the board and the peer: the real controller, whose PHY sends back what is sent.
#pragma once

#include <recado/device/board.hpp>
#include <recado/drive/lwip/ethernet.hpp>

#include "tcp_peer.hpp"

namespace recado::measure {

/// Instructions since some beginning, where the emulator's clock goes on by 128 ns with each (`-icount shift=7`).
class instruction_counter final : public device::stopwatch {
 public:
  /// Counts by the board's.
  explicit instruction_counter(device::stopwatch& below) : below_(below) {}
  /// Instructions, in spite of its name: the counter's step of 40 ns is less than one of them.
  std::uint64_t nanoseconds() override { return (below_.nanoseconds() + 64) / 128; }

 private:
  device::stopwatch& below_;
};

/// The time of the script: it goes on only when the script says so.
instant script_time();
/// A millisecond passes, and lwIP does what is due.
void let_time_pass();

/// The two of them and the frames between.
class cable {
 public:
  /// The controller is open; from now on what it sends comes back to it. All must outlive it.
  cable(lwip::ethernet& controller, tcp_peer& peer, device::stopwatch& counter);
  /// Carries frames until neither end has one, and lets lwIP take in the board's.
  void carry();
  /// Instructions of driver and lwIP for the frames that the board took in since this was asked last.
  std::uint32_t taken_in();

 private:
  void hear_board();
  void tell_board(bytes frame);

  lwip::ethernet& controller_;
  tcp_peer& peer_;
  device::stopwatch& counter_;
  std::uint64_t taken_in_ = 0;
};

}  // namespace recado::measure
