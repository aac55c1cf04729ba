// A server as the configuration names it: "broker.example", "10.0.0.1:8883", "[2001:db8::1]:53".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace recado::device {

/// A name or address, and a port.
struct server {
  std::string_view host;   ///< a name or an address without brackets; borrowed
  std::uint16_t port = 0;  ///< 1 to 65535
};

/// Reads a server; without a port it has `usual_port`. Nothing if the host is empty or the port isn't 1 to 65535.
std::optional<server> parse_server(std::string_view text, std::uint16_t usual_port);

}  // namespace recado::device
