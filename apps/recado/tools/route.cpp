#include "route.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>

#include <recado/drive/posix/clock.hpp>

#include "../command.hpp"
#include "../passphrase.hpp"

namespace recado::app::tools {
namespace {

constexpr std::size_t tls_outgoing_bytes = 128 << 10;
constexpr std::size_t tls_plaintext_bytes = 256 << 10;
constexpr std::size_t tunnel_bytes = 128 << 10;
constexpr std::uint16_t port_http = 80, port_https = 443;

std::vector<std::byte> key_of(std::string_view hex) {
  std::vector<std::byte> result;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const std::string digits{hex.substr(i, 2)};
    char* end = nullptr;
    const unsigned long value = std::strtoul(digits.c_str(), &end, 16);
    if (*end != 0 || digits[0] == '-' || digits[0] == '+' || digits[0] == ' ') return {};
    result.push_back(static_cast<std::byte>(value));
  }
  return hex.size() % 2 == 0 ? result : std::vector<std::byte>{};
}

[[noreturn]] void refuse(tls::error why, const settings& how) {
  std::string cause = "TLS: " + std::string{words(why)};
  using tls::error;
  if (why == error::ca_file_unreadable || why == error::ca_invalid)
    cause += " (" + (how.ca_file.empty() ? how.ca_path : how.ca_file) + ")";
  if (why == error::certificate_file_unreadable || why == error::certificate_invalid)
    cause += " (" + how.certificate + ")";
  if (why == error::key_file_unreadable || why == error::key_invalid)
    cause += " (" + (how.key.empty() ? how.certificate : how.key) + ")";
  if (why == error::crl_file_unreadable || why == error::crl_invalid) cause += " (" + how.crl_file + ")";
  throw failure(cause, std::string{remedy_of(why)});
}

[[noreturn]] void refuse(transport::error why, std::string_view what) {
  throw failure(std::string{what} + ": " + std::string{words(why)}, std::string{remedy(why)});
}

/// Asks for the key's pass phrase: a file, or the terminal. What is wrong with that waits until OpenSSL, which asks,
/// has put away what it holds: nothing may be thrown through it.
class phrase_source final : public tls::pass_phrase_source {
 public:
  explicit phrase_source(const settings& how) : how_(how) {}
  std::size_t ask(std::span<char> out) override {
    try {
      return get(out);
    } catch (...) {
      trouble_ = std::current_exception();
      return 0;
    }
  }
  void rethrow() const {
    if (trouble_) std::rethrow_exception(trouble_);
  }

 private:
  std::size_t get(std::span<char> out) {
    const std::string& path = how_.pass_phrase_file;
    const std::string what = "the key " + (how_.key.empty() ? how_.certificate : how_.key);
    const pki::secret phrase =
        path.empty() ? ask_passphrase(what, false, "--passphrase-file") : read_passphrase_file(path);
    if (phrase.view().size() > out.size()) return 0;
    std::ranges::copy(phrase.view(), out.begin());
    return phrase.view().size();
  }

  const settings& how_;
  std::exception_ptr trouble_;
};

}  // namespace

route::route(const settings& how, tls::key_log* keys, entropy& random) : how_(how) {
  if (how_.via) load_proxy(), stages_.push_back(stage::proxy);
  if (how_.secure) load_tls(keys), stages_.push_back(stage::tls);
  if (how_.websocket) load_websocket(random), stages_.push_back(stage::websocket);
  stages_.push_back(stage::mqtt);
}

void route::plug(stack& onto) {
  if (websocket_) onto.add(*websocket_);
  if (tls_) onto.add(*tls_);
  if (socks_) onto.add(*socks_);
  if (http_) onto.add(*http_);
}

