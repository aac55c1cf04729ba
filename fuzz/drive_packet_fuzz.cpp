// What a packet socket hears, before there is an address: IPv4 packets with UDP for DHCP, and frames of ARP.
#include <array>
#include <cstdint>
#include <vector>

#include <recado/drive/arp_packet.hpp>
#include <recado/drive/posix/ip_packet.hpp>

#include "target.hpp"

using namespace recado;
using namespace recado::posix;
using recado::fuzz::require;

namespace {

using packet = std::vector<std::byte>;

std::uint8_t octet(const packet& from, std::size_t at) { return std::to_integer<std::uint8_t>(from[at]); }
std::size_t number(const packet& from, std::size_t at) {
  return static_cast<std::size_t>(octet(from, at)) << 8 | octet(from, at + 1);
}
void put(packet& to, std::size_t at, std::uint16_t value) {
  to[at] = static_cast<std::byte>(value >> 8), to[at + 1] = static_cast<std::byte>(value);
}

bool same(const udp_packet& a, const udp_packet& b) {
  return a.source == b.source && a.destination == b.destination && equal(a.payload, b.payload);
}

/// Both sums as a sender makes them, where the packet has them: else hardly any input would get beyond them.
packet with_right_sums(bytes from) {
  packet made{from.begin(), from.end()};
  if (made.size() < 20) return made;
  const std::size_t header = octet(made, 0) % 16u * 4u;
  if (header < 20 || header + 8 > made.size()) return made;
  put(made, 10, 0);
  put(made, 10, finish_checksum(add_checksum(bytes{made}.first(header))));
  const std::size_t length = number(made, header + 4);
  if (length < 8 || header + length > made.size()) return made;
  put(made, header + 6, 0);
  const std::uint32_t addresses = add_checksum(bytes{made}.subspan(12, 8));
  const std::uint32_t pseudo = addresses + 17 + static_cast<std::uint32_t>(length);
  const std::uint16_t sum = finish_checksum(add_checksum(bytes{made}.subspan(header, length), pseudo));
  put(made, header + 6, sum == 0 ? 0xffff : sum);
  return made;
}

/// What was read is made again, is read as the same, and is nothing if its last octet is missing or one is wrong.
void require_way_back(const udp_packet& what) {
  static std::array<std::byte, 0xffff> memory;
  const bytes made = make_udp_packet(what, memory);
  require(made.size() == udp_packet_header_bytes + what.payload.size());
  const auto again = read_udp_packet(made, checksum::complete);
  require(again && same(*again, what));
  require(!read_udp_packet(made.first(made.size() - 1), checksum::complete));
  memory[what.payload.size() % 20] ^= std::byte{0x10};
  require(!read_udp_packet(made, checksum::complete));
}

void as_udp(bytes input) {
  const auto complete = read_udp_packet(input, checksum::complete);
  const auto unfinished = read_udp_packet(input, checksum::unfinished);
  require(!complete || (unfinished && same(*complete, *unfinished)));
  if (!unfinished) return;
  require(unfinished->source.address.is_v4() && unfinished->destination.address.is_v4());
  require(udp_packet_header_bytes + unfinished->payload.size() <= input.size());
  packet padded{input.begin(), input.end()};
  padded.resize(padded.size() + 18);
  const auto the_same = read_udp_packet(padded, checksum::unfinished);
  require(the_same && same(*the_same, *unfinished));
  require_way_back(*unfinished);
}

void as_arp(bytes input) {
  const auto read = read_arp_frame(input);
  if (!read) return;
  require(input.size() >= arp_frame_bytes && !read_arp_frame(input.first(arp_frame_bytes - 1)));
  require(!shows_conflict(*read, read->sender, read->sender_mac));
  std::array<std::byte, arp_frame_bytes> memory{};
  const bytes made = make_arp_frame(*read, memory);
  const std::size_t addresses = 12;  // the frame's own: it is sent again by its sender, to all
  require(equal(made.subspan(addresses), input.subspan(addresses, arp_frame_bytes - addresses)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes input{reinterpret_cast<const std::byte*>(data), size};
  as_udp(input);
  as_udp(with_right_sums(input));
  as_arp(input);
  return 0;
}
