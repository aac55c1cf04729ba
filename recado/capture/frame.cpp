#include <recado/capture/frame.hpp>

#include <string_view>

namespace recado::capture {
namespace {

constexpr std::uint8_t protocol_tcp = 6;
constexpr std::uint8_t protocol_udp = 17;
constexpr std::uint16_t ether_type_ipv4 = 0x0800;
constexpr std::uint16_t ether_type_ipv6 = 0x86dd;
constexpr std::uint16_t window = 0xffff;
constexpr std::uint8_t hops = 64;

void put8(std::string& out, std::uint8_t value) { out += static_cast<char>(value); }
void put16(std::string& out, std::size_t value) {
  put8(out, static_cast<std::uint8_t>(value >> 8)), put8(out, static_cast<std::uint8_t>(value));
}
void put32(std::string& out, std::uint32_t value) { put16(out, value >> 16), put16(out, value & 0xffff); }
void set16(std::string& out, std::size_t at, std::uint16_t value) {
  out[at] = static_cast<char>(value >> 8), out[at + 1] = static_cast<char>(value);
}

/// The Internet checksum (RFC 1071).
class checksum {
 public:
  void add(std::string_view data) {
    for (std::size_t i = 0; i < data.size(); ++i) {
      const auto octet = static_cast<unsigned char>(data[i]);
      sum_ += i % 2 == 0 ? static_cast<std::uint32_t>(octet << 8) : octet;
    }
  }
  std::uint16_t value() const {
    std::uint64_t sum = sum_;
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
  }

 private:
  std::uint64_t sum_ = 0;
};

void put_address(std::string& out, const ip_address& address, bool v6) {
  const std::size_t octets = v6 ? 16 : 4;
  for (std::size_t i = 0; i < octets; ++i) out += static_cast<char>(address.octets[i]);
}

bool is_v6(const party& from, const party& to) { return from.at.address.is_v6() || to.at.address.is_v6(); }

void put_ethernet(std::string& out, const party& from, const party& to, bool v6) {
  for (const std::byte octet : to.mac.octets) out += static_cast<char>(octet);
  for (const std::byte octet : from.mac.octets) out += static_cast<char>(octet);
  put16(out, v6 ? ether_type_ipv6 : ether_type_ipv4);
}

void put_ipv4(std::string& out, const party& from, const party& to, std::uint8_t protocol, std::size_t length,
              std::uint16_t identification) {
  const std::size_t start = out.size();
  put8(out, 0x45);
  put8(out, 0);
  put16(out, length + 20);
  put16(out, identification);
  put16(out, 0x4000);  // don't fragment
  put8(out, hops);
  put8(out, protocol);
  put16(out, 0);
  put_address(out, from.at.address, false);
  put_address(out, to.at.address, false);
  checksum sum;
  sum.add(std::string_view{out}.substr(start));
  set16(out, start + 10, sum.value());
}

void put_ipv6(std::string& out, const party& from, const party& to, std::uint8_t protocol, std::size_t length) {
  put32(out, 0x60000000);
  put16(out, length);
  put8(out, protocol);
  put8(out, hops);
  put_address(out, from.at.address, true);
  put_address(out, to.at.address, true);
}

/// Wraps a UDP datagram or TCP segment whose checksum field, at `checksum_at`, is still zero.
std::string wrapped(const party& from, const party& to, std::uint8_t protocol, std::string transport,
                    std::size_t checksum_at, std::uint16_t identification) {
  const bool v6 = is_v6(from, to);
  std::string pseudo_header;  // the sum doesn't depend on the order, so one serves both versions
  put_address(pseudo_header, from.at.address, v6);
  put_address(pseudo_header, to.at.address, v6);
  put32(pseudo_header, static_cast<std::uint32_t>(transport.size()));
  put32(pseudo_header, protocol);
  checksum sum;
  sum.add(pseudo_header);
  sum.add(transport);
  // RFC 768: a UDP checksum that comes out as zero is sent as all ones
  const bool zero = protocol == protocol_udp && sum.value() == 0;
  set16(transport, checksum_at, zero ? std::uint16_t{0xffff} : sum.value());
  std::string frame;
  frame.reserve(54 + transport.size());
  put_ethernet(frame, from, to, v6);
  if (v6) put_ipv6(frame, from, to, protocol, transport.size());
  else put_ipv4(frame, from, to, protocol, transport.size(), identification);
  return frame += transport;
}

}  // namespace

std::string udp_frame(const party& from, const party& to, bytes payload, std::uint16_t identification) {
  std::string datagram;
  put16(datagram, from.at.port);
  put16(datagram, to.at.port);
  put16(datagram, payload.size() + 8);
  put16(datagram, 0);
  datagram += as_text(payload);
  return wrapped(from, to, protocol_udp, std::move(datagram), 6, identification);
}

std::string tcp_frame(const party& from, const party& to, const tcp_fields& fields, bytes payload,
                      std::uint16_t identification) {
  const bool option = fields.maximum_segment_size != 0;
  std::string segment;
  put16(segment, from.at.port);
  put16(segment, to.at.port);
  put32(segment, fields.sequence);
  put32(segment, fields.acknowledgement);
  put8(segment, option ? 0x60 : 0x50);  // header length in words
  put8(segment, fields.flags);
  put16(segment, window);
  put16(segment, 0);
  put16(segment, 0);
  if (option) put16(segment, 0x0204), put16(segment, fields.maximum_segment_size);
  segment += as_text(payload);
  return wrapped(from, to, protocol_tcp, std::move(segment), 16, identification);
}

}  // namespace recado::capture