void route::load_tls(tls::key_log* keys) {
  tls::client_options to;
  phrase_source phrase{how_};
  clock_.set(posix::realtime(), posix::now());
  to.clock = &clock_;
  to.ca = tls::source::file(how_.ca_file);
  to.ca_path = how_.ca_path;
  to.system_store = how_.system_store || (how_.ca_file.empty() && how_.ca_path.empty() && how_.psk.empty());
  to.crl = tls::source::file(how_.crl_file);
  to.certificate = tls::source::file(how_.certificate);
  to.key = tls::source::file(how_.key);
  to.ask = &phrase;
  if (how_.insecure) to.check = tls::peer_check::chain_but_not_its_name;
  if (how_.tls_version == "tlsv1.2") to.highest = tls::version::v1_2;
  if (how_.tls_version == "tlsv1.3") to.lowest = tls::version::v1_3;
  to.ciphers = how_.ciphers;
  to.alpn = how_.alpn;
  to.report_chain = true;
  to.handshake_patience = handshake_time();
  if (!how_.psk.empty()) {
    psk_ = key_of(how_.psk);
    if (psk_.empty()) throw failure("the pre-shared key is not hexadecimal", "give pairs of digits without 0x");
    if (psk_.size() < tls::psk_bytes_min)
      throw failure("a pre-shared key of " + std::to_string(psk_.size() * 8) + " bits can be guessed, and is not used",
                    "give the broker and this client one of " + std::to_string(tls::psk_bytes_min * 8) +
                        " bits (28 hexadecimal digits) or more");
    to.psk = {how_.psk_identity, psk_};
  }
  if (!how_.key_log.empty() && keys != nullptr)
    throw failure("--tls-keylog and --pcapng are both given", "the recording holds the keys already: give one of them");
  if (!how_.key_log.empty()) open_key_log();
  to.keys = key_file_ ? &*key_file_ : keys;
  const auto loaded = context_.load(to);
  phrase.rethrow();
  if (!loaded) refuse(loaded.error(), how_);
  tls_outgoing_.resize(tls_outgoing_bytes), tls_plaintext_.resize(tls_plaintext_bytes);
  tls_.emplace(context_, tls::openssl::filter::memory{tls_outgoing_, tls_plaintext_});
  if (const auto set = tls_->set_peer(how_.host); !set) refuse(set.error(), how_);
}

void route::open_key_log() {
  auto file = capture::private_file::open(how_.key_log, capture::opening::append);
  if (!file)
    throw failure("the key log '" + how_.key_log + "' could not be opened: " + std::strerror(file.error()),
                  "check the folder and its permissions");
  key_file_.emplace(std::move(*file));
}

void route::load_proxy() {
  proxy_incoming_.resize(tunnel_bytes), proxy_outgoing_.resize(tunnel_bytes);
  const transport::memory room{proxy_incoming_, proxy_outgoing_};
  const auto set = [this](auto& filter) {
    filter.set_handshake_time(handshake_time());
    if (const auto done = filter.set_target(how_.host, how_.port_in_use()); !done)
      refuse(done.error(), "the broker's name given by -h");
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
  const std::uint16_t port = how_.port_in_use();
  authority_ = how_.host.find(':') == how_.host.npos ? how_.host : "[" + how_.host + "]";
  if (port != (how_.secure ? port_https : port_http)) authority_ += ":" + std::to_string(port);
  if (const auto set = websocket_->set_target(authority_, how_.websocket_path); !set)
    refuse(set.error(), "the WebSocket's host or path");
}

stage route::at() const { return stages_[std::min(up_, stages_.size() - 1)]; }

outcome route::unreached(const fault& why) const {
  outcome result = outcome_of(why);
  const std::size_t colon = result.cause.find(": ");
  const std::string cause = colon == result.cause.npos ? result.cause : result.cause.substr(colon + 2);
  if (!how_.unix_path.empty())
    return {result.status, how_.place() + " can't be connected to: " + std::strerror(static_cast<int>(why.detail)),
            "check the path, and that the broker listens there"};
  if (how_.via)
    return {result.status, "the proxy " + proxy_place() + " can't be reached: " + cause,
            "check --proxy, and that the proxy is running"};
  return {result.status, how_.place() + " can't be reached: " + cause, result.remedy};
}

outcome route::failed(const fault& why) const {
  outcome result = outcome_of(why);
  const std::size_t colon = result.cause.find(": ");
  const std::string cause = colon == result.cause.npos ? result.cause : result.cause.substr(colon + 2);
  result.cause = (at() == stage::proxy ? "the proxy " + proxy_place() : std::string{"WebSocket"}) + ": " + cause;
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
