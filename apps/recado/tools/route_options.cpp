// Addresses of brokers and proxies as the user writes them.
#include <recado/client/url.hpp>
#include <recado/transport/limits.hpp>
#include <recado/transport/text.hpp>

#include "../command.hpp"
#include "../redacted.hpp"
#include "option.hpp"

namespace recado::app::tools {
namespace {

constexpr std::uint16_t port_socks = 1080;  // RFC 1928 §3
constexpr std::uint16_t port_http = 80;     // RFC 9110 §4.2.1

struct scheme {
  std::string_view name;
  bool secure, websocket;
  std::uint16_t port;  // of WebSocket: RFC 6455 §3
};
constexpr scheme schemes[] = {
    {"mqtt", false, false, client::port_plain},
    {"mqtts", true, false, client::port_secure},
    {"ws", false, true, 80},
    {"wss", true, true, 443},
};

std::string decoded(std::string_view part, std::string_view whole) {
  const auto result = client::percent_decoded(part);
  if (!result)
    throw failure(quoted_without_password(whole) + " has a % without two hexadecimal digits behind it",
                  "write % as %25");
  return *result;
}

/// True if `text`, which ends with the authority of a URL, says a port.
bool has_port(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at != text.npos) text.remove_prefix(at + 1);
  const std::size_t bracket = text.rfind(']');
  return text.substr(bracket == text.npos ? 0 : bracket).find(':') != text.npos;
}

}  // namespace

void read_url(settings& to, std::string_view text) {
  const auto refuse = [&] {
    return failure(quoted_without_password(text) + " is not the address of a broker",
                   "write mqtt://[user[:password]@]host[:port]/topic, mqtts:// for TLS, ws:// or wss:// for WebSocket");
  };
  const std::size_t end = text.find("://");
  if (end == text.npos) throw refuse();
  std::string_view rest = text.substr(end + 3);
  const std::size_t slash = rest.find('/');
  const std::string_view path = slash == rest.npos ? std::string_view{} : rest.substr(slash);
  rest = rest.substr(0, slash);
  for (const scheme& each : schemes) {
    if (!transport::equal_in_any_case(each.name, text.substr(0, end))) continue;
    const auto where = client::parse_url((each.secure ? "mqtts://" : "mqtt://") + std::string{rest});
    if (!where) throw refuse();
    to.host = where->host, to.port = has_port(rest) ? where->port : each.port;
    to.websocket = to.websocket || each.websocket;
    if (each.secure) to.secure = true;
    if (where->user_name) to.user_name = where->user_name;
    if (where->password) to.password = where->password;
    if (each.websocket) {  // the path is WebSocket's own, as in mosquitto 2.1
      if (path.size() > 1) to.websocket_path = path;
      return;
    }
    if (path.size() <= 1) return;
    if (to.which != tool::sub) to.topics.clear();
    to.topics.push_back(decoded(path.substr(1), text));
    return;
  }
  throw refuse();
}

proxy read_proxy(std::string_view text) {
  proxy result;
  const std::size_t end = text.find("://");
  const std::string_view name = end == text.npos ? std::string_view{} : text.substr(0, end);
  result.socks = name == "socks5h";
  if (!result.socks && name != "http")
    throw failure("the proxy's address does not begin with socks5h:// or http://",
                  name == "socks5" ? "write socks5h://: the proxy resolves the broker's name"
                                   : "write socks5h://[user[:password]@]host[:port], or the same with http://");
  const std::string_view rest = text.substr(end + 3);
  const auto where = client::parse_url("mqtt://" + std::string{rest});
  if (!where)
    throw failure("the proxy's address can't be read",
                  "write " + std::string{name} + "://[user[:password]@]host[:port]");
  result.host = where->host;
  result.port = has_port(rest) ? where->port : result.socks ? port_socks : port_http;
  result.user = where->user_name.value_or(""), result.password = where->password.value_or("");
  return result;
}

void check_unix(const settings& what) {
  if (what.unix_path.empty()) return;
  if (what.port) throw failure("a Unix socket has no port, and one is given", "leave out -p (or -L), or --unix");
  if (what.host_given && !what.secure && !what.websocket)
    throw failure("a Unix socket is on this machine, and -h is another host's name", "leave out -h, or --unix");
}

void check_route(const settings& what) {
  if (!what.unix_path.empty()) {
    if (what.via || what.by_service || what.bind_address || what.multipath)
      throw failure("a Unix socket is on this machine: --proxy, -S, -A and --mptcp mean nothing with --unix",
                    "leave out one or the other");
    if (what.unix_path.size() > 107)
      throw failure("the path of the Unix socket is longer than 107 characters",
                    "make a link to it in a shorter folder");
  }
  if (what.by_service) {
    if (what.port) throw failure("-S asks for the port, and one is given", "leave -p out");
    if (what.websocket) throw failure("no SRV records name brokers for WebSocket", "leave -S out");
    if (what.via) throw failure("the proxy resolves names, but no SRV records", "leave -S or --proxy out");
  }
  if (what.websocket_path.empty() || what.websocket_path.front() != '/')
    throw failure("'" + what.websocket_path + "' is no path of a WebSocket", "begin it with /, such as /mqtt");
}

}  // namespace recado::app::tools
