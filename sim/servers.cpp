#include <sim/servers.hpp>

#include <algorithm>
#include <utility>

#include <recado/dhcp/packet.hpp>
#include <recado/ntp/packet.hpp>
#include <sim/stream.hpp>

namespace recado::sim {
namespace {

using namespace std::chrono_literals;

void put_option(std::vector<std::byte>& to, dhcp::option code, std::uint32_t value, unsigned size) {
  to.push_back(static_cast<std::byte>(code));
  to.push_back(static_cast<std::byte>(size));
  for (unsigned i = size; i-- != 0;) to.push_back(static_cast<std::byte>(value >> 8 * i));
}

std::optional<std::uint32_t> find_option(bytes options, dhcp::option code, unsigned size) {
  for (std::size_t at = 0; at + 1 < options.size();) {
    const auto found = static_cast<dhcp::option>(options[at]);
    if (found == dhcp::option::end) break;
    if (found == dhcp::option::pad && ++at != 0) continue;
    const std::size_t length = std::to_integer<std::size_t>(options[at + 1]);
    if (found == code && length == size && at + 2 + length <= options.size()) {
      std::uint32_t value = 0;
      for (const std::byte one : options.subspan(at + 2, length))
        value = value << 8 | std::to_integer<std::uint32_t>(one);
      return value;
    }
    at += 2 + length;
  }
  return std::nullopt;
}

}  // namespace

void server_network::send(device::service of, const datagram& out, instant now) {
  if (now < lossy_until) world_.takes_effect(mishap::datagrams_suffer);
  if (now < lossy_until && random_.one_in(3)) return;
  const auto heard_by = [&](device::service which, instant silent_until, mishap silent) {
    if (of == which && now < silent_until) world_.takes_effect(silent);
    return of == which && now >= silent_until;
  };
  if (heard_by(device::service::dhcp, dhcp_silent_until, mishap::dhcp_silent)) on_dhcp(out, now);
  if (heard_by(device::service::dns, dns_silent_until, mishap::dns_silent)) on_dns(out, now);
  if (heard_by(device::service::ntp, ntp_silent_until, mishap::ntp_silent)) on_ntp(out, now);
}

void server_network::answer(device::service of, const datagram& to, std::vector<std::byte> data, instant now) {
  const bool lossy = now < lossy_until;
  if (lossy && random_.one_in(3)) return;
  const duration delay = random_.time(300us, 30ms) + (lossy && random_.one_in(3) ? random_.time(0us, 5s) : 0us);
  letters_.push_back({now + delay, of, to.peer, to.local_port, std::move(data)});
  if (!lossy || !random_.one_in(3)) return;
  letter twice = letters_.back();
  twice.when += random_.time(0us, 2s);
  letters_.push_back(std::move(twice));
}

std::optional<datagram> server_network::receive(device::service of, mutable_bytes memory, instant now) {
  auto found = letters_.end();
  for (auto at = letters_.begin(); at != letters_.end(); ++at)
    if (at->of == of && at->when <= now && (found == letters_.end() || at->when < found->when)) found = at;
  if (found == letters_.end()) return std::nullopt;
  const std::size_t size = std::min(memory.size(), found->data.size());
  copy(bytes{found->data}.first(size), memory);
  const datagram result{found->to, found->from, memory.first(size), found->when};
  letters_.erase(found);
  return result;
}

bool server_network::has_arrived(instant now) const {
  return std::ranges::any_of(letters_, [now](const letter& one) { return one.when <= now; });
}

instant server_network::device_wakes() const {
  instant until = never;
  for (const letter& one : letters_)
    if (one.when > noticed_) until = std::min(until, one.when);
  return until;
}

void server_network::on_dhcp(const datagram& in, instant now) {
  const auto asked = dhcp::decode(in.payload);
  if (!asked) return world_.violate("the DHCP server heard a malformed message");
  const auto type = find_option(asked->options, dhcp::option::message_type, 1);
  const auto kind = static_cast<dhcp::message_type>(type.value_or(0));
  if (kind == dhcp::message_type::decline) ++host_;
  if (kind != dhcp::message_type::discover && kind != dhcp::message_type::request) return;
  const ip_address address = ip_address::v4(10, 0, 0, host_);
  auto wanted = find_option(asked->options, dhcp::option::requested_address, 4);
  if (!wanted && asked->ciaddr != dhcp::ipv4::any) wanted = static_cast<std::uint32_t>(asked->ciaddr);
  dhcp::message_type says = dhcp::message_type::offer;
  if (kind == dhcp::message_type::request)
    says = !refuses_ && wanted == address.v4_value() ? dhcp::message_type::ack : dhcp::message_type::nak;
  if (kind == dhcp::message_type::request && std::exchange(refuses_, false)) world_.takes_effect(mishap::dhcp_moves);
  dhcp::packet reply = *asked;
  reply.op = dhcp::operation::reply;
  reply.secs = 0, reply.siaddr = {};
  const bool granted = says != dhcp::message_type::nak;
  reply.yiaddr = granted ? dhcp::to_field(address) : dhcp::ipv4::any;
  std::vector<std::byte> options;
  put_option(options, dhcp::option::message_type, static_cast<std::uint32_t>(says), 1);
  put_option(options, dhcp::option::server_identifier, server_address.v4_value(), 4);
  const std::uint32_t seconds = random_.between(90, 3600);
  if (granted) {
    put_option(options, dhcp::option::lease_time, seconds, 4);
    put_option(options, dhcp::option::subnet_mask, 0xffff'ff00, 4);
    put_option(options, dhcp::option::routers, server_address.v4_value(), 4);
    put_option(options, dhcp::option::dns_servers, server_address.v4_value(), 4);
    put_option(options, dhcp::option::ntp_servers, server_address.v4_value(), 4);
  }
  if (says == dhcp::message_type::ack) lease_ends_ = now + std::chrono::seconds{seconds};
  options.push_back(static_cast<std::byte>(dhcp::option::end));
  reply.options = options;
  std::vector<std::byte> data(1200);
  const auto made = dhcp::encode(reply, data);
  if (!made) return world_.violate("the model DHCP server cannot encode its own answer");
  data.resize(made->size());
  datagram back = in;
  back.peer = {server_address, 67};
  answer(device::service::dhcp, back, std::move(data), now);
}

// The question again, and to A the addresses; AAAA has none (RFC 1035 §4.1).
void server_network::on_dns(const datagram& in, instant now) {
  constexpr std::size_t header_bytes = 12;
  if (in.payload.size() < header_bytes + 5) return world_.violate("the DNS server heard a malformed query");
  std::size_t end = header_bytes;
  while (end < in.payload.size() && in.payload[end] != std::byte{0})
    end += 1 + std::to_integer<std::size_t>(in.payload[end]);
  if (end + 5 > in.payload.size()) return world_.violate("the DNS server heard a malformed question");
  std::vector<std::byte> data(in.payload.begin(), in.payload.begin() + static_cast<std::ptrdiff_t>(end + 5));
  const bool is_a = data[end + 2] == std::byte{1};
  const bool fails = now < dns_fails_until;
  if (fails) world_.takes_effect(mishap::dns_fails);
  data[2] = std::byte{0x81};
  data[3] = fails && random_.one_in(2) ? std::byte{0x82} : std::byte{0x80};
  const bool refused = data[3] != std::byte{0x80};
  for (std::size_t at = 6; at < header_bytes; ++at) data[at] = std::byte{0};
  if (is_a && !refused && !fails) {
    const bool of_broker = data[header_bytes] == std::byte{2} && data[header_bytes + 1] == std::byte{'b'};
    const unsigned count = of_broker ? addresses_max : 1;
    data[7] = static_cast<std::byte>(count);
    const std::uint32_t ttl = random_.between(1, 900);
    const auto host = static_cast<std::uint8_t>(std::to_integer<unsigned>(data[header_bytes + 2]) - '0');
    for (unsigned which = 0; which < count; ++which) {
      const auto address = of_broker ? address_of(host, static_cast<std::uint16_t>(which)) : server_address;
      const std::uint32_t value = address.v4_value();
      const unsigned record[] = {0xc0,
                                 0x0c,
                                 0,
                                 1,
                                 0,
                                 1,
                                 ttl >> 24,
                                 ttl >> 16 & 255,
                                 ttl >> 8 & 255,
                                 ttl & 255,
                                 0,
                                 4,
                                 value >> 24,
                                 value >> 16 & 255,
                                 value >> 8 & 255,
                                 value & 255};
      for (const unsigned one : record) data.push_back(static_cast<std::byte>(one));
    }
  }
  answer(device::service::dns, in, std::move(data), now);
}

void server_network::on_ntp(const datagram& in, instant now) {
  const auto asked = ntp::decode(in.payload);
  if (!asked) return world_.violate("the NTP server heard a malformed query");
  const utc_time truth = first_moment + now.time_since_epoch();
  const bool lies = now < ntp_lies_until;
  if (lies) world_.takes_effect(mishap::ntp_lies);
  ntp::packet reply;
  reply.set_first(lies && random_.one_in(2) ? static_cast<ntp::leap>(3) : ntp::leap{}, 4, static_cast<ntp::mode>(4));
  reply.stratum = static_cast<std::uint8_t>(lies ? 16 : 2);
  reply.poll = asked->poll, reply.precision = 0xec;
  reply.reference_id = 0x0a00'0001;
  reply.reference = ntp::to_timestamp(truth - 60s);
  reply.origin = asked->transmitted;
  reply.received = reply.transmitted = ntp::to_timestamp(truth);
  std::vector<std::byte> data(48);
  ntp::encode(reply, data);
  answer(device::service::ntp, in, std::move(data), now);
}

}  // namespace recado::sim
