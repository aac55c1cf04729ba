#include <recado/drive/posix/ip_packet.hpp>

#include <recado/wire/cursor.hpp>

namespace recado::posix {
namespace {

constexpr std::uint8_t protocol_udp = 17;
constexpr std::size_t ip_header_bytes = 20;
constexpr std::size_t udp_header_bytes = 8;
constexpr std::uint16_t dont_fragment = 0x4000;

// RFC 768: source, destination, zero, protocol and length are summed as if they stood before the header.
std::uint32_t pseudo_header_sum(std::uint32_t source, std::uint32_t destination, std::size_t udp_length) {
  return (source >> 16) + (source & 0xffff) + (destination >> 16) + (destination & 0xffff) + protocol_udp +
         static_cast<std::uint32_t>(udp_length);
}

void put_number(mutable_bytes where, std::uint16_t value) { wire::writer{where}.u16(value); }

bool udp_sum_is_right(bytes udp, std::uint32_t source, std::uint32_t destination, std::uint16_t field, checksum sum) {
  if (field == 0) return true;  // the sender made none
  const std::uint32_t pseudo = pseudo_header_sum(source, destination, udp.size());
  // An unfinished one holds the sum of the pseudo header alone, for the hardware to go on from.
  if (sum == checksum::unfinished && static_cast<std::uint16_t>(~finish_checksum(pseudo)) == field) return true;
  return finish_checksum(add_checksum(udp, pseudo)) == 0;
}

}  // namespace

std::uint32_t add_checksum(bytes data, std::uint32_t before) {
  std::uint64_t sum = before;
  wire::reader reader{data};
  while (reader.remaining() > 1) sum += reader.u16();
  if (reader.remaining() == 1) sum += std::uint32_t{reader.u8()} << 8;
  while (sum >> 16) sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<std::uint32_t>(sum);
}

std::uint16_t finish_checksum(std::uint32_t sum) {
  while (sum >> 16) sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<std::uint16_t>(~sum);
}

bytes make_udp_packet(const udp_packet& what, mutable_bytes memory) {
  const std::size_t udp_length = udp_header_bytes + what.payload.size();
  const std::size_t length = ip_header_bytes + udp_length;
  if (length > memory.size() || length > 0xffff) return {};
  if (!what.source.address.is_v4() || !what.destination.address.is_v4()) return {};
  const std::uint32_t source = what.source.address.v4_value();
  const std::uint32_t destination = what.destination.address.v4_value();
  wire::writer out{memory};
  out.u8(0x45), out.u8(0);  // version 4, five words; no priority
  out.u16(static_cast<std::uint16_t>(length));
  out.u16(0), out.u16(dont_fragment);
  out.u8(64), out.u8(protocol_udp), out.u16(0);
  out.u32(source), out.u32(destination);
  put_number(memory.subspan(10), finish_checksum(add_checksum(memory.first(ip_header_bytes))));
  out.u16(what.source.port), out.u16(what.destination.port);
  out.u16(static_cast<std::uint16_t>(udp_length)), out.u16(0);
  out.put(what.payload);
  const std::uint32_t pseudo = pseudo_header_sum(source, destination, udp_length);
  const std::uint16_t sum = finish_checksum(add_checksum(out.written().subspan(ip_header_bytes), pseudo));
  put_number(memory.subspan(ip_header_bytes + 6), sum == 0 ? 0xffff : sum);  // RFC 768: 0 would mean "none"
  return out.written();
}

std::optional<udp_packet> read_udp_packet(bytes packet, checksum sum) {
  wire::reader ip{packet};
  const std::uint8_t version_and_words = ip.u8();
  ip.u8();
  const std::size_t length = ip.u16();
  ip.u16();
  const std::uint16_t fragment = ip.u16();
  ip.u8();
  const std::uint8_t protocol = ip.u8();
  ip.u16();
  const std::uint32_t source = ip.u32();
  const std::uint32_t destination = ip.u32();
  const std::size_t header = std::size_t{version_and_words & 0x0fu} * 4;
  if (ip.failed() || version_and_words >> 4 != 4 || header < ip_header_bytes) return std::nullopt;
  if (length > packet.size() || length < header + udp_header_bytes) return std::nullopt;
  if ((fragment & 0xbfff) != 0 || protocol != protocol_udp) return std::nullopt;  // all but "don't fragment"
  if (finish_checksum(add_checksum(packet.first(header))) != 0) return std::nullopt;

  const bytes rest = packet.subspan(header, length - header);
  wire::reader udp{rest};
  const std::uint16_t source_port = udp.u16();
  const std::uint16_t destination_port = udp.u16();
  const std::size_t udp_length = udp.u16();
  const std::uint16_t field = udp.u16();
  if (udp_length < udp_header_bytes || udp_length > rest.size()) return std::nullopt;
  if (!udp_sum_is_right(rest.first(udp_length), source, destination, field, sum)) return std::nullopt;
  return udp_packet{{ip_address::v4(source), source_port},
                    {ip_address::v4(destination), destination_port},
                    rest.subspan(udp_header_bytes, udp_length - udp_header_bytes)};
}

}  // namespace recado::posix
