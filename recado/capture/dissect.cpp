#include <recado/capture/dissect.hpp>

#include <algorithm>

#include <recado/wire/cursor.hpp>

namespace recado::capture {
namespace {

using kind = dissected::kind;

constexpr std::uint16_t ether_type_ipv4 = 0x0800;
constexpr std::uint16_t ether_type_ipv6 = 0x86dd;
constexpr std::uint16_t ether_type_mpls = 0x8847;              // RFC 3032 §5
constexpr std::uint16_t ether_type_mpls_upstream = 0x8848;     // RFC 5332
constexpr std::uint16_t ether_type_pppoe = 0x8864;             // RFC 2516 §4, the session stage
constexpr std::uint16_t ether_type_ethernet = 0x6558;          // in GRE: a whole frame (RFC 1701)
constexpr std::uint16_t ppp_ipv4 = 0x0021, ppp_ipv6 = 0x0057;  // RFC 1332 §2, RFC 5072 §2
constexpr std::uint16_t port_vxlan = 4789;                     // RFC 7348 §5
constexpr std::uint8_t protocol_ipv4 = 4;                      // RFC 2003
constexpr std::uint8_t protocol_tcp = 6;
constexpr std::uint8_t protocol_udp = 17;
constexpr std::uint8_t protocol_ipv6 = 41;  // RFC 4213
constexpr std::uint8_t protocol_gre = 47;   // RFC 2784
constexpr int extension_headers_max = 8;
/// Headers of IP, and frames within frames, that are looked behind: so deep nobody nests tunnels.
constexpr int depth_max = 8;

dissected ethernet(bytes frame, int depth);
dissected ipv4(bytes packet, int depth);
dissected ipv6(bytes packet, int depth);
dissected of_type(std::uint16_t type, wire::reader& in, int depth);

dissected only(kind what) {
  dissected result;
  result.what = what;
  return result;
}

/// RFC 7348 §5: flags with "I", a network's number, an Ethernet frame.
bool is_vxlan(const dissected& datagram) {
  return datagram.to.port == port_vxlan && datagram.payload.size() >= 8 &&
         (datagram.payload[0] & std::byte{0x08}) != std::byte{};
}

dissected transport(std::uint8_t protocol, dissected result, bytes data, int depth) {
  wire::reader in{data};
  result.from.port = in.u16();
  result.to.port = in.u16();
  if (protocol == protocol_udp) {
    const std::size_t length = in.u16();
    (void)in.u16();
    if (in.failed() || length < 8 || length > data.size()) return only(kind::malformed);
    result.what = kind::udp;
    result.payload = data.subspan(8, length - 8);
    return is_vxlan(result) ? ethernet(result.payload.subspan(8), depth) : result;
  }
  result.sequence = in.u32();
  (void)in.u32();
  const std::size_t header = std::size_t{in.u8()} / 16 * 4;
  result.flags = in.u8();
  if (in.failed() || header < 20 || header > data.size()) return only(kind::malformed);
  result.what = kind::tcp;
  result.payload = data.subspan(header);
  return result;
}

/// RFC 2784 §2, with the fields of RFC 2890. Version 1 is PPTP's, and routing is no more (RFC 2784 §5.3).
dissected gre(bytes packet, int depth) {
  wire::reader in{packet};
  const unsigned flags = in.u16();
  const std::uint16_t type = in.u16();
  if (in.failed()) return only(kind::malformed);
  if ((flags & 0x4007) != 0) return only(kind::other);
  for (const unsigned each : {0x8000U, 0x2000U, 0x1000U})  // checksum, key, sequence number
    if ((flags & each) != 0) (void)in.u32();
  return of_type(type, in, depth);
}

bool is_looked_into(std::uint8_t protocol) {
  return protocol == protocol_tcp || protocol == protocol_udp || protocol == protocol_gre ||
         protocol == protocol_ipv4 || protocol == protocol_ipv6;
}

/// What an IP packet holds.
dissected held(std::uint8_t protocol, const dissected& result, bytes data, int depth) {
  switch (protocol) {
    case protocol_gre:
      return gre(data, depth);
    case protocol_ipv4:
      return ipv4(data, depth);
    case protocol_ipv6:
      return ipv6(data, depth);
    default:
      return transport(protocol, result, data, depth);
  }
}

dissected ipv4(bytes packet, int depth) {
  if (depth == depth_max) return only(kind::other);
  wire::reader in{packet};
  const std::size_t header = (in.u8() & 15u) * 4u;
  (void)in.u8();
  std::size_t length = in.u16();
  (void)in.u16();
  const unsigned fragment = in.u16();
  (void)in.u8();
  const std::uint8_t protocol = in.u8();
  (void)in.u16();
  dissected result;
  result.from.address = ip_address::v4(in.u32());
  result.to.address = ip_address::v4(in.u32());
  if (length == 0) length = packet.size();  // filled in by the network card later
  if (in.failed() || header < 20 || length < header || length > packet.size()) return only(kind::malformed);
  if ((fragment & 0x3fff) != 0) return only(kind::fragment);
  if (!is_looked_into(protocol)) return only(kind::other);
  return held(protocol, result, packet.subspan(header, length - header), depth + 1);
}

ip_address take_v6(wire::reader& in) {
  std::array<std::byte, 16> octets{};
  const bytes from = in.take(octets.size());
  if (!in.failed()) copy(from, octets);
  return ip_address::v6(octets);
}

dissected ipv6(bytes packet, int depth) {
  if (depth == depth_max) return only(kind::other);
  wire::reader in{packet};
  (void)in.u32();
  std::size_t length = in.u16();
  std::uint8_t protocol = in.u8();
  (void)in.u8();
  dissected result;
  result.from.address = take_v6(in);
  result.to.address = take_v6(in);
  if (length == 0) length = in.remaining();
  if (in.failed() || length > in.remaining()) return only(kind::malformed);
  bytes data = in.rest().first(length);
  for (int i = 0; i < extension_headers_max; ++i) {  // RFC 8200 §4.1: hop-by-hop, routing, destination options
    if (protocol == 44) return only(kind::fragment);
    if (is_looked_into(protocol)) return held(protocol, result, data, depth + 1);
    if (protocol != 0 && protocol != 43 && protocol != 60) return only(kind::other);
    if (data.size() < 8) return only(kind::malformed);
    const std::size_t size = (std::to_integer<std::size_t>(data[1]) + 1) * 8;
    if (size > data.size()) return only(kind::malformed);
    protocol = std::to_integer<std::uint8_t>(data[0]);
    data = data.subspan(size);
  }
  return only(kind::other);
}

dissected ip(bytes packet, int depth) {
  const unsigned version = packet.empty() ? 0 : std::to_integer<unsigned>(packet[0]) >> 4;
  return version == 4 ? ipv4(packet, depth) : version == 6 ? ipv6(packet, depth) : only(kind::malformed);
}

/// RFC 1661 §2; RFC 1662 §3.1 with its address and control in front; the protocol may be compressed (§6.5).
dissected ppp(bytes frame, int depth) {
  wire::reader in{frame};
  unsigned protocol = in.u8();
  if (protocol == 0xff) (void)in.u8(), protocol = in.u8();
  if ((protocol & 1) == 0) protocol = protocol << 8 | in.u8();
  if (in.failed()) return only(kind::malformed);
  if (protocol == ppp_ipv4) return ipv4(in.rest(), depth);
  return protocol == ppp_ipv6 ? ipv6(in.rest(), depth) : only(kind::other);
}

/// RFC 2516 §4: version and type 1, code 0 for the session, its number, a length; padding may follow.
dissected pppoe(bytes packet, int depth) {
  wire::reader in{packet};
  const unsigned version = in.u8(), code = in.u8();
  (void)in.u16();
  const std::size_t length = in.u16();
  if (in.failed() || length > in.remaining()) return only(kind::malformed);
  return version == 0x11 && code == 0 ? ppp(in.rest().first(length), depth) : only(kind::other);
}

/// RFC 3032 §2.1: a stack of labels. Nothing says what is below; its first bits do, if that is IP.
dissected mpls(wire::reader& in, int depth) {
  constexpr std::uint32_t bottom = 0x100;
  while (!in.failed() && (in.u32() & bottom) == 0) {
  }
  if (in.failed() || in.remaining() == 0) return only(kind::malformed);
  const unsigned version = std::to_integer<unsigned>(in.rest()[0]) >> 4;
  return version == 4 || version == 6 ? ip(in.rest(), depth) : only(kind::other);
}

dissected of_type(std::uint16_t type, wire::reader& in, int depth) {
  for (int tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8); ++tags) {  // IEEE 802.1Q
    (void)in.u16();
    type = in.u16();
  }
  if (in.failed()) return only(kind::malformed);
  switch (type) {
    case ether_type_ipv4:
      return ipv4(in.rest(), depth);
    case ether_type_ipv6:
      return ipv6(in.rest(), depth);
    case ether_type_pppoe:
      return pppoe(in.rest(), depth);
    case ether_type_mpls:
    case ether_type_mpls_upstream:
      return mpls(in, depth);
    case ether_type_ethernet:
      return ethernet(in.rest(), depth + 1);
    default:
      return only(kind::other);
  }
}

dissected ethernet(bytes frame, int depth) {
  if (depth == depth_max) return only(kind::other);
  wire::reader in{frame};
  (void)in.take(12);
  return of_type(in.u16(), in, depth);
}

}  // namespace

dissected dissect(std::uint16_t link_type, bytes frame) {
  wire::reader in{frame};
  switch (link_type) {
    case 1:
      return ethernet(frame, 0);
    case 9:  // PPP, with or without RFC 1662's address and control
      return ppp(frame, 0);
    case 51:  // PPPoE without Ethernet
      return pppoe(frame, 0);
    case 113:  // Linux cooked 1
      (void)in.take(14);
      return of_type(in.u16(), in, 0);
    case 276: {  // Linux cooked 2
      const std::uint16_t type = in.u16();
      (void)in.take(18);
      return of_type(type, in, 0);
    }
    case 0:    // null: the address family in the recorder's order of octets; the version tells the same
    case 108:  // loop: the same in network order
      (void)in.u32();
      return in.failed() ? only(kind::malformed) : ip(in.rest(), 0);
    case 12:
    case 14:
    case 101:
      return ip(frame, 0);
    case 228:
      return ipv4(frame, 0);
    case 229:
      return ipv6(frame, 0);
    default:
      return only(kind::unknown_link);
  }
}

}  // namespace recado::capture
