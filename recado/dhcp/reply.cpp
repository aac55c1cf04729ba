#include <recado/dhcp/reply.hpp>

#include <recado/wire/cursor.hpp>

namespace recado::dhcp {

namespace {

using scratch_bytes = std::array<std::byte, joined_option_bytes_max>;

/// The value of an option that may be left out if it is malformed.
bytes optional_value(const packet& in, option code, scratch_bytes& scratch) {
  const auto found = find_option(in, code, scratch);
  return found && *found ? **found : bytes{};
}

/// The number in an option, if that is there: bad_option.
outcome<error> take_number(const packet& in, option code, std::optional<std::uint32_t>& out) {
  std::array<std::byte, 4> scratch;
  const auto found = find_option(in, code, scratch);
  if (!found) return std::unexpected{found.error()};
  if (!*found) return {};
  wire::reader value{**found};
  out = value.remaining() == 1 ? value.u8() : value.remaining() == 2 ? value.u16() : value.u32();
  return {};
}

template <std::size_t N>
void take_addresses(const packet& in, option code, scratch_bytes& scratch, fixed_vector<ip_address, N>& out) {
  wire::reader value{optional_value(in, code, scratch)};
  while (value.remaining() >= 4) {
    const ip_address address = ip_address::v4(value.u32());
    if (is_host_address(address)) out.push_back(address);
  }
}

bool is_name(std::string_view text) {
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '-' && c != '.' && c != '_') return false;
  }
  return true;
}

/// Names go into consoles and questions, so only what a host name may have is taken. Some servers end the text
/// with NUL (RFC 2132 §2: to be cut off).
template <std::size_t N>
void take_name(const packet& in, option code, scratch_bytes& scratch, fixed_string<N>& out) {
  std::string_view text = as_text(optional_value(in, code, scratch));
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  if (is_name(text)) out.assign(text);
}

/// RFC 3442: prefix length, as many octets of the destination as it covers, router. All or nothing, but of too many
/// the first, and in any case the default route.
bool take_routes(bytes value, fixed_vector<route, routes_max>& out) {
  wire::reader in{value};
  while (in.remaining() != 0) {
    route next;
    next.prefix = in.u8();
    if (next.prefix > 32) return false;
    std::uint32_t destination = 0;
    const unsigned octets = (next.prefix + 7u) / 8;
    for (unsigned i = 0; i < octets; ++i) destination |= std::uint32_t{in.u8()} << (24 - 8 * i);
    next.destination = ip_address::v4(destination & netmask_of(next.prefix).v4_value());
    next.router = ip_address::v4(in.u32());
    if (in.failed() || (next.router != ip_address::v4_any() && !is_host_address(next.router))) return false;
    if (!out.push_back(next) && next.prefix == 0) out.back() = next;
  }
  return true;
}

