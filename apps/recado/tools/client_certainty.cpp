// Failures that have several reasons, until the port is asked for the likeliest; and connections that did not hold.
#include <recado/drive/posix/clock.hpp>

#include "client.hpp"
#include "local_address.hpp"
#include "port_probe.hpp"

namespace recado::app::tools {
namespace {

constexpr duration patience = std::chrono::seconds{1};

}  // namespace

// Nothing at all was heard: plain MQTT on a port of TLS, or the reverse? Only without a proxy, which would have to be
// asked to connect again.
outcome client::made_certain(outcome how) {
  const bool of_silence = how.status == status::connection_lost || how.status == status::timed_out ||
                          (how_.secure && how.status == status::tls && route_.at() == stage::tls);
  if (was_online_ || !of_silence || !watch_.connected() || watch_.heard(false) != 0 || route_.tunnelled() ||
      !how_.unix_path.empty())
    return how;
  const duration bound = std::min(how_.timeout, patience);
  posix::tcp_options options;
  options.connect_timeout = bound;
  const endpoint whom = stream_.identity().peer;
  std::vector<endpoint> candidates{whom};
  if (const auto local = choose_local(local_, candidates)) options.local = *local;
  if (!how_.secure && answers_tls(whom, how_.host, options, bound, random_)) {
    how.cause += ": " + how_.place() + " speaks TLS, and TLS was not asked for";
    how.remedy = "this port speaks TLS: add --cafile FILE, or --tls-use-os-certs";
  } else if (how_.secure && !how_.websocket && answers_mqtt(whom, options, bound)) {
    how.cause += ": " + how_.place() + " speaks MQTT without TLS";
    how.remedy =
        "this port speaks plain MQTT, not TLS: leave the TLS options out, or give the port of TLS by -p "
        "(usually 8883)";
  }
  return how;
}

// Some attempts may have led to a connection for a moment.
outcome client::lost_for_good(outcome how, bool was_online) const {
  if (losses_ > 1)
    how.cause = "the connection did not hold: it was lost " + std::to_string(losses_) + " times within " +
                in_seconds(how_.reconnect) + " of --reconnect; at last " + how.cause;
  else if (was_online_ && !was_online) how.cause = "the connection was lost and did not come back: " + how.cause;
  return how;
}

}  // namespace recado::app::tools
