// The loop of a tool: attempts, turns, bounds in time, and the end.
#include "client.hpp"

#include <csignal>
#include <cstring>

#include <recado/chain/words.hpp>
#include <recado/drive/posix/clock.hpp>

#include <netdb.h>
#include <unistd.h>

#include "../command.hpp"
#include "../console.hpp"

namespace recado::app::tools {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t transmit_bytes = 4 << 20;
constexpr std::size_t receive_bytes = 256 << 10;
constexpr std::size_t alias_topic_bytes = 1024;
constexpr std::uint16_t in_flight_default = 1000;
constexpr duration pause_longest = 4s;

std::uint16_t alias_count(const settings& how) {
  for (const auto& each : how.connect.values())
    if (each.id == mqtt::property::topic_alias_maximum) return static_cast<std::uint16_t>(each.number);
  return 0;
}

mqtt::memory memory_of(std::vector<std::byte>& transmit, std::vector<mqtt::outgoing_flight>& flights,
                       std::vector<std::uint16_t>& received, std::vector<std::byte>& aliases, std::uint16_t count) {
  return {.transmit = transmit,
          .outgoing = flights,
          .received = received,
          .owed = {},
          .incoming_aliases = aliases,
          .incoming_alias_count = count,
          .outgoing_aliases = {},
          .outgoing_alias_count = 0,
          .receive_size = receive_bytes};
}

std::string identifier_of(const settings& how) {
  if (how.client_id) return *how.client_id;
  if (how.id_prefix) return *how.id_prefix + std::to_string(::getpid());
  return {};
}

}  // namespace

client::client(const settings& how)
    : how_(how),
      watch_(how),
      transmit_(transmit_bytes),
      flights_(how.in_flight.value_or(in_flight_default) + 64U),
      received_(mqtt::received_bitmap_words),
      aliases_(alias_count(how) * alias_topic_bytes),
      receive_memory_(receive_bytes),
      buffer_(receive_memory_),
      session_(memory_of(transmit_, flights_, received_, aliases_, alias_count(how))),
      identifier_(identifier_of(how)) {
  if (how_.secure) load_tls();
}

mqtt::connect_options client::connect_options() {
  mqtt::connect_options to;
  to.version = how_.version.value_or(mqtt::version::v3_1_1);
  to.client_identifier = identifier_;
  to.clean_start = !how_.keep_session;
  to.keep_alive_s = how_.keep_alive_s;
  if (how_.user_name) to.user_name = *how_.user_name;
  if (how_.password) to.password = as_bytes(*how_.password);
  if (how_.will_topic) {
    to.will = mqtt::will{*how_.will_topic, {}, how_.will_qos, how_.will_retain, {}};
    if (how_.will_payload) to.will->payload = as_bytes(*how_.will_payload);
    to.will->properties = how_.will.all();
  }
  to.connect_timeout = how_.timeout;
  to.ping_timeout = how_.timeout;
  to.automatic_topic_aliases = false;
  to.when_session_lost = mqtt::lost_session::publish_again;
  if (!how_.version_5()) return to;
  if (how_.keep_session) to.session_expiry_s = 0xffff'ffff;
  if (how_.session_expiry_s) to.session_expiry_s = *how_.session_expiry_s;
  to.receive_maximum = how_.which == tool::rr ? 1 : 20;  // as mosquitto's clients
  for (const auto& each : how_.connect.values()) {
    using mqtt::property;
    if (each.id == property::session_expiry_interval) to.session_expiry_s = each.number;
    if (each.id == property::receive_maximum) to.receive_maximum = static_cast<std::uint16_t>(each.number);
    if (each.id == property::maximum_packet_size) to.maximum_packet_size = each.number;
    if (each.id == property::request_response_information) to.request_response_information = each.number != 0;
    if (each.id == property::request_problem_information) to.request_problem_information = each.number != 0;
    if (each.id == property::authentication_method) to.authentication_method = each.text;
    if (each.id == property::authentication_data) to.authentication_data = as_bytes(each.text);
  }
  to.user_properties = how_.connect.pick([](mqtt::property id) { return id == mqtt::property::user_property; });
  return to;
}

int client::run() {
  if (const auto opened = loop_.open(); !opened) throw failure(outcome_of(opened.error()).cause);
  posix::signals signals;
  if (const auto opened = signals.open(loop_, {SIGINT, SIGTERM}); !opened)
    throw failure("no signals can be waited for");
  begin(posix::now());
  while (phase_ != phase::over) {
    const instant now = posix::now();
    instant until = never;
    if (phase_ == phase::resolving) until = look_up(now);
    else if (phase_ == phase::pausing && now < retry_at_) until = retry_at_;
    else if (phase_ == phase::pausing) begin(now), until = now;
    else until = turn(now);
    if (phase_ == phase::over) break;
    if (until > now) out().flush(), loop_.wait(until);
    if (const auto number = signals.next()) {
      on_interrupt(*number);
      if (!online_) stop(outcome_);
    }
    if (out().write_error() != 0 && !leaving_) end({status::failed, "the output could not be written", "make room"});
  }
  return report();
}

