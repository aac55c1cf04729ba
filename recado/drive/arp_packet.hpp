// Ethernet frames of ARP for IPv4 (RFC 826, RFC 5227).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>

namespace recado {

/// Ethernet header and ARP packet, without padding.
inline constexpr std::size_t arp_frame_bytes = 42;

/// One ARP packet, asked of or told to everybody.
struct arp_packet {
  /// Asking or answering (RFC 826).
  enum class operation : std::uint16_t { request = 1, reply = 2 };
  operation what = operation::request;  ///< which of the two
  mac_address sender_mac;               ///< its Ethernet address
  ip_address sender;                    ///< 0.0.0.0 in a probe
  mac_address target_mac;               ///< all zero in a request
  ip_address target;                    ///< whom it is about
};

/// Writes the frame, sent by `packet.sender_mac` to all stations. Empty if it doesn't fit.
bytes make_arp_frame(const arp_packet& packet, mutable_bytes memory);
/// Reads a frame strictly; padding is allowed. Nothing if it isn't ARP for IPv4 over Ethernet.
std::optional<arp_packet> read_arp_frame(bytes frame);

/// True if `packet` shows that somebody other than `own` uses `address`, or is about to (RFC 5227 §2.1.1).
bool shows_conflict(const arp_packet& packet, const ip_address& address, const mac_address& own);

}  // namespace recado
