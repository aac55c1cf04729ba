// The way to the broker: whom to look up, and what lies between the stream and the session.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <recado/client/resolve.hpp>
#include <recado/core/entropy.hpp>
#include <recado/transport/http_connect.hpp>
#include <recado/transport/socks5.hpp>
#include <recado/websocket/filter.hpp>

#include "machine.hpp"
#include "outcome.hpp"
#include "service.hpp"
#include "settings.hpp"
#include "tls_context.hpp"

namespace recado::app::tools {

/// How far a connection has come.
enum class stage : std::uint8_t { proxy, tls, websocket, mqtt };

/// Looks the addresses up that a connection can be tried with: the proxy's, else those of the brokers that the SRV
/// records name in their order, else the host's.
class lookup {
 public:
  lookup(const settings& how, entropy& random) : how_(how), random_(random) {}
  ~lookup() { abandon(); }
  void start(posix::loop& where);
  /// False while not done. Then `found` is filled, or `trouble` says why not.
  bool done(std::vector<endpoint>& found, outcome& trouble);
  void abandon();
  /// For a look-up that came to no end.
  outcome too_late() const;

 private:
  struct name_question {
    std::shared_ptr<recado::client::resolution> job;
    bool done = false;
    std::vector<endpoint> found;
  };
  bool take_service(outcome& trouble);
  void ask(const std::string& host, std::uint16_t port) {
    names_.push_back({recado::client::resolution::start(host, port, *loop_), false, {}});
  }
  std::string name() const { return how_.via ? how_.via->host : how_.host; }
  std::string service_name() const { return (how_.secure ? "_secure-mqtt._tcp." : "_mqtt._tcp.") + how_.host; }

  const settings& how_;
  entropy& random_;
  posix::loop* loop_ = nullptr;
  std::shared_ptr<service_question> question_;
  std::vector<name_question> names_;
  int name_trouble_ = 0;  // what getaddrinfo said of the last name without address
};

/// What to say if there is no connection at all.
outcome unreached(const settings& how, const fault& why);

/// The filters of a connection.
class route {
 public:
  /// Loads what the options name; throws `failure`. `keys` takes the secrets of TLS, or is nullptr.
  route(const settings& how, tls::key_log* keys, entropy& random);
  /// At the server that the settings name by now; throws `failure` if its name can't be one. Between connections only.
  void aim();
  /// Puts the filters around the session.
  void plug(stack& onto);
  /// A connection begins.
  void begin() { up_ = 0; }
  /// The next filter is through.
  void advance() { ++up_; }
  stage at() const;
  /// What to say if there is no connection at all, if what lies before MQTT failed by `why`, if the peer ended the
  /// connection at such a stage, and if the time was over.
  outcome unreached(const fault& why) const;
  outcome failed(const fault& why) const;
  outcome ended(outcome what) const;
  outcome too_late(const std::string& within) const;
  /// True if there is anything between the stream and MQTT; and if it is a proxy, whose bytes go before the broker's.
  bool layered() const { return stages_.size() > 1; }
  bool tunnelled() const { return how_.via.has_value(); }
  const wall_clock& clock() const { return secrets_ ? secrets_->clock() : no_clock_; }
  /// The errno of the key log's first failed write, 0 if none did.
  int key_log_error() const { return secrets_ ? secrets_->key_log_error() : 0; }

 private:
  void load_tls(tls::key_log* keys);
  void load_proxy();
  void load_websocket(entropy& random);
  /// The whole attempt has a bound that comes first, with better words.
  duration handshake_time() const { return how_.timeout + std::chrono::seconds{5}; }
  std::string proxy_place() const { return how_.via->host + ":" + std::to_string(how_.via->port); }

  const settings& how_;
  std::vector<stage> stages_;  // from the wire inwards
  std::size_t up_ = 0;
  wall_clock no_clock_;
  std::optional<tls_context> secrets_;
  std::vector<std::byte> tls_outgoing_, tls_plaintext_;
  std::optional<tls_either_filter> tls_;
  std::vector<std::byte> proxy_incoming_, proxy_outgoing_;
  std::optional<transport::socks5> socks_;
  std::optional<transport::http_connect> http_;
  std::vector<std::byte> websocket_incoming_, websocket_outgoing_;
  std::optional<websocket::filter> websocket_;
  std::string authority_;
};

}  // namespace recado::app::tools
