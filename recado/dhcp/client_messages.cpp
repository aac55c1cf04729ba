// What the client says: the fields and options of each message (RFC 2131 §4.3.6 table 4, §4.4.1 table 5).
#include <algorithm>

#include <recado/dhcp/client.hpp>
#include <recado/wire/cursor.hpp>

namespace recado::dhcp {

namespace {

/// What is asked for, classless routes before routers (RFC 3442).
constexpr std::array requested_options = {option::subnet_mask,   option::classless_routes, option::routers,
                                          option::dns_servers,   option::domain,           option::host_name,
                                          option::mtu,           option::ntp_servers,      option::renewal_time,
                                          option::rebinding_time};

constexpr std::size_t own_identifier_bytes_max = 15;

bool carries_address(message_type type, state now) {
  return type == message_type::release || type == message_type::inform ||
         (type == message_type::request && (now == state::renewing || now == state::rebinding));
}

bool asks_for_parameters(message_type type) {
  return type == message_type::discover || type == message_type::request || type == message_type::inform;
}

}  // namespace

/// To whom and from where: unicast when the server is known and an address is held (RFC 2131 §4.1, §4.4.4).
void client::queue(message_type type) {
  queued_ = type;
  size_ = 0;
  const bool to_server = type == message_type::release || (type == message_type::request && state_ == state::renewing);
  queued_peer_ = to_server ? lease_.server : ip_address::v4_broadcast();
  queued_source_ = carries_address(type, state_) ? lease_.address : ip_address::v4_any();
}

bytes client::client_identifier(mutable_bytes scratch) const {
  wire::writer out{scratch};
  const bytes hardware = how_.hardware.octets;
  constexpr std::uint8_t ethernet = 1, duid_follows = 255;
  constexpr std::uint16_t duid_ll = 3;
  switch (how_.identity) {
    case client_identity::hardware_address:
      out.u8(ethernet), out.put(hardware);
      break;
    case client_identity::duid:  // RFC 4361 §6.1: type, IAID, then DUID-LL (RFC 8415 §11.4)
      out.u8(duid_follows), out.u32(how_.iaid), out.u16(duid_ll), out.u16(ethernet), out.put(hardware);
      break;
    case client_identity::given:
      return how_.client_id;
    case client_identity::none:
      break;
  }
  return out.written();
}

void client::put_options(option_writer& out) const {
  std::array<std::byte, own_identifier_bytes_max> scratch{};
  out.put_u8(option::message_type, static_cast<std::uint8_t>(queued_));
  if (const bytes id = client_identifier(scratch); !id.empty()) out.put(option::client_identifier, id);
  const bool choosing = queued_ == message_type::request && state_ == state::requesting;
  const bool declining = queued_ == message_type::decline;
  if (choosing || declining) out.put(option::requested_address, offer_.address);
  if (queued_ == message_type::discover || (queued_ == message_type::request && state_ == state::rebooting))
    if (wish_) out.put(option::requested_address, wish_);
  if (choosing || declining) out.put(option::server_identifier, offer_.server);
  if (queued_ == message_type::release) out.put(option::server_identifier, lease_.server);
  if (declining) out.put(option::message, "another host has this address");
  if (!asks_for_parameters(queued_)) return;
  out.put_u16(option::message_size_max, how_.reply_bytes_max);
  if (!how_.host_name.empty()) out.put(option::host_name, how_.host_name);
  if (!how_.vendor_class.empty()) out.put(option::vendor_class, how_.vendor_class);
  out.put(option::parameter_list, std::as_bytes(std::span{requested_options}));
}

void client::compose(instant now) {
  if (queued_ == message_type::discover || (queued_ == message_type::request && state_ != state::requesting) ||
      queued_ == message_type::inform) {
    const auto seconds = (now - started_) / std::chrono::seconds{1};
    secs_ = static_cast<std::uint16_t>(std::clamp<std::int64_t>(seconds, 0, 0xffff));
  }
  std::array<std::byte, message_bytes_max - header_bytes> memory;
  option_writer options{memory};
  put_options(options);
  options.end();
  packet what;
  what.xid = xid_;
  what.secs = asks_for_parameters(queued_) ? secs_ : std::uint16_t{0};
  if (how_.broadcast_replies && asks_for_parameters(queued_) && queued_source_ == ip_address::v4_any())
    what.flags = broadcast_flag;
  if (queued_source_ != ip_address::v4_any()) what.ciaddr = to_field(queued_source_);
  copy(how_.hardware.octets, what.chaddr);
  what.options = options.written();
  if (const auto written = encode(what, message_)) size_ = written->size();
}

std::optional<datagram> client::pending(instant now) {
  if (!open_ || queued_ == message_type::none) return {};
  if (size_ == 0) compose(now);
  return datagram{client_port, {queued_peer_, server_port}, bytes{message_}.first(size_), {}};
}

void client::sent(instant) {
  queued_ = message_type::none;
  size_ = 0;
}

}  // namespace recado::dhcp
