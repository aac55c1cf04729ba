#include "tcp_peer.hpp"

#include <algorithm>

#include <recado/drive/internet_checksum.hpp>
#include <recado/wire/cursor.hpp>

namespace recado::measure {
namespace {

enum : std::uint8_t { fin = 1, syn = 2, rst = 4, psh = 8, ack = 16 };
constexpr std::size_t ethernet_bytes = 14, ip_bytes = 20, tcp_bytes = 20;
constexpr std::uint16_t type_ip = 0x0800;
constexpr std::uint8_t protocol_tcp = 6;
constexpr std::uint32_t first_number = 0x10000000;
/// Maximum segment size: 1460 bytes (RFC 9293 §3.2).
constexpr std::array<std::byte, 4> size_option{std::byte{2}, std::byte{4}, std::byte{0x05}, std::byte{0xb4}};

/// The checksum over both parts, the first of which has an even length, in the order of memory.
std::uint16_t checksum(bytes first, bytes second) {
  std::uint32_t sum = std::uint32_t{internet_checksum(first)} + internet_checksum(second);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void put_checksum(std::uint16_t value, mutable_bytes to) { std::memcpy(to.data(), &value, sizeof value); }

bytes v4(const ip_address& address) { return bytes{address.octets}.first(4); }

}  // namespace

std::optional<tcp_peer::segment> tcp_peer::parse(bytes packet) {
  wire::reader ip{packet};
  const std::uint8_t version = ip.u8();
  (void)ip.u8();
  const std::uint16_t length = ip.u16();
  if (version != 0x45 || length < ip_bytes || length > packet.size() || packet[9] != std::byte{protocol_tcp})
    return std::nullopt;
  wire::reader in{packet.subspan(ip_bytes, length - ip_bytes)};
  segment result;
  result.from = in.u16(), result.to = in.u16();
  result.number = in.u32(), result.acknowledged = in.u32();
  const std::size_t options = std::size_t{in.u8()} / 16 * 4 - tcp_bytes;
  result.flags = in.u8(), result.window = in.u16();
  (void)in.u32();
  (void)in.take(options);
  result.payload = in.rest();
  if (in.failed()) return std::nullopt;
  return result;
}

void tcp_peer::receive(bytes frame) {
  if (const auto asked = read_arp_frame(frame)) {
    if (asked->what == arp_packet::operation::request && asked->target == address_)
      arp_answer_ = arp_packet{arp_packet::operation::reply, mac_, address_, asked->sender_mac, asked->sender};
    return;
  }
  if (frame.size() < ethernet_bytes + ip_bytes) return;
  const bytes packet = frame.subspan(ethernet_bytes);
  const auto what = parse(packet);
  if (!what || !equal(packet.subspan(16, 4), v4(address_))) return;
  copy(frame.subspan(6, 6), board_mac_.octets);
  board_ = ip_address::v4(0u);
  copy(packet.subspan(12, 4), mutable_bytes{board_.octets}.first(4));
  on_segment(*what);
}

void tcp_peer::begin(const segment& what) {
  const auto open = std::ranges::find(ports_, what.to, &port::number);
  if (open == ports_.end()) return;
  service_ = open->what;
  own_port_ = what.to, board_port_ = what.from;
  expected_ = what.number + 1;
  next_ = acknowledged_ = first_number;
  owes_beginning_ = true, owes_acknowledgement_ = board_ended_ = false;
  service_->begin();
}

void tcp_peer::on_segment(const segment& what) {
  if ((what.flags & syn) != 0) return begin(what);
  if (service_ == nullptr || what.to != own_port_ || what.from != board_port_) return;
  if ((what.flags & rst) != 0) {
    service_ = nullptr;
    return;
  }
  if ((what.flags & ack) != 0) acknowledged_ = what.acknowledged, window_ = what.window;
  if (what.number != expected_) return;
  expected_ += static_cast<std::uint32_t>(what.payload.size());
  if (!what.payload.empty()) service_->hear(what.payload), owes_acknowledgement_ = true;
  if ((what.flags & fin) == 0) return;
  ++expected_;
  board_ended_ = owes_acknowledgement_ = true;
}

// Headers before the payload, which is in its place already.
bytes tcp_peer::make(std::uint8_t flags, bytes options, std::size_t payload_bytes) {
  const std::size_t header = tcp_bytes + options.size(), length = header + payload_bytes;
  wire::writer out{frame_};
  out.put(board_mac_.octets), out.put(mac_.octets), out.u16(type_ip);
  out.u16(0x4500), out.u16(static_cast<std::uint16_t>(ip_bytes + length));
  out.u32(0x4000), out.u8(64), out.u8(protocol_tcp), out.u16(0);
  out.put(v4(address_)), out.put(v4(board_));
  out.u16(own_port_), out.u16(board_port_), out.u32(next_), out.u32(expected_);
  out.u8(static_cast<std::uint8_t>(header / 4 * 16)), out.u8(flags), out.u16(0xffff), out.u32(0);
  out.put(options);
  const mutable_bytes ip = mutable_bytes{frame_}.subspan(ethernet_bytes, ip_bytes);
  put_checksum(checksum(ip, {}), ip.subspan(10));
  std::array<std::byte, 12> pseudo;
  wire::writer before{pseudo};
  before.put(v4(address_)), before.put(v4(board_));
  before.u16(protocol_tcp), before.u16(static_cast<std::uint16_t>(length));
  const mutable_bytes tcp = mutable_bytes{frame_}.subspan(ethernet_bytes + ip_bytes, length);
  put_checksum(checksum(pseudo, tcp), tcp.subspan(16));
  owes_acknowledgement_ = false;
  next_ += static_cast<std::uint32_t>(payload_bytes) + ((flags & (syn | fin)) != 0 ? 1 : 0);
  return bytes{frame_}.first(ethernet_bytes + ip_bytes + length);
}

bytes tcp_peer::next_frame() {
  if (arp_answer_) {
    const bytes answer = make_arp_frame(*arp_answer_, frame_);
    arp_answer_.reset();
    return answer;
  }
  if (service_ == nullptr) return {};
  if (owes_beginning_) {
    owes_beginning_ = false;
    return make(syn | ack, size_option, 0);
  }
  if (board_ended_) {
    const bytes last = owes_acknowledgement_ ? make(fin | ack, {}, 0) : bytes{};
    service_ = nullptr;
    return last;
  }
  const std::uint32_t on_its_way = next_ - acknowledged_;
  const std::size_t room = window_ > on_its_way ? window_ - on_its_way : 0;
  const std::size_t said = service_->say(
      mutable_bytes{frame_}.subspan(ethernet_bytes + ip_bytes + tcp_bytes, std::min(room, payload_bytes_max)));
  if (said != 0) return make(psh | ack, {}, said);
  return owes_acknowledgement_ ? make(ack, {}, 0) : bytes{};
}

}  // namespace recado::measure
