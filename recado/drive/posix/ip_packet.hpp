// UDP over IPv4 made and checked by hand, for hosts that have no address yet (RFC 791, RFC 768).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>

namespace recado::posix {

/// The headers that `make_udp_packet` puts before the payload.
inline constexpr std::size_t udp_packet_header_bytes = 28;

/// What is in an IPv4 packet that holds one whole UDP datagram; the payload points into the packet.
struct udp_packet {
  endpoint source;       ///< IPv4 address and port
  endpoint destination;  ///< IPv4 address and port
  bytes payload;         ///< of the datagram
};

/// Writes an IPv4 packet with both checksums to the front of `memory`: don't fragment, time to live 64. Empty if it
/// doesn't fit or the endpoints aren't IPv4.
bytes make_udp_packet(const udp_packet& what, mutable_bytes memory);

/// How much of the UDP checksum an arriving packet has.
enum class checksum : std::uint8_t {
  complete,
  unfinished,  ///< from a virtual interface whose sender left the sum to hardware that isn't there (veth)
};

/// Reads a packet strictly: version, lengths, both checksums, no fragment. Options are skipped, and so is padding
/// behind the packet. Nothing if any of it is wrong.
std::optional<udp_packet> read_udp_packet(bytes packet, checksum sum);

/// The Internet checksum (RFC 1071), going on from `before`; not yet complemented.
std::uint32_t add_checksum(bytes data, std::uint32_t before = 0);
/// The checksum as it stands in a header: folded to 16 bits and complemented (RFC 1071).
std::uint16_t finish_checksum(std::uint32_t sum);

}  // namespace recado::posix