/// The mask that the address had before there were masks, for a server that sends none (RFC 950 §2).
unsigned natural_prefix(const ip_address& address) {
  const std::uint32_t first = address.v4_value() >> 24;
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

outcome<error> take_address(const packet& in, lease& out) {
  std::optional<std::uint32_t> mask;
  if (const auto done = take_number(in, option::subnet_mask, mask); !done) return done;
  out.address = to_address(in.yiaddr);
  const auto prefix = mask ? prefix_length(ip_address::v4(*mask)) : natural_prefix(out.address);
  if (!prefix || *prefix == 0) return std::unexpected{error::bad_netmask};
  if (!is_host_address(out.address, *prefix)) return std::unexpected{error::bad_address};
  out.prefix = static_cast<std::uint8_t>(*prefix);
  return {};
}

duration time_of(std::uint32_t seconds) {
  return seconds == 0xffffffff ? infinite : duration{std::chrono::seconds{seconds}};
}

/// RFC 2131 §4.4.5: T1 = 0.5 and T2 = 0.875 of the lease time unless the server says otherwise; what it says
/// only counts if T1 <= T2 <= lease time.
outcome<error> take_times(const packet& in, lease& out) {
  std::optional<std::uint32_t> time, t1, t2;
  if (const auto done = take_number(in, option::lease_time, time); !done) return done;
  if (const auto done = take_number(in, option::renewal_time, t1); !done) return done;
  if (const auto done = take_number(in, option::rebinding_time, t2); !done) return done;
  if (!time || *time < lease_time_s_min) return std::unexpected{error::bad_lease_time};
  out.lease_time = time_of(*time);
  if (out.lease_time == infinite) return {};
  const duration half = out.lease_time / 2, seven_eighths = out.lease_time / 8 * 7;
  out.t1 = t1 ? time_of(*t1) : half;
  out.t2 = t2 ? time_of(*t2) : seven_eighths;
  if (out.t1 == duration{} || out.t1 > out.t2 || out.t2 > out.lease_time) out.t1 = half, out.t2 = seven_eighths;
  return {};
}

void take_parameters(const packet& in, lease& out) {
  scratch_bytes scratch;
  const bytes routes = optional_value(in, option::classless_routes, scratch);
  if (!take_routes(routes, out.routes)) out.routes.clear();
  if (out.routes.empty()) take_addresses(in, option::routers, scratch, out.routers);
  take_addresses(in, option::dns_servers, scratch, out.dns_servers);
  take_addresses(in, option::ntp_servers, scratch, out.ntp_servers);
  take_name(in, option::host_name, scratch, out.host_name);
  take_name(in, option::domain, scratch, out.domain);
  wire::reader mtu{optional_value(in, option::mtu, scratch)};
  const std::uint16_t size = mtu.remaining() == 2 ? mtu.u16() : std::uint16_t{0};
  if (size >= mtu_bytes_min) out.mtu = size;
}

outcome<error> check_header(const packet& in, const identity& ours, reply& out) {
  if (in.op != operation::reply) return std::unexpected{error::not_a_reply};
  if (in.htype != hardware_type::ethernet || in.hlen != ours.hardware.octets.size() ||
      !equal(bytes{in.chaddr}.first(ours.hardware.octets.size()), ours.hardware.octets))
    return std::unexpected{error::wrong_hardware};
  if (in.xid != ours.xid) return std::unexpected{error::wrong_transaction};
  out.for_us = true;
  return {};
}

/// Option 61 need not be repeated, but if it is, then rightly (RFC 6842 §3).
outcome<error> check_client(const packet& in, bytes client_id) {
  std::array<std::byte, client_id_bytes_max> scratch;
  const auto found = find_option(in, option::client_identifier, scratch);
  if (!found || (*found && !client_id.empty() && !equal(**found, client_id)))
    return std::unexpected{error::wrong_client};
  return {};
}

outcome<error> check_sender(const packet& in, reply& out) {
  std::optional<std::uint32_t> type, server;
  (void)take_number(in, option::message_type, type);  // none is as wrong as a damaged one
  out.type = static_cast<message_type>(type.value_or(0));
  if (out.type != message_type::offer && out.type != message_type::ack && out.type != message_type::nak)
    return std::unexpected{error::bad_message_type};
  (void)take_number(in, option::server_identifier, server);
  out.server = ip_address::v4(server.value_or(0));
  if (!is_host_address(out.server)) return std::unexpected{error::no_server_identifier};
  return {};
}

}  // namespace

outcome<error> read_reply(bytes payload, const identity& ours, reply& out) {
  out = {};
  packet in;
  if (const auto done = decode_fixed(payload, in); !done) return done;
  if (const auto done = check_header(in, ours, out); !done) return done;
  if (const auto done = check_options(in); !done) return done;
  if (const auto done = check_sender(in, out); !done) return done;
  if (const auto done = check_client(in, ours.client_id); !done) return done;
  if (out.type == message_type::nak) return {};
  out.content.server = out.server;
  if (!ours.inform) {
    if (const auto done = take_address(in, out.content); !done) return done;
    if (const auto done = take_times(in, out.content); !done) return done;
  }
  take_parameters(in, out.content);
  return {};
}

}  // namespace recado::dhcp
