#include "route.hpp"

#include <cstring>

#include "../command.hpp"

namespace recado::app::tools {
namespace {

constexpr std::size_t tls_outgoing_bytes = 128 << 10;
constexpr std::size_t tls_plaintext_bytes = 256 << 10;
constexpr std::size_t tunnel_bytes = 128 << 10;
constexpr std::uint16_t port_http = 80, port_https = 443;

[[noreturn]] void refuse(transport::error why, std::string_view what) {
  throw failure(std::string{what} + ": " + std::string{words(why)}, std::string{remedy(why)});
}

}  // namespace

route::route(const settings& how, tls::key_log* keys, entropy& random) : how_(how) {
  if (how_.via) load_proxy(), stages_.push_back(stage::proxy);
  if (how_.secure) load_tls(keys), stages_.push_back(stage::tls);
  if (how_.websocket) load_websocket(random), stages_.push_back(stage::websocket);
  stages_.push_back(stage::mqtt);
  aim();
}

void route::aim() {
  const std::string_view given =
      how_.referred ? "the name of the server that another one named in its place" : "the broker's name given by -h";
  if (tls_)
    if (const auto set = tls_->set_peer(how_.host); !set) refuse_tls(set.error(), how_);
  const auto set = [&](auto& filter) {
    if (const auto done = filter.set_target(how_.host, how_.port_in_use()); !done) refuse(done.error(), given);
  };
  if (socks_) set(*socks_);
  if (http_) set(*http_);
  if (!websocket_) return;
  const std::uint16_t port = how_.port_in_use();
  authority_ = how_.host.find(':') == how_.host.npos ? how_.host : "[" + how_.host + "]";
  if (port != (how_.secure ? port_https : port_http)) authority_ += ":" + std::to_string(port);
  if (const auto done = websocket_->set_target(authority_, how_.websocket_path); !done)
    refuse(done.error(), how_.referred ? given : "the WebSocket's host or path");
}

void route::plug(stack& onto) {
  if (websocket_) onto.add(*websocket_);
  if (tls_) onto.add(*tls_);
  if (socks_) onto.add(*socks_);
  if (http_) onto.add(*http_);
}

void route::load_tls(tls::key_log* keys) {
  secrets_.emplace(how_, tls_wishes{.patience = handshake_time(), .keys = keys, .report_chain = true});
  tls_outgoing_.resize(tls_outgoing_bytes), tls_plaintext_.resize(tls_plaintext_bytes);
  tls_.emplace(secrets_->shared(), tls_either_filter::memory{tls_outgoing_, tls_plaintext_});
}

void route::load_proxy() {
  proxy_incoming_.resize(tunnel_bytes), proxy_outgoing_.resize(tunnel_bytes);
  const transport::memory room{proxy_incoming_, proxy_outgoing_};
  const auto set = [this](auto& filter) {
    filter.set_handshake_time(handshake_time());
    if (const auto done = filter.set_credentials(how_.via->user, how_.via->password); !done)
      refuse(done.error(), "--proxy");
  };
  if (how_.via->socks) set(socks_.emplace(room));
  else set(http_.emplace(room));
}

void route::load_websocket(entropy& random) {
  websocket_incoming_.resize(tunnel_bytes), websocket_outgoing_.resize(tunnel_bytes);
  websocket_.emplace(transport::memory{websocket_incoming_, websocket_outgoing_}, random);
  websocket_->set_handshake_time(handshake_time());
}

stage route::at() const { return stages_[std::min(up_, stages_.size() - 1)]; }

outcome unreached(const settings& how, const fault& why) {
  outcome result = outcome_of(why);
  const std::size_t colon = result.cause.find(": ");
  const std::string cause = colon == result.cause.npos ? result.cause : result.cause.substr(colon + 2);
  if (how.bind_address && is(why, stream_error::address_lost))
    return {result.status, "'" + *how.bind_address + "' is no address of this host",
            "give by -A one of those that 'ip address' lists"};
  if (!how.unix_path.empty())
    return {result.status, how.place() + " can't be connected to: " + std::strerror(static_cast<int>(why.detail)),
            "check the path, and that the broker listens there"};
  if (how.via)
    return {result.status,
            "the proxy " + how.via->host + ":" + std::to_string(how.via->port) + " can't be reached: " + cause,
            "check --proxy, and that the proxy is running"};
  return {result.status, how.place() + " can't be reached: " + cause, result.remedy};
}

outcome route::unreached(const fault& why) const { return tools::unreached(how_, why); }

outcome route::failed(const fault& why) const {
  outcome result = outcome_of(why);
  const std::size_t colon = result.cause.find(": ");
  const std::string cause = colon == result.cause.npos ? result.cause : result.cause.substr(colon + 2);
  result.cause = (at() == stage::proxy ? "the proxy " + proxy_place() : std::string{"WebSocket"}) + ": " + cause;
  if (is(why, transport::error::upgrade_refused)) result.cause += " at the path '" + how_.websocket_path + "'";
  if (websocket_ && !websocket_->close_reason().empty())
    result.cause += ": \"" + printable(websocket_->close_reason()) + "\"";
  return result;
}

outcome route::ended(outcome what) const {
  const auto more = [](std::string_view cause) {
    const std::size_t colon = cause.find(": ");
    return colon == cause.npos ? std::string{} : std::string{cause.substr(colon)};
  };
  switch (at()) {
    case stage::proxy:
      return {what.status, "the proxy " + proxy_place() + " closed the connection before it led to the broker",
              "check --proxy: is it of this kind, at this port?"};
    case stage::tls:
      return {status::tls, "the broker closed the connection during the TLS handshake" + more(what.cause),
              std::string{remedy_of(tls::error::closed_in_handshake)}};
    case stage::websocket:
      return {what.status, "the broker closed the connection during the WebSocket handshake",
              "check that " + how_.place() + " speaks WebSocket, not plain MQTT" +
                  (how_.secure ? "" : "; if it speaks TLS add --cafile FILE")};
    default:
      return what;
  }
}

outcome route::too_late(const std::string& within) const {
  switch (at()) {
    case stage::proxy:
      return {status::timed_out, "the proxy " + proxy_place() + " did not lead to the broker" + within,
              "check --proxy, and whether the proxy reaches " + how_.place()};
    case stage::tls:
      return {status::timed_out, "the TLS handshake with the broker did not end" + within,
              "check that " + how_.place() + " speaks TLS, and the network"};
    case stage::websocket:
      return {status::timed_out, "the WebSocket handshake with the broker did not end" + within,
              "check that " + how_.place() + " speaks WebSocket, and --ws-path"};
    default:
      return {status::timed_out, "the broker did not answer" + within,
              "check host and port, and whether that port speaks MQTT (or TLS: --cafile)"};
  }
}

}  // namespace recado::app::tools
