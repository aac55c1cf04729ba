#include <recado/capture/dissect.hpp>

#include <algorithm>

#include <recado/wire/cursor.hpp>

namespace recado::capture {
namespace {

using kind = dissected::kind;

constexpr std::uint16_t ether_type_ipv4 = 0x0800;
constexpr std::uint16_t ether_type_ipv6 = 0x86dd;
constexpr std::uint8_t protocol_tcp = 6;
constexpr std::uint8_t protocol_udp = 17;
constexpr int extension_headers_max = 8;

dissected only(kind what) {
  dissected result;
  result.what = what;
  return result;
}

dissected transport(std::uint8_t protocol, dissected result, bytes data) {
  wire::reader in{data};
  result.from.port = in.u16();
  result.to.port = in.u16();
  if (protocol == protocol_udp) {
    const std::size_t length = in.u16();
    (void)in.u16();
    if (in.failed() || length < 8 || length > data.size()) return only(kind::malformed);
    result.what = kind::udp;
    result.payload = data.subspan(8, length - 8);
    return result;
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

dissected ipv4(bytes packet) {
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
  if (protocol != protocol_tcp && protocol != protocol_udp) return only(kind::other);
  return transport(protocol, result, packet.subspan(header, length - header));
}

ip_address take_v6(wire::reader& in) {
  std::array<std::byte, 16> octets{};
  const bytes from = in.take(octets.size());
  if (!in.failed()) copy(from, octets);
  return ip_address::v6(octets);
}

dissected ipv6(bytes packet) {
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
    if (protocol == protocol_tcp || protocol == protocol_udp) return transport(protocol, result, data);
    if (protocol != 0 && protocol != 43 && protocol != 60) return only(kind::other);
    if (data.size() < 8) return only(kind::malformed);
    const std::size_t size = (std::to_integer<std::size_t>(data[1]) + 1) * 8;
    if (size > data.size()) return only(kind::malformed);
    protocol = std::to_integer<std::uint8_t>(data[0]);
    data = data.subspan(size);
  }
  return only(kind::other);
}

dissected ip(bytes packet) {
  const unsigned version = packet.empty() ? 0 : std::to_integer<unsigned>(packet[0]) >> 4;
  return version == 4 ? ipv4(packet) : version == 6 ? ipv6(packet) : only(kind::malformed);
}

dissected of_type(std::uint16_t type, wire::reader& in) {
  for (int tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8); ++tags) {  // IEEE 802.1Q
    (void)in.u16();
    type = in.u16();
  }
  if (in.failed()) return only(kind::malformed);
  if (type == ether_type_ipv4) return ipv4(in.rest());
  if (type == ether_type_ipv6) return ipv6(in.rest());
  return only(kind::other);
}

}  // namespace

dissected dissect(std::uint16_t link_type, bytes frame) {
  wire::reader in{frame};
  switch (link_type) {
    case 1:  // Ethernet
      (void)in.take(12);
      return of_type(in.u16(), in);
    case 113:  // Linux cooked 1
      (void)in.take(14);
      return of_type(in.u16(), in);
    case 276: {  // Linux cooked 2
      const std::uint16_t type = in.u16();
      (void)in.take(18);
      return of_type(type, in);
    }
    case 0:    // null: the address family in the recorder's order of octets; the version tells the same
    case 108:  // loop: the same in network order
      (void)in.u32();
      return in.failed() ? only(kind::malformed) : ip(in.rest());
    case 12:
    case 14:
    case 101:
      return ip(frame);
    case 228:
      return ipv4(frame);
    case 229:
      return ipv6(frame);
    default:
      return only(kind::unknown_link);
  }
}

}  // namespace recado::capture
