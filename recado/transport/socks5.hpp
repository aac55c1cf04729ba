// A tunnel through a SOCKS5 proxy: CONNECT of RFC 1928, user name and password of RFC 1929.
#pragma once

#include <expected>
#include <string_view>

#include <recado/transport/tunnel.hpp>

namespace recado::transport {

/// Asks a proxy to connect to a host and then passes bytes through. The proxy resolves names.
class socks5 final : public tunnel {
 public:
  explicit socks5(const memory& given) : tunnel(given) {}  ///< The memory must outlive it.

  /// Where to: a host name, or an address as text. Borrowed until the handshake ends. `bad_target`.
  std::expected<void, error> set_target(std::string_view host, std::uint16_t port);
  /// Offered besides "none"; 1 to 255 octets each (RFC 1929 §2). Borrowed likewise; an empty user name offers none.
  std::expected<void, error> set_credentials(std::string_view user, std::string_view password);

 private:
  enum class step : std::uint8_t { method, credentials, reply };
  void greet() override;
  void listen() override;
  void hear_method();
  void hear_credentials();
  void hear_reply();
  void say_credentials();
  void say_request();

  std::string_view host_, user_, password_;
  std::uint16_t port_ = 0;
  step step_ = step::method;
};
static_assert(stream_filter<socks5>);

}  // namespace recado::transport
