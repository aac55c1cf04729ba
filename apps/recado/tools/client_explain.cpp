// Why a connection ended, or never was, in one outcome from all that is known of it.
#include <recado/drive/posix/clock.hpp>

#include "client.hpp"

namespace recado::app::tools {

// The stream ended, or the machines ended it: one outcome from what is known.
outcome client::explain(outcome what, bool told) const {
  const bool inside = route_.tunnelled();
  if (!how_.secure && watch_.broker_speaks_tls(inside))
    return {status::protocol_error, how_.place() + " speaks TLS, and TLS was not asked for",
            "this port speaks TLS: add --cafile FILE, or --tls-use-os-certs"};
  const std::string_view other = online_ || how_.secure || how_.websocket ? "" : watch_.foreign(inside);
  if (!other.empty())
    return {what.status, how_.place() + " speaks " + std::string{other} + ", not MQTT",
            other == "HTTP" ? "give the port of MQTT by -p, or add --ws if it carries MQTT in WebSocket"
                            : "give the port of MQTT by -p"};
  if (what.status != status::connection_lost || what.verdict) return what;
  if (online_) {
    what.cause = "the connection was lost" +
                 (awaits_answer() ? " before " + std::string{awaited()} + " came: " : std::string{": "}) + what.cause;
    return what;
  }
  if (told) return what.cause += ", before it answered CONNECT", what;
  if (route_.at() != stage::mqtt) return route_.ended(std::move(what));
  const bool reset = is(stream_.why(), stream_error::reset);
  if (watch_.heard(route_.layered()) != 0)
    return {status::connection_lost, "the broker closed the connection in the middle of its answer to CONNECT",
            "see the broker's log"};
  const std::string older = how_.version_5() ? "if the broker speaks 3.1.1 only add -V 311, " : "";
  return {status::connection_lost,
          std::string{reset ? "the broker reset the connection (Connection reset by peer)"
                            : "the broker closed the connection"} +
              " without an answer to CONNECT",
          how_.secure      ? older + "see the broker's log: it may refuse the client certificate or this client"
          : how_.websocket ? older + "see the broker's log"
                           : older + "if this port speaks TLS add --cafile FILE, else see the broker's log"};
}

// The session ended the connection.
outcome client::explain(const mqtt::closed& what) const {
  if (is(what.why, mqtt::error::ping_timed_out))
    return {status::keep_alive, "the broker did not answer PINGREQ: no PINGRESP within " + in_seconds(ping_time()),
            "check the network and the broker"};
  const auto old = watch_.old_connack(route_.tunnelled());
  if (!online_ && how_.version_5() && old && *old == 1)
    return {static_cast<int>(mqtt::reason::unsupported_protocol_version),
            "the broker refused the connection: unacceptable protocol version: it does not speak MQTT 5.0",
            "give -V 311, and leave out what only MQTT 5.0 has", true};
  outcome result = explain(outcome_of(what, how_.version.value_or(mqtt::version::v3_1_1)));
  if (!online_ && how_.version_5() && old) result.remedy = "its answer has the form of MQTT 3.1.1: try -V 311";
  return result;
}

// What didn't come in time.
outcome client::overdue(const std::string& within) const {
  if (!online_ && !watch_.connected())
    return {status::timed_out, how_.place() + " did not accept the connection" + within,
            "check the address, the port and any firewall between"};
  if (!online_ && route_.at() != stage::mqtt) return explain(route_.too_late(within));
  if (!online_ && !session_.within_packet())
    return explain({status::timed_out, "the broker did not answer CONNECT: no CONNACK" + within,
                    "check host and port, and whether that port speaks MQTT (or TLS: --cafile)"});
  if (!stream_.writable() && posix::now() >= watch_.last_out() + how_.timeout)
    return {status::timed_out, "the broker takes no more bytes: nothing could be sent" + within,
            "check the network and the broker"};
  if (session_.within_packet())
    return {status::timed_out, "the broker stopped in the middle of a packet and sent no more" + within,
            "check the network and the broker"};
  outcome result{status::timed_out, "the broker did not answer: no " + std::string{awaited()} + " came" + within,
                 "check the broker, or raise --timeout"};
  result.verdict = true;  // it is there, and doesn't answer
  return result;
}

}  // namespace recado::app::tools
