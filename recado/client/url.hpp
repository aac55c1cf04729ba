// Where a broker is, in one line: mqtt[s]://[user[:password]@]host[:port]
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <recado/client/error.hpp>

namespace recado::client {

/// The ports that IANA has assigned to MQTT and to MQTT over TLS.
inline constexpr std::uint16_t port_plain = 1883;
inline constexpr std::uint16_t port_secure = 8883;

/// A broker's address taken apart; %XX in the user's name and the password is decoded.
struct url {
  bool secure = false;
  std::string host;  ///< a name or an address, IPv6 without its brackets
  std::uint16_t port = port_plain;
  std::optional<std::string> user_name;
  std::optional<std::string> password;
};

/// Reads "mqtt://host" and the like (RFC 3986 without path, query and fragment). Error: `bad_url`.
std::expected<url, failure> parse_url(std::string_view text);

}  // namespace recado::client
