// Where a broker is, in one line: mqtt[s]://[user[:password]@]host[:port]
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <recado/client/error.hpp>

namespace recado::client {

/// The ports that IANA has assigned to MQTT and to MQTT over TLS.
inline constexpr std::uint16_t port_plain = 1883;
inline constexpr std::uint16_t port_secure = 8883;  ///< with TLS

/// A broker's address taken apart; %XX in the user's name and the password is decoded.
struct url {
  bool secure = false;                     ///< mqtts
  std::string host;                        ///< a name or an address, IPv6 without its brackets
  std::uint16_t port = port_plain;         ///< the standard's if none is given
  std::optional<std::string> user_name{};  ///< nothing if there is no @
  std::optional<std::string> password{};   ///< nothing if there is no colon before the @
};

/// Reads "mqtt://host" and the like (RFC 3986 without path, query and fragment). Error: `bad_url`.
std::expected<url, failure> parse_url(std::string_view text);

/// "host:port", or "[host]:port" with an IPv6 address.
std::string address_of(const url& where);

/// The same as a number, for `chain::session_places`.
std::uint32_t number_of(const url& where);

/// The servers of a Server Reference (5.0 §4.11): names or addresses with or without a port, separated by spaces; IPv6
/// in brackets. Scheme, user and password are those of `from`, who referred. What isn't of that form is left out.
std::vector<url> parse_reference(std::string_view text, const url& from);

/// `text` with each %XX as the byte that it stands for (RFC 3986 §2.1), or nothing if a % isn't followed by two
/// hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace recado::client
