// Network addresses as values: IPv4, IPv6, endpoints and hardware addresses.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/core/text.hpp>

namespace recado {

/// False in a build with RECADO_WITHOUT_IPV6 defined, as firmware is, whose lwIP speaks IPv4 alone: an address takes 8
/// bytes there instead of 24, and what only IPv6 needs isn't linked.
#if defined(RECADO_WITHOUT_IPV6)
inline constexpr bool has_ipv6 = false;
#else
inline constexpr bool has_ipv6 = true;
#endif

/// An Ethernet address.
struct mac_address {
  std::array<std::byte, 6> octets{};  ///< in the order of the wire
  /// Octet by octet.
  constexpr auto operator<=>(const mac_address&) const = default;
};

/// An IPv4 or IPv6 address; IPv4 uses the first four octets. The default is "no address".
struct alignas(4) ip_address {
  /// No address, or of which version of IP.
  enum class kind : std::uint8_t { none, v4, v6 };
  kind family = kind::none;                           ///< which sort of address
  std::array<std::byte, has_ipv6 ? 16 : 4> octets{};  ///< in the order of the network; of IPv4 the first four
#if !defined(RECADO_WITHOUT_IPV6)
  std::uint32_t scope = 0;  ///< interface index of a link-local IPv6 address, else 0

  /// The IPv6 address with these octets.
  static constexpr ip_address v6(const std::array<std::byte, 16>& octets) { return {kind::v6, octets}; }
#else
  static constexpr std::uint32_t scope = 0;  ///< none has one
#endif

  /// The IPv4 address a.b.c.d.
  static constexpr ip_address v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    ip_address result{kind::v4, {}};
    result.octets[0] = std::byte{a}, result.octets[1] = std::byte{b};
    result.octets[2] = std::byte{c}, result.octets[3] = std::byte{d};
    return result;
  }
  /// From a number in host byte order: 0x7f000001 is 127.0.0.1.
  static constexpr ip_address v4(std::uint32_t value) {
    return v4(static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
              static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value));
  }
  static constexpr ip_address v4_any() { return v4(0, 0, 0, 0); }                ///< 0.0.0.0
  static constexpr ip_address v4_broadcast() { return v4(255, 255, 255, 255); }  ///< 255.255.255.255

  /// True if it is an IPv4 address.
  constexpr bool is_v4() const { return family == kind::v4; }
  /// True if it is an IPv6 address.
  constexpr bool is_v6() const { return has_ipv6 && family == kind::v6; }
  /// True if it is an address at all.
  constexpr explicit operator bool() const { return family != kind::none; }
  /// The IPv4 address as a number in host byte order; 0 for any other.
  constexpr std::uint32_t v4_value() const {
    if (!is_v4()) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(octets[i]);
    return value;
  }
  /// By family, then octet by octet.
  constexpr auto operator<=>(const ip_address&) const = default;
};

/// An address and a UDP or TCP port (host byte order).
struct endpoint {
  ip_address address;      ///< none: any, or not known
  std::uint16_t port = 0;  ///< in the order of this machine; 0: none
  /// By address, then by port.
  constexpr auto operator<=>(const endpoint&) const = default;
};

/// Reads "192.0.2.1" or "2001:db8::1" exactly (no surplus, no leading zeros in IPv4, RFC 4291 §2.2).
std::optional<ip_address> parse_address(std::string_view text);
/// Reads "02:00:5e:10:00:01".
std::optional<mac_address> parse_mac(std::string_view text);
/// The number of leading ones of a netmask, or nothing if the mask has holes.
std::optional<unsigned> prefix_length(ip_address netmask);
/// The IPv4 netmask with `length` (0 to 32) leading ones.
ip_address netmask_of(unsigned length);

/// True if both are the same peer: the scope of a link-local address is only known on one side at times.
bool same_peer(const endpoint& a, const endpoint& b);

/// As people write them; IPv6 as RFC 5952 asks.
text_sink& operator<<(text_sink& out, const ip_address& address);
text_sink& operator<<(text_sink& out, const endpoint& where);       ///< "192.0.2.7:1883", "[2001:db8::1]:1883"
text_sink& operator<<(text_sink& out, const mac_address& address);  ///< "02:00:5e:00:00:01"

}  // namespace recado
