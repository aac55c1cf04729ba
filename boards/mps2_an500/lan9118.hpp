// The Ethernet controller of the board: SMSC LAN9118, by programmed input and output.
#pragma once

#include <cstdint>

#include <recado/drive/lwip/ethernet.hpp>

namespace recado::mps2_an500 {

/// The one controller. Its interrupt only wakes the loop.
class lan9118 final : public lwip::ethernet {
 public:
  /// Resets and switches it on; false if no LAN9118 answers there.
  bool open();
  mac_address address() const override { return address_; }
  bool link_is_up() override;
  bool send(const pbuf& frame) override;
  pbuf* receive() override;

 private:
  mac_address address_;
  bool link_ = false;
};

}  // namespace recado::mps2_an500
