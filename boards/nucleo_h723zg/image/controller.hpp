// The Ethernet of the board for lwIP: MAC, rings and transceiver together.
//
// A frame that came is lent to lwIP where the DMA has put it, and its buffer comes back when lwIP frees it. When few
// buffers are left, because somebody keeps frames for long, frames are copied instead, so that new ones can still come.
#pragma once

#include <lwip/pbuf.h>

#include <array>
#include <optional>

#include <recado/drive/lwip/ethernet.hpp>

#include "../mac.hpp"

namespace recado::nucleo_h723zg {

/// The one controller of the board.
class ethernet_controller final : public lwip::ethernet {
 public:
  /// So often a MAC that doesn't start is tried again.
  static constexpr duration try_again_after = std::chrono::seconds{1};

  ethernet_controller();
  /// Starts what it can; the rest is tried again by `poll`.
  void open(std::uint32_t bus_mhz, instant now);
  /// Looks after the transceiver; call it whenever the loop turns.
  void poll(instant now);
  /// When `poll` is due at the latest.
  instant deadline() const { return running_ ? transceiver_.deadline() : again_; }
  /// True once MAC and transceiver have answered.
  bool answers() const { return running_ && transceiver_.answers(); }
  /// What the transceiver says that it is.
  std::uint32_t identity() const { return transceiver_.identity(); }
  /// The link, if it is up.
  std::optional<link_mode> link() const { return running_ ? transceiver_.link() : std::nullopt; }

  mac_address address() const override { return own_; }
  bool link_is_up() override { return link().has_value(); }
  bool send(const pbuf& frame) override;
  pbuf* receive() override;

 private:
  /// A receive buffer as lwIP holds it.
  struct lent_frame {
    pbuf_custom frame{};
    unsigned buffer = 0;
  };
  static void returned(pbuf* frame);
  bool restart();
  pbuf* lend(const receive_ring::frame& found);
  pbuf* copied(const receive_ring::frame& found);

  receive_ring in_;
  transmit_ring out_;
  ethernet_mac mac_{in_, out_};
  mdio bus_;
  phy transceiver_{bus_};
  mac_address own_;
  std::uint32_t bus_mhz_ = 64;
  bool running_ = false;
  instant again_ = never;
  std::optional<receive_ring::frame> held_;  ///< taken, and waits for a buffer of lwIP's
  std::array<lent_frame, receive_ring::buffers_max> lent_;
};

}  // namespace recado::nucleo_h723zg
