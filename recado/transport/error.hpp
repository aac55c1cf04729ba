// What can go wrong between the TCP connection and the protocol that it is for: proxies and WebSocket.
#pragma once

#include <cstdint>
#include <string_view>

#include <recado/core/fault.hpp>

namespace recado::transport {

/// The `detail` of the fault is named where there is one.
enum class error : std::uint16_t {
  no_room = 1,              ///< the memory given can't hold the handshake
  bad_target,               ///< the host name or path has forbidden characters, or is too long
  bad_credentials,          ///< user name or password are too long for the protocol, or have forbidden characters
  timed_out,                ///< no answer to the handshake in time
  not_http,                 ///< the answer isn't HTTP/1.1
  answer_too_long,          ///< the answer's head has no end
  proxy_refused,            ///< an HTTP proxy refused; detail: status
  proxy_wants_credentials,  ///< HTTP status 407, or SOCKS5 with no method in common
  not_socks,                ///< the answer isn't SOCKS5
  socks_credentials,        ///< the SOCKS5 proxy refused user name and password
  socks_refused,            ///< the SOCKS5 proxy refused; detail: its reply code
  upgrade_refused,          ///< the server doesn't want WebSocket there; detail: status
  bad_upgrade,              ///< the server's answer contradicts RFC 6455 §4.1
  wrong_accept,             ///< Sec-WebSocket-Accept is not the answer to the key
  wrong_protocol,           ///< the server didn't choose the sub-protocol "mqtt"
  bad_frame,                ///< a frame contradicts RFC 6455 §5.2
  masked_frame,             ///< a server must not mask (§5.1)
  text_frame,               ///< MQTT is binary [MQTT-6.0.0-1]
  bad_fragment,             ///< a fragment without a beginning, or a beginning inside a message (§5.4)
  bad_close,                ///< a close frame with a forbidden status or reason (§5.5.1, §7.4)
  closed_by_server,         ///< detail: the status of the close frame, 1005 if it had none
};
constexpr layer layer_of(error) { return layer::transport; }

/// False in a build with RECADO_WITHOUT_TRANSPORT defined, as firmware is, which knows neither proxies nor WebSocket:
/// the words for their faults aren't linked.
#if defined(RECADO_WITHOUT_TRANSPORT)
inline constexpr bool has_transport = false;
#else
inline constexpr bool has_transport = true;
#endif

/// The cause as half a sentence.
std::string_view words(error code);
/// What the user can do about it. `detail` is the fault's: what an HTTP server or the status of a close frame says
/// decides what helps.
std::string_view remedy(error code, std::uint32_t detail = 0);
/// What the detail of a fault of this error means, such as "Forbidden" for the status 403 of HTTP (RFC 9110 §15),
/// "policy violation" for the status 1008 of a close frame (RFC 6455 §7.4.1, and IANA's registry that it made), or
/// "host unreachable" for the reply 4 of SOCKS5 (RFC 1928 §6). Empty if nothing is known of it.
std::string_view words_of_detail(error code, std::uint32_t detail);

}  // namespace recado::transport
