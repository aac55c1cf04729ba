// The board with nobody at the other end of the cable, and nobody who waits for it.
#pragma once

namespace recado::mps2_an500 {

/// From now on the controller's PHY sends back what is sent, it takes every frame, whoever it is for, and doesn't
/// interrupt.
void send_back();
/// A handshake of both ends takes longer than the watchdog waits.
void stop_watchdog();

}  // namespace recado::mps2_an500
