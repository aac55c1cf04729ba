#include <recado/transport/http_connect.hpp>

#include <algorithm>
#include <array>

#include <recado/transport/text.hpp>

namespace recado::transport {
namespace {

/// Twice the target and once the credentials, each as long as they may be, and the words around them.
constexpr std::size_t request_bytes_max = 1280;

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void print_target(std::string_view host, std::uint16_t port, text_sink& out) {
  const bool v6 = host.find(':') != host.npos;
  if (v6) out << '[';
  out << host;
  if (v6) out << ']';
  out << ':';
  out.number(port);
}

/// Not inlined, so that its memory doesn't lie beside that of the request on a small stack.
[[gnu::noinline]] void print_credentials(std::string_view user, std::string_view password, text_sink& out) {
  std::array<char, 2 * socks_credential_octets_max + 1> pair;
  buffer_sink credentials{pair};
  credentials << user << ':' << password;
  out << "Proxy-Authorization: Basic ";
  print_base64(as_bytes(credentials.view()), {}, out);
  out << "\r\n";
  wipe(std::as_writable_bytes(std::span{pair}));
}

}  // namespace

std::expected<void, error> http_connect::set_target(std::string_view host, std::uint16_t port) {
  if (!is_visible(host) || host.size() > host_chars_max || port == 0 || host.find_first_of("/@?#[]\\") != host.npos)
    return std::unexpected(error::bad_target);
  host_ = host, port_ = port;
  return {};
}

std::expected<void, error> http_connect::set_credentials(std::string_view user, std::string_view password) {
  if (user.size() > socks_credential_octets_max || password.size() > socks_credential_octets_max ||
      user.find(':') != user.npos || has_control(user) || has_control(password))
    return std::unexpected(error::bad_credentials);
  user_ = user, password_ = password;
  return {};
}

void http_connect::greet() {
  if (host_.empty()) return fail(error::bad_target);
  std::array<char, request_bytes_max> text;
  buffer_sink out{text};
  out << "CONNECT ";
  print_target(host_, port_, out);
  out << " HTTP/1.1\r\nHost: ";
  print_target(host_, port_, out);
  out << "\r\n";
  if (!user_.empty()) print_credentials(user_, password_, out);
  out << "\r\n";
  say(as_bytes(out.view()));
  wipe(std::as_writable_bytes(std::span{text}));
}

void http_connect::listen() {
  const std::string_view head = as_text(answer());
  if (head.size() == 7 && !head.starts_with("HTTP/1.")) return fail(error::not_http);
  if (!head.ends_with("\r\n\r\n")) return;
  const auto answer = parse_http(head);
  if (!answer) return fail(error::not_http);
  if (answer->status / 100 == 1) return forget_answer();  // RFC 9110 §15.2: interim
  if (answer->status / 100 == 2) return succeed();
  if (answer->status == 407) return fail(error::proxy_wants_credentials);
  fail(error::proxy_refused, answer->status);
}

}  // namespace recado::transport
