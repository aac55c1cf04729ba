#include <recado/transport/error.hpp>

#include <span>

namespace recado::transport {
namespace {

struct row {
  std::string_view cause;
  std::string_view remedy;
};

constexpr std::string_view broken_peer = "check that the address and port are those of what they are said to be";
constexpr std::string_view broken_server = "the server breaks the WebSocket standard: ask who runs it";

constexpr row rows[] = {
    {"", ""},
    {"the memory given can't hold the handshake", "give larger buffers"},
    {"the host name or path is too long or has forbidden characters", "correct it"},
    {"the user name or password is too long or has forbidden characters", "correct them"},
    {"the handshake got no answer in time", "check the address and the network, or allow more time"},
    {"the answer isn't HTTP", broken_peer},
    {"the head of the HTTP answer is too long", broken_peer},
    {"the HTTP proxy refused the connection", "check the proxy's rules, and the broker's host and port"},
    {"the proxy wants a user name and a password", "give them in the proxy's URL"},
    {"the answer isn't SOCKS5", broken_peer},
    {"the SOCKS5 proxy refused the user name or password", "correct them"},
    {"the SOCKS5 proxy refused the connection", "check the proxy's rules, and the broker's host and port"},
    {"the server refused to speak WebSocket", "check the path of the URL, and that the port is one for WebSocket"},
    {"the server's answer to the WebSocket request is wrong", broken_server},
    {"the server's answer does not belong to this WebSocket request", broken_server},
    {"the server doesn't speak MQTT over WebSocket there", "check the path of the URL"},
    {"a WebSocket frame is malformed", broken_server},
    {"the server masked a WebSocket frame", broken_server},
    {"the server sent text where MQTT needs binary frames", broken_server},
    {"the pieces of a WebSocket message are out of order", broken_server},
    {"a WebSocket close frame is malformed", broken_server},
    {"the server closed the WebSocket", "look into the server's log"},
};

const row& row_of(error code) {
  const auto index = static_cast<std::size_t>(code);
  return rows[index < sizeof rows / sizeof rows[0] ? index : 0];
}

constexpr std::string_view later = "try again later";
constexpr std::string_view backend_away =
    "the broker behind this web server isn't there: see that it runs, or try later";
constexpr std::string_view both_break = "one of both sides breaks the standard: the server's log says more";
constexpr std::string_view not_let_in = "the server doesn't let this client in: check user and password, and its rules";

/// What a number means, and what helps; an empty remedy: what helps at any number.
struct meaning {
  std::uint32_t number;
  std::string_view words;
  std::string_view remedy{};
};

constexpr std::string_view elsewhere = "redirects aren't followed: give the address that it redirects to";

// RFC 9110 §15.
constexpr meaning of_http[] = {
    {200, "OK", "that is a web page: check the path of the URL, and that the port is one for WebSocket"},
    {301, "Moved Permanently", elsewhere},
    {302, "Found", elsewhere},
    {303, "See Other", elsewhere},
    {307, "Temporary Redirect", elsewhere},
    {308, "Permanent Redirect", elsewhere},
    {400, "Bad Request"},
    {401, "Unauthorized",
     "the web server wants a login by HTTP, before MQTT's: ask who runs it for a way without, as none can be given "
     "here"},
    {403, "Forbidden", "the web server's own rules forbid it, not MQTT's: ask who runs it whom it lets through"},
    {404, "Not Found", "check the path of the URL"},
    {405, "Method Not Allowed", "check the path of the URL"},
    {410, "Gone", "check the path of the URL"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests", later},
    {500, "Internal Server Error", "look into the server's log"},
    {502, "Bad Gateway", backend_away},
    {503, "Service Unavailable", backend_away},
    {504, "Gateway Timeout", backend_away},
};

// RFC 6455 §7.4.1 and IANA's "WebSocket Close Code Number Registry".
constexpr meaning of_close[] = {
    {1000, "normal closure"},
    {1001, "going away", later},
    {1002, "protocol error", both_break},
    {1003, "unsupported data", both_break},
    {1005, "no status given"},
    {1007, "invalid payload data", both_break},
    {1008, "policy violation", not_let_in},
    {1009, "message too big", "send smaller messages, or raise the server's limit"},
    {1010, "mandatory extension"},
    {1011, "internal error"},
    {1012, "service restart", later},
    {1013, "try again later", later},
    {1014, "bad gateway", backend_away},
    {3000, "unauthorized", not_let_in},
    {3003, "forbidden", not_let_in},
    {3008, "timeout", later},
};

constexpr meaning of_socks[] = {
    {0, "succeeded"},
    {1, "general failure"},
    {2, "not allowed by its rules"},
    {3, "network unreachable"},
    {4, "host unreachable"},
    {5, "connection refused"},
    {6, "time to live expired"},
    {7, "command not supported"},
    {8, "address type not supported"},
};

std::span<const meaning> table_of(error code) {
  switch (code) {
    case error::proxy_refused:
    case error::upgrade_refused:
      return of_http;
    case error::closed_by_server:
      return of_close;
    case error::socks_refused:
      return of_socks;
    default:
      return {};
  }
}

meaning meaning_of(error code, std::uint32_t detail) {
  for (const meaning& each : table_of(code))
    if (each.number == detail) return each;
  return {detail, code == error::socks_refused ? "unknown reply" : "", {}};
}

}  // namespace

std::string_view words(error code) { return row_of(code).cause; }

std::string_view remedy(error code, std::uint32_t detail) {
  if (code == error::proxy_refused) return row_of(code).remedy;  // a proxy's statuses are about the way behind it
  const std::string_view special = meaning_of(code, detail).remedy;
  return special.empty() ? row_of(code).remedy : special;
}

std::string_view words_of_detail(error code, std::uint32_t detail) { return meaning_of(code, detail).words; }

}  // namespace recado::transport
