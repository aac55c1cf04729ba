#include <recado/drive/arp_packet.hpp>

#include <algorithm>

#include <recado/wire/cursor.hpp>

namespace recado {
namespace {

constexpr std::uint16_t ethertype_arp = 0x0806;
constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint16_t hardware_ethernet = 1;

mac_address read_mac(wire::reader& in) {
  mac_address result;
  const bytes octets = in.take(6);
  std::copy(octets.begin(), octets.end(), result.octets.begin());
  return result;
}

}  // namespace

bytes make_arp_frame(const arp_packet& packet, mutable_bytes memory) {
  wire::writer out{memory};
  out.fill(6, std::byte{0xff});  // to all stations
  out.put(packet.sender_mac.octets);
  out.u16(ethertype_arp);
  out.u16(hardware_ethernet), out.u16(ethertype_ipv4);
  out.u8(6), out.u8(4);
  out.u16(static_cast<std::uint16_t>(packet.what));
  out.put(packet.sender_mac.octets);
  out.u32(packet.sender.v4_value());
  out.put(packet.target_mac.octets);
  out.u32(packet.target.v4_value());
  if (out.failed()) return {};
  return out.written();
}

std::optional<arp_packet> read_arp_frame(bytes frame) {
  wire::reader in{frame};
  in.take(12);
  const bool is_arp = in.u16() == ethertype_arp && in.u16() == hardware_ethernet && in.u16() == ethertype_ipv4 &&
                      in.u8() == 6 && in.u8() == 4;
  const std::uint16_t operation = in.u16();
  arp_packet packet;
  packet.sender_mac = read_mac(in);
  packet.sender = ip_address::v4(in.u32());
  packet.target_mac = read_mac(in);
  packet.target = ip_address::v4(in.u32());
  if (in.failed() || !is_arp || (operation != 1 && operation != 2)) return std::nullopt;
  packet.what = static_cast<arp_packet::operation>(operation);
  return packet;
}

bool shows_conflict(const arp_packet& packet, const ip_address& address, const mac_address& own) {
  if (packet.sender_mac == own) return false;  // our own probe, come back by a switch
  if (packet.sender == address) return true;
  return packet.what == arp_packet::operation::request && packet.sender.v4_value() == 0 && packet.target == address;
}

}  // namespace recado
