// A tunnel through an HTTP proxy: CONNECT (RFC 9110 §9.3.6), with Basic authentication (RFC 7617).
#pragma once

#include <expected>
#include <string_view>

#include <recado/transport/tunnel.hpp>

namespace recado::transport {

/// Asks a proxy to connect to a host and then passes bytes through. The proxy resolves the name.
class http_connect final : public tunnel {
 public:
  explicit http_connect(const memory& given) : tunnel(given) {}  ///< The memory must outlive it.

  /// Where to: a host name, or an address without brackets. Borrowed until the handshake ends. `bad_target`.
  std::expected<void, error> set_target(std::string_view host, std::uint16_t port);
  /// Sent at once, without waiting to be asked. Borrowed likewise; an empty user name sends none. `bad_credentials`
  /// for a colon in the user name, control characters, or more than 255 octets.
  std::expected<void, error> set_credentials(std::string_view user, std::string_view password);

 private:
  void greet() override;
  void listen() override;

  std::string_view host_, user_, password_;
  std::uint16_t port_ = 0;
};
static_assert(stream_filter<http_connect>);

}  // namespace recado::transport
