// Ethernet frames around the real payload: what the network carried below recado, made up again.
#pragma once

#include <cstdint>
#include <string>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>

namespace recado::capture {

/// One side of a packet.
struct party {
  mac_address mac;  ///< its Ethernet address
  endpoint at;      ///< an address of kind none counts as "any" of the other side's family
};

/// TCP flags (RFC 9293 §3.1).
enum tcp_flag : std::uint8_t { tcp_fin = 0x01, tcp_syn = 0x02, tcp_rst = 0x04, tcp_psh = 0x08, tcp_ack = 0x10 };

/// The fields of a TCP header that differ between segments.
struct tcp_fields {
  std::uint32_t sequence = 0;              ///< of the first byte of the payload
  std::uint32_t acknowledgement = 0;       ///< the next byte that is expected from the peer
  std::uint8_t flags = 0;                  ///< of `tcp_flag`
  std::uint16_t maximum_segment_size = 0;  ///< sent as an option unless 0
};

/// Payload bytes of one TCP segment that fit into 1500 bytes of Ethernet.
inline constexpr std::size_t segment_bytes_max_v4 = 1460;
/// The same with IPv6.
inline constexpr std::size_t segment_bytes_max_v6 = 1440;
/// A larger datagram can't exist (RFC 768: a length of 16 bits, with headers).
inline constexpr std::size_t datagram_bytes_max = 65'507;

/// A frame with a UDP datagram (RFC 768) over IPv4 or IPv6, all checksums right. The payload has at most
/// `datagram_bytes_max` bytes; the frame isn't fragmented whatever its size.
std::string udp_frame(const party& from, const party& to, bytes payload, std::uint16_t identification);

/// A frame with a TCP segment (RFC 9293), likewise.
std::string tcp_frame(const party& from, const party& to, const tcp_fields& fields, bytes payload,
                      std::uint16_t identification);

}  // namespace recado::capture
