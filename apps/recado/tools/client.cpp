// The loop of a tool: attempts, turns, bounds in time, and the end.
#include "client.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <recado/chain/words.hpp>
#include <recado/drive/posix/clock.hpp>

#include <unistd.h>

#include "../command.hpp"
#include "../console.hpp"
#include "local_address.hpp"

namespace recado::app::tools {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t transmit_bytes = 4 << 20;
constexpr std::size_t receive_bytes = 256 << 10;
constexpr std::size_t alias_topic_bytes = 1024;
constexpr std::uint16_t in_flight_default = 1000;
constexpr std::size_t owed_places = 65'535;
/// A connection that held so long was a good one: the next series of pauses begins, and all the time of --reconnect.
constexpr duration steady = 10s;
/// The last attempt before the time of --reconnect is over has so long.
constexpr duration last_attempt = 1s;

std::uint16_t alias_count(const settings& how) {
  for (const auto& each : how.connect.values())
    if (each.id == mqtt::property::topic_alias_maximum) return static_cast<std::uint16_t>(each.number);
  return 0;
}

mqtt::memory memory_of(std::vector<std::byte>& transmit, std::vector<mqtt::outgoing_flight>& flights,
                       std::vector<std::uint16_t>& received, std::vector<mqtt::owed_acknowledgement>& owed,
                       std::vector<std::byte>& aliases, std::uint16_t count) {
  return {.transmit = transmit,
          .outgoing = flights,
          .received = received,
          .owed = owed,
          .incoming_aliases = aliases,
          .incoming_alias_count = count,
          .outgoing_aliases = {},
          .outgoing_alias_count = 0,
          .receive_size = receive_bytes};
}

std::size_t places_of(const settings& how, const kept_session* kept) {
  const std::size_t wanted = std::min<std::size_t>(how.in_flight.value_or(in_flight_default) + 64U, 65'535);
  return kept != nullptr ? kept->places(static_cast<std::uint16_t>(wanted)) : wanted;
}

// As mosquitto's clients, but for QoS 2, and for acknowledgements that come later than the next message: there
// mosquitto up to 2.0.12 sends more than it was told to take as the most, which has to end the connection
// [MQTT-3.3.4-9]. 0 leaves the limit to the broker.
std::uint16_t receive_maximum_of(const settings& how) {
  constexpr std::uint16_t most = 20;
  if (how.which == tool::sub && !how.session.empty()) return 0;
  const std::uint64_t wanted = how.which == tool::rr ? 1 : how.count;
  if (wanted != 0 && wanted < most) return static_cast<std::uint16_t>(wanted);
  return how.which == tool::sub && how.qos == mqtt::qos::exactly_once ? 0 : most;
}

std::string identifier_of(const settings& how) {
  if (how.client_id) return *how.client_id;
  if (how.id_prefix) return *how.id_prefix + std::to_string(::getpid());
  return {};
}

}  // namespace

client::client(const settings& how)
    : how_(how),
      kept_(open_session(how)),
      watch_(how),
      transmit_(transmit_bytes),
      flights_(places_of(how, kept_.get())),
      received_(mqtt::received_bitmap_words),
      owed_(kept_ || how.has_a_next_run() ? owed_places : 0),
      aliases_(alias_count(how) * alias_topic_bytes),
      receive_memory_(receive_bytes),
      buffer_(receive_memory_),
      session_(memory_of(transmit_, flights_, received_, owed_, aliases_, alias_count(how))),
      lookup_(how_, random_),
      route_(how_, watch_.keys(), random_),
      identifier_(kept_ ? kept_->identifier(how, random_) : identifier_of(how)),
      order_({.references_max = how.references_max()}),
      host_(how.host),
      port_(how.port),
      by_service_(how.by_service) {
  if (how_.bind_address) local_ = local_addresses(*how_.bind_address, how_.timeout);
  if (const auto opened = loop_.open(); !opened)
    throw failure(outcome_of(opened.error()).cause, outcome_of(opened.error()).remedy);
  route_.plug(stack_);
  if (!kept_) return;
  if (const std::string damage = damage_of(kept_->report()); !damage.empty())
    say("warning: the session in " + kept_->folder() + ": " + damage);
  kept_->restore(session_, static_cast<std::uint16_t>(flights_.size()));
  kept_->store().restore_places(places_);
  unknown_ = knows_no_session();
}

mqtt::connect_options client::connect_options() {
  mqtt::connect_options to;
  to.version = how_.version.value_or(mqtt::version::v3_1_1);
  to.client_identifier = identifier_;
  to.may_stay_nameless = true;
  to.clean_start = !how_.keep_session || places_.stale_at(number_of(here()));
  to.keep_alive_s = how_.keep_alive_s;
  if (how_.user_name) to.user_name = *how_.user_name;
  if (how_.password) to.password = as_bytes(*how_.password);
  if (how_.will_topic) {
    to.will = mqtt::will{*how_.will_topic, {}, how_.will_qos, how_.will_retain, {}};
    if (how_.will_payload) to.will->payload = as_bytes(*how_.will_payload);
    to.will->properties = how_.will.all();
  }
  to.connect_timeout = how_.timeout + 5s;  // the whole attempt has a bound that comes first, with better words
  to.ping_timeout = ping_time();
  to.automatic_topic_aliases = false;
  to.when_session_lost = mqtt::lost_session::publish_again;
  if (!owed_.empty()) to.acknowledge = mqtt::acknowledge_when::deferred;
  if (!how_.version_5()) return to;
  if (how_.keep_session) to.session_expiry_s = 0xffff'ffff;
  if (how_.session_expiry_s) to.session_expiry_s = *how_.session_expiry_s;
  to.receive_maximum = receive_maximum_of(how_);
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
  posix::signals signals;
  if (const auto opened = signals.open(loop_, {SIGINT, SIGTERM, SIGHUP}); !opened)
    throw failure(outcome_of(opened.error()).cause, outcome_of(opened.error()).remedy);
  out().pace();
  warn_of_own_certificate();
  begin(posix::now());
  if (how_.wait) wait_ends_ = posix::now() + *how_.wait;
  while (phase_ != phase::over) {
    const instant now = posix::now();
    instant until = never;
    if (now >= wait_ends_ && !leaving_ && !has_all()) wait_over(now), until = now;
    else if (phase_ == phase::resolving) until = look_up(now);
    else if (phase_ == phase::pausing && now < retry_at_) until = retry_at_;
    else if (phase_ == phase::pausing) (void)order_.first(), begin(now), until = now;
    else until = turn(now);
    if (kept_ && was_online_ && !online_ && !leaving_ && offline(now)) until = now;
    if (phase_ == phase::over) break;
    if (!leaving_ && !has_all()) until = std::min(until, wait_ends_);
    if (until > now) out().flush(), loop_.wait(std::min(until, output_time(now)));
    if (const auto number = signals.next()) interrupt(*number);
    check_output();
  }
  return report();
}

// True if there may be more to do at once.
bool client::offline(instant now) {
  if (phase_ == phase::over) return false;
  const bool more = work_offline(now);
  if (const fault why = kept_->store().settle(); why && phase_ != phase::over)
    stop({status::failed, "the session in " + kept_->folder() + ": " + kept_->cause(), kept_->remedy()});
  return more;
}

// A second signal doesn't wait for the goodbye, and neither waits for the reader of the output.
void client::interrupt(int signal) {
  out().give_up();
  if (leaving_) stop(outcome_);
  else if (online_) on_interrupt(signal);
  else
    stop({128 + signal,
          was_online_ ? "interrupted while the connection was lost" : "interrupted before there was a connection",
          {}});
}

void client::check_output() {
  const int number = out().write_error();
  if (number == 0 || number == EINTR || leaving_) return;
  if (number == EPIPE) return end({128 + SIGPIPE});  // who read it has gone: silently, as programs that a signal ends
  const std::string cause = std::string{"the output could not be written: "} + std::strerror(number);
  end({status::failed, cause, std::string{remedy_of_output(number)}});
}

// The time of -W, at any stage.
void client::wait_over(instant now) {
  outcome how{status::timed_out, "timed out: the " + in_seconds(*how_.wait) + " of -W are over", {}};
  if (online_) {
    how.cause += awaits_answer() ? ", no " + std::string{awaited()} + " came" : ", " + so_far();
    return leave(with_will(), std::move(how));
  }
  if (was_online_) how.cause += " while the connection was lost, " + so_far();
  else if (phase_ == phase::resolving) how.cause += ", and the name server has not answered";
  else how.cause += ": " + overdue({}).cause;
  if (!was_online_) how.remedy = "check host and port, and give more time by -W";
  stream_.close(make_fault(stream_error::timed_out), now);
  stop(std::move(how));
}

void client::begin(instant now) {
  patience_ = how_.timeout;
  if (lost_at_ != never) patience_ = std::min(patience_, std::max(lost_at_ + how_.reconnect - now, last_attempt));
  attempt_ends_ = now + patience_;
  ending_ = {}, ending_said_ = false, online_ = again_ = false;
  ended_by_ = {}, named_.clear();
  try {
    aim();
  } catch (const failure& why) {
    return attempt_failed({status::failed, why.what(), std::string{why.remedy()}}, now);
  }
  lookup_.start(loop_);
  phase_ = phase::resolving;
}

instant client::look_up(instant now) {
  outcome trouble;
  if (lookup_.done(candidates_, trouble)) {
    if (trouble.status == status::success) connect_stream(now);
    else attempt_failed(std::move(trouble), now);
  } else {
    if (now < attempt_ends_) return attempt_ends_;
    lookup_.abandon();
    attempt_failed(lookup_.too_late(), now);
  }
  return now;
}

void client::connect_stream(instant now) {
  if (const auto prepared = session_.connect(connect_options()); !prepared)
    return stop(misuse("CONNECT is not possible", prepared.error()));
  buffer_.clear();
  route_.begin(), watch_.begin();
  stream_.observe(&watch_);
  if (const auto connecting = open_stream(now); !connecting)
    return attempt_failed(route_.unreached(connecting.error()), now);
  phase_ = phase::streaming;
}

std::expected<void, fault> client::open_stream(instant now) {
  posix::tcp_options options;
  options.connect_timeout = std::max<duration>(std::min<duration>(how_.timeout, 10s), 1ms);
  options.linger = 1s;
  options.multipath = how_.multipath;
  if (!local_.empty()) {
    const auto local = choose_local(local_, candidates_);
    if (!local)
      throw failure("the broker has no address of the family of -A " + *how_.bind_address,
                    "give an IPv4 address for an IPv4 broker, or one of IPv6 for one of IPv6");
    options.local = *local;
  }
  if (!how_.unix_path.empty()) return stream_.connect_unix(loop_, how_.unix_path, options, now);
  return stream_.connect(loop_, candidates_, options, now);
}

// With little to say the broker answers within the keep alive; later it would end the connection itself.
duration client::ping_time() const {
  if (how_.keep_alive_s == 0) return how_.timeout;
  return std::min<duration>(how_.timeout, std::chrono::seconds{how_.keep_alive_s});
}

posix::flow client::hear_session(mqtt::session_event& what, instant now) {
  note_progress(what, now);
  if (auto* up = std::get_if<mqtt::connected>(&what)) {
    if (is_passing(*up)) return connect_anew(), posix::flow::go_on;
    online_ = was_online_ = true;
    connected_at_ = now;
    event_line("connected");
    if (kept_) kept_->connected(*up, session_, identifier_, places_);
    on_connected(*up, now);
    return posix::flow::go_on;
  }
  if (auto* end = std::get_if<mqtt::closed>(&what)) {
    if (end->why.where == layer::store && kept_)
      ending_ = {status::failed, "the session in " + kept_->folder() + ": " + kept_->cause(), kept_->remedy(), true},
      ending_said_ = true;
    ended_by_ = end->why;
    if (!end->server_reference.empty()) named_ = parse_reference(end->server_reference, here());
    if (end->why && !ending_said_) ending_ = explain(*end), ending_said_ = true;
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

// What shows that the broker answers; messages alone don't while an acknowledgement is owed.
void client::note_progress(const mqtt::session_event& what, instant now) {
  const auto* granted = std::get_if<mqtt::subscribed>(&what);
  const bool of_session = granted != nullptr && granted->outcome == mqtt::outcome::answered;
  const bool settled = std::holds_alternative<mqtt::acknowledged>(what);
  const bool answer = of_session || settled || std::holds_alternative<mqtt::unsubscribed>(what) ||
                      std::holds_alternative<mqtt::connected>(what);
  if (answer || std::holds_alternative<mqtt::wants_payload>(what)) answered_at_ = now;
  // What is retained comes with each subscription, and so do CONNACK and SUBACK: they are no way forward.
  const auto* message = std::get_if<mqtt::message_received>(&what);
  if (settled || (message != nullptr && !message->retain)) lost_at_ = never;
}

posix::flow client::hear(happening& what, instant now) {
  if (auto* session = std::get_if<mqtt::session_event>(&what)) return hear_session(*session, now);
  if (auto* transport = std::get_if<transport_event>(&what)) {
    if (!transport->why) return route_.advance(), posix::flow::go_on;
    if (!ending_said_ && !parting_)
      ending_ = transport->why.where == layer::transport ? explain(route_.failed(transport->why), true)
                                                         : explain(outcome_of(transport->why)),
      ending_said_ = true;
    return posix::flow::finish;
  }
  auto& of_tls = std::get<tls::event>(what);
  if (auto* seen = std::get_if<tls::certificate_seen>(&of_tls)) show(*seen);
  if (std::holds_alternative<tls::secured>(of_tls)) route_.advance();
  if (auto* end = std::get_if<tls::closed>(&of_tls)) {
    if (!ending_said_ && !parting_) ending_ = explain(outcome_of(end->why, end->cause)), ending_said_ = true;
    return posix::flow::finish;
  }
  return posix::flow::go_on;
}

instant client::turn(instant now) {
  if (parting_) return part(now);
  if (watch_.wants_plaintext() || route_.layered()) stack_.plaintext().observe(&watch_, stream_.identity());
  const auto handler = [&](happening& what) { return hear(what, now); };
  if (!awaits_answer() && !leaving_) answered_at_ = now;
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
  if (!stream_.writable()) blocked_at_ = now;
  if (std::exchange(completing_, session_.completing()) != completing_) answered_at_ = now;
  if (too_late(now)) return now;
  const bool working = online_ && !leaving_;
  return std::min({done.deadline, limit(), working ? next_work() : never});
}

// Every wait has a bound: until CONNACK, for an answer, for room on the wire, within a packet.
instant client::limit() const {
  if (stream_.state() != posix::tcp_stream::phase::open) return online_ ? never : attempt_ends_;
  if (!online_) return attempt_ends_;
  instant result = never;
  if (leaving_) result = std::max(answered_at_, watch_.last_out()) + how_.timeout;
  else if (awaits_answer()) result = std::max(answered_at_, blocked_at_) + how_.timeout;
  if (session_.within_packet()) result = std::min(result, watch_.last_in() + how_.timeout);
  if (!stream_.writable()) result = std::min(result, watch_.last_out() + how_.timeout);
  return result;
}

bool client::too_late(instant now) {
  if (ending_said_ || now < limit()) return false;
  ending_ = overdue(" within " + in_seconds(online_ ? how_.timeout : patience_)), ending_said_ = true;
  ending_.cause = "timed out: " + ending_.cause;
  stream_.close(make_fault(stream_error::timed_out), now);
  stack_.outermost().lost(make_fault(stream_error::timed_out), now);
  buffer_.clear();
  if (parting_) return stop(ending_), true;
  if (leaving_) return stop(outcome_), true;
  attempt_failed(ending_, now);
  return true;
}

void client::stream_over(instant now) {
  if (parting_) return ending_said_ ? stop(ending_) : part_by(stream_.why());
  if (leaving_) return stop(outcome_);
  // Where a filter ended it (close_notify, a close frame) nobody has told the session.
  stack_.outermost().lost(make_fault(stream_error::closed_by_peer), now);
  buffer_.clear();
  if (again_) return begin(now);
  outcome how = ending_said_         ? ending_
                : watch_.connected() ? explain(outcome_of(stream_.why()))
                                     : route_.unreached(stream_.why());
  attempt_failed(std::move(how), now);
}

void client::attempt_failed(outcome how, instant now) {
  const bool was = std::exchange(online_, false);
  if (has_all()) return stop(with_all());
  if (was && now - connected_at_ > steady) backoff_.reset(), lost_at_ = never, order_.went_well();
  const bool first = was && lost_at_ == never;
  if (first) lost_at_ = now, losses_ = 0;
  if (was && ++losses_ == 2) lost_again();
  if (goes_elsewhere(how, was, now)) return;
  const bool again = was_online_ && comes_back() && how_.reconnect != duration{} && !how.verdict;
  if (again && now - lost_at_ < how_.reconnect) {
    if (first) say(how.cause + "; trying to come back for " + in_seconds(how_.reconnect));
    if (was) event_line("lost", how.cause);
    retry_at_ = std::min(now + backoff_.next(random_), lost_at_ + how_.reconnect);
    phase_ = phase::pausing;
    return;
  }
  if (again) how.status = status::connection_lost;
  how = lost_for_good(made_certain(std::move(how)), was);
  if (!leaving_) connection_given_up(how);
  if (phase_ == phase::over) return;  // it ended in other words
  stop(std::move(how));
}

void client::leave(mqtt::reason farewell, outcome how) {
  if (leaving_) return;
  leaving_ = true;
  outcome_ = std::move(how);
  if (phase_ != phase::streaming) return stop(outcome_);
  answered_at_ = posix::now();
  listen_to_the_end(outcome_);
  mqtt::disconnect_options options;
  if (how_.version_5()) options = {farewell, how_.disconnect.all()};
  if (!session_.disconnect(options) && !session_.disconnect()) stop(outcome_);
}

void client::stop(outcome how) {
  outcome_ = std::move(how);
  phase_ = phase::over;
}

}  // namespace recado::app::tools
