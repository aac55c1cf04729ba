// A server as the configuration names it: "broker.example", "10.0.0.1:8883", "[2001:db8::1]:53".
#pragma once

#include <array>
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

/// The servers that a broker named in its own place (Server Reference, MQTT 5.0 §4.11): names separated by spaces,
/// with or without a port.
class named_servers {
 public:
  /// Remembers those of `text` that can be read, in the place of all others, as far as 255 bytes and `most` of them go.
  void remember(std::string_view text, std::uint8_t most);
  /// How many there are.
  std::uint8_t size() const { return size_; }
  /// One of them, below `size()`; without a port it has `usual_port`. The text is this object's.
  server at(std::uint8_t number, std::uint16_t usual_port) const;

 private:
  std::array<char, 255> text_{};
  std::uint8_t used_ = 0;
  std::uint8_t size_ = 0;
};

}  // namespace recado::device
