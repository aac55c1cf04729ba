// What a port speaks that did not answer: asked once in another language, on a connection of its own.
#pragma once

#include <string_view>

#include <recado/core/address.hpp>
#include <recado/core/entropy.hpp>
#include <recado/drive/posix/tcp_stream.hpp>

namespace recado::app::tools {

/// True if `whom` answers a ClientHello by a record of TLS within `bound` (and `options.connect_timeout` for the
/// connection). `host` is sent as the server's name unless it is an address.
bool answers_tls(const endpoint& whom, std::string_view host, const posix::tcp_options& options, duration bound,
                 entropy& random);
/// True if it answers a CONNECT without user and password, for a session that ends at once, by CONNACK.
bool answers_mqtt(const endpoint& whom, const posix::tcp_options& options, duration bound);

}  // namespace recado::app::tools
