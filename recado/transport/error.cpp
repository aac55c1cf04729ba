#include <recado/transport/error.hpp>

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

}  // namespace

std::string_view words(error code) { return row_of(code).cause; }
std::string_view remedy(error code) { return row_of(code).remedy; }

std::string_view socks_words(std::uint32_t reply) {
  constexpr std::string_view texts[] = {"succeeded",
                                        "general failure",
                                        "not allowed by its rules",
                                        "network unreachable",
                                        "host unreachable",
                                        "connection refused",
                                        "time to live expired",
                                        "command not supported",
                                        "address type not supported"};
  return reply < sizeof texts / sizeof texts[0] ? texts[reply] : "unknown reply";
}

}  // namespace recado::transport
