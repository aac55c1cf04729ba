// From a recorded frame to the UDP datagram or TCP segment in it.
#pragma once

#include <cstdint>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>

namespace recado::capture {

/// What a frame carries.
struct dissected {
  /// The kinds of frames.
  enum class kind : std::uint8_t {
    other,      ///< neither UDP nor TCP over IP
    udp,        ///< a whole datagram
    tcp,        ///< a segment
    fragment,   ///< a piece of an IP packet (RFC 791 §3.2, RFC 8200 §4.5): pieces aren't put together
    malformed,  ///< a header contradicts the frame's length
    unknown_link,
  };
  kind what = kind::other;     ///< which of them
  endpoint from,               ///< source; without a port for a fragment
      to;                      ///< destination
  bytes payload;               ///< of the datagram or segment, in place
  std::uint32_t sequence = 0;  ///< of TCP
  std::uint8_t flags = 0;      ///< of TCP: see `tcp_flag`
};

/// Link types (the registry of tcpdump.org): null and loop, Ethernet, raw IP, PPP and PPPoE, Linux "cooked" 1 and 2. It
/// looks behind VLAN tags, labels of MPLS and PPPoE, and into GRE, IP in IP and VXLAN: what is told is the innermost.
dissected dissect(std::uint16_t link_type, bytes frame);

}  // namespace recado::capture