void client::begin(instant now) {
  attempt_ends_ = now + how_.timeout;
  ending_ = {}, ending_said_ = false, online_ = false;
  resolution_ = recado::client::resolution::start(how_.host, how_.port.value_or(how_.secure ? 8883 : 1883), loop_);
  phase_ = phase::resolving;
}

instant client::look_up(instant now) {
  int code = 0;
  if (!resolution_->done(candidates_, code)) {
    if (now < attempt_ends_) return attempt_ends_;
    resolution_->abandon();
    attempt_failed({status::timed_out, "no name server told the address of '" + how_.host + "' in time",
                    "check the network and the name server, or give an address"},
                   now);
  } else if (code != 0) {
    attempt_failed(
        {status::failed, "the broker's name '" + printable(how_.host) + "' has no address: " + ::gai_strerror(code),
         "check the name given by -h and the name server"},
        now);
  } else {
    connect_stream(now);
  }
  return now;
}

void client::connect_stream(instant now) {
  if (const auto prepared = session_.connect(connect_options()); !prepared)
    return stop({status::failed, "CONNECT is not possible: " + std::string{words(prepared.error())},
                 std::string{remedy(prepared.error())}});
  buffer_.clear();
  half_packet_ = 0;
  posix::tcp_options options;
  options.connect_timeout = std::max<duration>(std::min<duration>(how_.timeout, 10s), 1ms);
  options.linger = 1s;
  if (how_.bind_address) {
    const auto local = parse_address(*how_.bind_address);
    if (!local)
      return stop({status::failed, "'" + *how_.bind_address + "' is no address", "give an address of this host by -A"});
    options.local = *local;
  }
  stream_.observe(&watch_);
  if (const auto connecting = stream_.connect(loop_, candidates_, options, now); !connecting)
    return attempt_failed(explain(outcome_of(connecting.error())), now);
  phase_ = phase::streaming;
}

// The stream ended, or the machines ended it: one outcome from what is known.
outcome client::explain(outcome what) const {
  const bool answered = watch_.heard() != 0;
  const std::string port = std::to_string(how_.port.value_or(how_.secure ? 8883 : 1883));
  if (!how_.secure && watch_.broker_speaks_tls())
    return {status::protocol_error, "port " + port + " of " + how_.host + " speaks TLS, and TLS was not asked for",
            "this port speaks TLS: add --cafile FILE, or --tls-use-os-certs"};
  if (online_ || what.status != status::connection_lost) return what;
  if (answered)
    return {status::connection_lost, "the broker closed the connection in the middle of its answer",
            "see the broker's log"};
  return {status::connection_lost, "the broker closed the connection without an answer to CONNECT",
          how_.secure ? "see the broker's log: it may refuse the client certificate or this client"
                      : "if this port speaks TLS add --cafile FILE, else see the broker's log"};
}

posix::flow client::hear_session(mqtt::session_event& what, instant now) {
  answered_at_ = now;
  if (auto* up = std::get_if<mqtt::connected>(&what)) {
    online_ = was_online_ = true;
    lost_at_ = never, pause_ = 250ms;
    event_line("connected");
    on_connected(*up, now);
    return posix::flow::go_on;
  }
  if (auto* end = std::get_if<mqtt::closed>(&what)) {
    if (end->why && !ending_said_)
      ending_ = explain(outcome_of(*end, how_.version.value_or(mqtt::version::v3_1_1))), ending_said_ = true;
    return posix::flow::finish;
  }
  if (auto* step = std::get_if<mqtt::challenge>(&what)) {
    end({status::failed, "the broker asks for a further step of authentication by '" + printable(step->method) + "'",
         "only methods of one step are spoken: data by -D CONNECT authentication-data"});
    return leaving_ && !session_.online() ? posix::flow::finish : posix::flow::go_on;
  }
  if (!leaving_) on_event(what, now);
  return posix::flow::go_on;
}

posix::flow client::hear(happening& what, instant now) {
  if (auto* session = std::get_if<mqtt::session_event>(&what)) return hear_session(*session, now);
  if (auto* transport = std::get_if<transport_event>(&what)) {
    if (!transport->why) return posix::flow::go_on;
    ending_ = outcome_of(transport->why, transport->cause), ending_said_ = true;
    return posix::flow::finish;
  }
  auto& of_tls = std::get<tls::event>(what);
  if (auto* seen = std::get_if<tls::certificate_seen>(&of_tls)) show(*seen);
  if (auto* end = std::get_if<tls::closed>(&of_tls)) {
    if (!ending_said_) ending_ = outcome_of(end->why, end->cause), ending_said_ = true;
    return posix::flow::finish;
  }
  return posix::flow::go_on;
}

