#include <recado/transport/socks5.hpp>

#include <array>

#include <recado/core/address.hpp>
#include <recado/transport/text.hpp>
#include <recado/wire/cursor.hpp>

namespace recado::transport {
namespace {

constexpr std::uint8_t version = 5;
constexpr std::uint8_t method_none = 0;
constexpr std::uint8_t method_credentials = 2;
constexpr std::uint8_t method_refused = 0xff;
constexpr std::uint8_t type_v4 = 1;
constexpr std::uint8_t type_name = 3;
constexpr std::uint8_t type_v6 = 4;

unsigned octet(bytes data, std::size_t at) { return std::to_integer<unsigned>(data[at]); }

}  // namespace

std::expected<void, error> socks5::set_target(std::string_view host, std::uint16_t port) {
  if (!is_visible(host) || host.size() > host_chars_max || port == 0) return std::unexpected(error::bad_target);
  host_ = host, port_ = port;
  return {};
}

std::expected<void, error> socks5::set_credentials(std::string_view user, std::string_view password) {
  if (user.size() > socks_credential_octets_max || password.size() > socks_credential_octets_max ||
      (!user.empty() && password.empty()))
    return std::unexpected(error::bad_credentials);
  user_ = user, password_ = password;
  return {};
}

void socks5::greet() {
  step_ = step::method;
  if (host_.empty()) return fail(error::bad_target);
  std::array<std::byte, 4> text;
  wire::writer out{text};
  out.u8(version);
  out.u8(user_.empty() ? 1 : 2);
  out.u8(method_none);
  if (!user_.empty()) out.u8(method_credentials);
  say(out.written());
}

void socks5::listen() {
  switch (step_) {
    case step::method:
      return hear_method();
    case step::credentials:
      return hear_credentials();
    case step::reply:
      return hear_reply();
  }
}

void socks5::hear_method() {
  if (octet(answer(), 0) != version) return fail(error::not_socks);
  if (answer().size() < 2) return;
  const unsigned method = octet(answer(), 1);
  forget_answer();
  if (method == method_none) return say_request();
  if (method == method_credentials && !user_.empty()) return say_credentials();
  fail(method == method_refused ? error::proxy_wants_credentials : error::not_socks);
}

void socks5::say_credentials() {
  step_ = step::credentials;
  std::array<std::byte, 3 + 2 * socks_credential_octets_max> text;
  wire::writer out{text};
  out.u8(1);
  out.u8(static_cast<std::uint8_t>(user_.size()));
  out.put(as_bytes(user_));
  out.u8(static_cast<std::uint8_t>(password_.size()));
  out.put(as_bytes(password_));
  say(out.written());
  wipe(text);
}

void socks5::hear_credentials() {
  if (octet(answer(), 0) != 1) return fail(error::not_socks);
  if (answer().size() < 2) return;
  if (octet(answer(), 1) != 0) return fail(error::socks_credentials);
  forget_answer();
  say_request();
}

void socks5::say_request() {
  step_ = step::reply;
  std::array<std::byte, 7 + host_chars_max> text;
  wire::writer out{text};
  out.u8(version);
  out.u8(1);  // CONNECT
  out.u8(0);
  if (const auto address = parse_address(host_)) {
    out.u8(address->is_v4() ? type_v4 : type_v6);
    out.put(bytes{address->octets}.first(address->is_v4() ? 4 : 16));
  } else {
    out.u8(type_name);
    out.u8(static_cast<std::uint8_t>(host_.size()));
    out.put(as_bytes(host_));
  }
  out.u16(port_);
  say(out.written());
}

/// RFC 1928 §6: the address that is bound follows in one of three forms, and means nothing to us.
void socks5::hear_reply() {
  const bytes in = answer();
  if (octet(in, 0) != version) return fail(error::not_socks);
  if (in.size() < 2) return;
  if (octet(in, 1) != 0) return fail(error::socks_refused, octet(in, 1));
  if (in.size() >= 3 && octet(in, 2) != 0) return fail(error::not_socks);
  if (in.size() < 5) return;
  const unsigned type = octet(in, 3);
  if (type != type_v4 && type != type_v6 && type != type_name) return fail(error::not_socks);
  const std::size_t size = 6 + (type == type_v4 ? 4u : type == type_v6 ? 16u : 1u + octet(in, 4));
  if (in.size() == size) succeed();
}

}  // namespace recado::transport
