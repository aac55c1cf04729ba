// DHCP messages (RFC 2131 §2, RFC 2132): the fixed fields described once, the options as one table.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/outcome.hpp>
#include <recado/core/text.hpp>
#include <recado/dhcp/error.hpp>
#include <recado/dhcp/limits.hpp>
#include <recado/wire/walk.hpp>

namespace recado::dhcp {

/// BOOTREQUEST and BOOTREPLY (RFC 2131 §2).
enum class operation : std::uint8_t { request = 1, reply = 2 };
/// The only hardware that is known (RFC 1700).
enum class hardware_type : std::uint8_t { ethernet = 1 };
/// "request", "reply" or "unknown".
std::string_view words(operation what);
/// "Ethernet" or "unknown".
std::string_view words(hardware_type what);

/// Option 53 (RFC 2132 §9.6).
enum class message_type : std::uint8_t { none, discover, offer, request, decline, ack, nak, release, inform };
/// "DISCOVER" and the like; "unknown" for values outside the list.
std::string_view words(message_type what);

/// An IPv4 address as it stands in a fixed field; a number in host byte order.
enum class ipv4 : std::uint32_t { any = 0 };
/// An IPv4 address as a field.
constexpr ipv4 to_field(const ip_address& address) { return static_cast<ipv4>(address.v4_value()); }
/// A field as an address.
constexpr ip_address to_address(ipv4 field) { return ip_address::v4(static_cast<std::uint32_t>(field)); }

inline constexpr std::uint32_t magic_cookie = 0x63825363;  ///< RFC 2131 §3
inline constexpr std::uint16_t broadcast_flag = 0x8000;    ///< RFC 2131 §2

/// A whole message; `options` is what follows the cookie, in place.
struct packet {
  operation op = operation::request;              ///< who speaks, client or server
  hardware_type htype = hardware_type::ethernet;  ///< of the network
  std::uint8_t hlen = 6;                          ///< bytes of a hardware address
  std::uint8_t hops = 0;                          ///< relays that it went through
  std::uint32_t xid = 0;                          ///< the transaction, chosen at random
  std::uint16_t secs = 0;                         ///< seconds since the client began
  std::uint16_t flags = 0;                        ///< `broadcast_flag` or 0
  ipv4 ciaddr{},                                  ///< the client's own, if it has one already
      yiaddr{},                                   ///< given to the client
      siaddr{},                                   ///< of the next server; not used
      giaddr{};                                   ///< of the relay
  std::array<std::byte, 16> chaddr{};             ///< the client's hardware address, zeros behind it
  std::array<std::byte, 64> sname{};              ///< a server's name, or options (option 52)
  std::array<std::byte, 128> file{};              ///< a boot file's name, or options (option 52)
  std::uint32_t cookie = magic_cookie;            ///< must be `magic_cookie`
  bytes options;                                  ///< all behind the cookie

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk("op", self.op);
    walk("htype", self.htype);
    walk("hlen", self.hlen);
    walk("hops", self.hops);
    walk("xid", self.xid);
    walk("secs", self.secs);
    walk("flags", self.flags);
    walk("ciaddr", self.ciaddr);
    walk("yiaddr", self.yiaddr);
    walk("siaddr", self.siaddr);
    walk("giaddr", self.giaddr);
    walk("chaddr", self.chaddr);
    walk("sname", self.sname);
    walk("file", self.file);
    walk("cookie", self.cookie);
    walk("options", self.options);
  }
};

/// How many bytes it takes on the wire, without the padding of short messages.
std::size_t size(const packet& what);
/// Writes it to the front of `memory` and answers the part used, padded to `message_bytes_min`; no_room.
std::expected<bytes, error> encode(const packet& what, mutable_bytes memory);
/// Reads the fields in place and checks that all options lie within their fields (those of sname and file too if
/// option 52 says so), the last followed by END: truncated, bad_cookie, bad_option.
std::expected<packet, error> decode(bytes payload);

/// The two halves of `decode`: the fixed fields, so that one can see for whom a damaged message was (truncated);
/// and the check of its options.
outcome<error> decode_fixed(bytes payload, packet& out);
/// Whether all options lie within their fields: bad_cookie, truncated, bad_option.
outcome<error> check_options(const packet& in);

/// The options that are known by name (RFC 2132, RFC 3442, RFC 4361).
enum class option : std::uint8_t {
  pad = 0,
  subnet_mask = 1,
  routers = 3,
  dns_servers = 6,
  host_name = 12,
  domain = 15,
  mtu = 26,
  broadcast_address = 28,
  ntp_servers = 42,
  requested_address = 50,
  lease_time = 51,
  overload = 52,
  message_type = 53,
  server_identifier = 54,
  parameter_list = 55,
  message = 56,
  message_size_max = 57,
  renewal_time = 58,
  rebinding_time = 59,
  vendor_class = 60,
  client_identifier = 61,
  classless_routes = 121,
  end = 255,
};

/// What the bytes of an option mean, and so which lengths it may have.
enum class option_kind : std::uint8_t {
  opaque,
  u8,
  u16,
  seconds,
  address,
  addresses,
  text,
  type,
  codes,
  routes,
  overload
};

/// One row of the table of options.
struct option_row {
  option code;       ///< its number
  option_kind kind;  ///< what its bytes mean
};
/// All rows.
std::span<const option_row> option_table();
/// The row of `code`, or null if it isn't known.
const option_row* find_row(option code);
/// The name of `code` that is printed; empty if it isn't known.
std::string_view name_of(option code);
/// True if so many bytes can be an option of that kind.
bool fits(option_kind what, std::size_t length);

/// Option 52: which fixed fields hold options too.
enum class overload : std::uint8_t { none = 0, file = 1, sname = 2, both = 3 };

/// The value of an option of a decoded packet. Pieces of one that was split are joined in the order options,
/// file, sname (RFC 3396 §5) in `scratch`; a single piece stays in place. Nothing if it is absent; bad_option if
/// it doesn't fit `scratch` or its kind.
std::expected<std::optional<bytes>, error> find_option(const packet& in, option code, mutable_bytes scratch);

/// Writes options behind each other; what doesn't fit fails.
class option_writer {
 public:
  /// Writes to the front of `memory`, which must outlive it.
  explicit option_writer(mutable_bytes memory) : out_(memory) {}
  /// An option with these bytes, at most 255.
  void put(option code, bytes value);
  /// An option with a text.
  void put(option code, std::string_view text) { put(code, as_bytes(text)); }
  /// An option with one IPv4 address.
  void put(option code, const ip_address& address);
  void put_u8(option code, std::uint8_t value);    ///< in network byte order
  void put_u16(option code, std::uint16_t value);  ///< in network byte order
  void put_u32(option code, std::uint32_t value);  ///< in network byte order
  /// END, behind which nothing may stand.
  void end() { out_.u8(static_cast<std::uint8_t>(option::end)); }
  /// What was written so far.
  bytes written() const { return out_.written(); }
  /// True once something didn't fit.
  bool failed() const { return out_.failed(); }

 private:
  wire::writer out_;
};

/// Prints a message of either direction field by field, one per line, in words; of one that cannot be decoded
/// what is wrong with it. Nothing in it is secret.
void print(bytes payload, text_sink& out);

}  // namespace recado::dhcp