instant client::turn(instant now) {
  if (watch_.wants_plaintext()) stack_.plaintext().observe(&watch_, stream_.identity());
  const auto handler = [&](happening& what) { return hear(what, now); };
  posix::progress done = posix::drive(stack_.outermost(), stream_, buffer_, now, handler);
  if (!done.ended && online_ && !leaving_) {
    bool more = false;
    for (int i = 0; i < 64 && online_ && !leaving_ && session_.online(); ++i)
      if (more = work(now); !more) break;
    const std::uint64_t sent_before = watch_.bytes_out();
    done = posix::drive(stack_.outermost(), stream_, buffer_, now, handler);
    if (more || watch_.bytes_out() != sent_before) done.deadline = now;  // there may be room again
  }
  if (done.ended) return stream_over(now), now;
  if (too_late(now)) return now;
  const bool working = online_ && !leaving_;
  return std::min({done.deadline, limit(now), working ? next_work() : never});
}

// Every wait has a bound: until CONNACK, for an answer, for room on the wire, within a packet.
instant client::limit(instant) const {
  if (stream_.state() != posix::tcp_stream::phase::open) return online_ ? never : attempt_ends_;
  if (!online_) return attempt_ends_;
  instant result = never;
  if (awaits_answer() && !leaving_) result = std::max(answered_at_, watch_.last_in()) + how_.timeout;
  if (!buffer_.data().empty()) result = std::min(result, watch_.last_in() + how_.timeout);
  if (leaving_) result = std::min(result, answered_at_ + how_.timeout);
  return result;
}

bool client::too_late(instant now) {
  if (ending_said_ || now < limit(now)) return false;
  const std::string time =
      " within " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(how_.timeout).count()) + " s";
  ending_said_ = true;
  if (!online_ && watch_.heard() == 0)
    ending_ = explain({status::timed_out, "the broker did not answer" + time,
                       "check host and port, and whether that port speaks MQTT (or TLS: --cafile)"});
  else if (!buffer_.data().empty())
    ending_ = {status::timed_out, "the broker stopped in the middle of a packet and sent no more" + time,
               "check the network and the broker"};
  else ending_ = {status::timed_out, "the broker did not acknowledge" + time, "check the broker, or raise --timeout"};
  stream_.close(make_fault(stream_error::timed_out), now);
  stack_.outermost().lost(make_fault(stream_error::timed_out), now);
  buffer_.clear();
  if (leaving_) return stop(outcome_), true;
  attempt_failed(ending_, now);
  return true;
}

void client::stream_over(instant now) {
  if (leaving_) return stop(outcome_);
  outcome how = ending_said_ ? ending_ : explain(outcome_of(stream_.why()));
  attempt_failed(std::move(how), now);
}

void client::attempt_failed(outcome how, instant now) {
  const bool was = std::exchange(online_, false);
  if (was && how.status == status::connection_lost) how.cause = "the connection was lost: " + how.cause;
  const bool by_verdict = how.status >= 128 || how.status == status::malformed || how.status == status::protocol_error;
  if (!was_online_ || !comes_back() || how_.reconnect == duration{} || by_verdict) return stop(std::move(how));
  if (was) {
    lost_at_ = now;
    say(how.cause + "; trying to come back for " +
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(how_.reconnect).count()) + " s");
    event_line("lost", how.cause);
  }
  if (now - lost_at_ >= how_.reconnect) {
    how.cause = "the connection was lost and did not come back: " + how.cause;
    how.status = status::connection_lost;
    return stop(std::move(how));
  }
  retry_at_ = std::min(now + pause_, lost_at_ + how_.reconnect);
  pause_ = std::min(pause_ * 2, pause_longest);
  phase_ = phase::pausing;
}

void client::leave(mqtt::reason farewell, outcome how) {
  if (leaving_) return;
  leaving_ = true;
  outcome_ = std::move(how);
  if (phase_ != phase::streaming) return stop(outcome_);
  answered_at_ = posix::now();
  mqtt::disconnect_options options;
  if (how_.version_5()) options = {farewell, how_.disconnect.all()};
  if (session_.online() && !session_.disconnect(options)) (void)session_.disconnect();
}

void client::stop(outcome how) {
  outcome_ = std::move(how);
  phase_ = phase::over;
}

}  // namespace recado::app::tools
