// The Ethernet controller as the interface needs it; each board has its own.
#pragma once

#include <recado/core/address.hpp>

struct pbuf;

namespace recado::lwip {

/// Sends and receives frames, which lie in lwIP's buffers; each begins with two bytes of padding (ETH_PAD_SIZE).
class ethernet {
 public:
  /// The controller's own address.
  virtual mac_address address() const = 0;
  /// True while the cable is in and both ends have agreed on how to speak.
  virtual bool link_is_up() = 0;
  /// Sends a frame, which may be in several pieces; doesn't keep them. False if there is no room now.
  virtual bool send(const pbuf& frame) = 0;
  /// The next frame that came, or null. Who gets it frees it. Nothing is lost if lwIP has no buffer: it waits.
  virtual pbuf* receive() = 0;

 protected:
  ~ethernet() = default;
};

}  // namespace recado::lwip
