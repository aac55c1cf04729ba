#include <recado/device/application.hpp>

#include <algorithm>
#include <utility>

#include <recado/chain/words.hpp>

namespace recado::device {

using chain::happening;
using chain::rung;
using namespace std::string_view_literals;

namespace {

constexpr std::uint8_t anew_max = 2;  // a clean session, and one that lasts

chain::policy policy_of(const configuration& chosen) {
  chain::policy how;
  how.use_dhcp = chosen.network.mode == address_mode::dhcp && chosen.dhcp.attempts != 0;
  how.has_static = chosen.network.mode == address_mode::as_is || !chosen.dhcp.static_address.empty();
  how.time_servers = chosen.ntp.enabled ? static_cast<std::uint8_t>(chosen.ntp.servers.size()) : std::uint8_t{0};
  how.brokers = static_cast<std::uint8_t>(chosen.broker.servers.size());
  how.secure = chosen.tls.enabled;
  how.on_no_time = chosen.ntp.on_failure;
  how.retry = {
      std::chrono::milliseconds{chosen.reconnect.first_ms}, std::chrono::milliseconds{chosen.reconnect.longest_ms}, {}};
  how.rounds_max = chosen.reconnect.rounds;
  how.retry_final = chosen.reconnect.retry_final;
  how.references_max = static_cast<std::uint8_t>(chosen.reconnect.references);
  return how;
}

}  // namespace

application::application(const complete_configuration& chosen, const board& on, secure* cipher,
                         const application_memory& given, const test_plan* plan)
    : chosen_(chosen),
      on_(on),
      cipher_(chosen.tls.enabled ? cipher : nullptr),
      memory_(on.storage),
      conductor_(policy_of(chosen_), on.entropy),
      arrivals_(given.receive),
      address_(chosen_, on_, memory_, arrivals_),
      names_(on_, given.names, given.names_over_tcp, arrivals_),
      time_(on.entropy),
      session_(given.session),
      channel_(on_, session_, cipher_, arrivals_),
      presence_(chosen_, on_, session_, given.outbox) {
  if (plan != nullptr && on.button.held_at_start()) test_.emplace(chosen_, on_, session_, channel_, *plan, given.test);
  if constexpr (has_session_journal) {
    if (on.session_storage != nullptr && !test_) kept_.emplace(*on.session_storage, given.journal);
  } else if (!chosen_.device.session.empty()) {
    on_.console.line(console_level::warning, "device.session: built without it, nothing is kept over a loss of power");
  }
  buffer_sink id{client_id_};
  if (chosen_.broker.client_id.empty()) id << "recado-", id.hex(on.network.hardware().octets);
  client_id_size_ = id.view().size();
  on_.leds.set(1, true);
  if (!memory_.works())
    on_.console.line(console_level::warning, "the storage can't be used: nothing is remembered over a restart");
}

instant application::step(instant now) {
  constexpr unsigned turns_max = 64;
  bool more = true;
  if (auto* const from = kept(); from != nullptr && !std::exchange(session_opened_, true)) resume_session(*from, now);
  for (unsigned turn = 0; more && turn < turns_max && !ended_; ++turn) {
    more = poll_board(now);
    more = poll_services(now) || more;
    more = poll_channel(now) || more;
    if (conductor_.too_late(now)) {
      const rung late = conductor_.at();
      failed(late, make_fault(chain::error::no_answer_in_time, static_cast<std::uint32_t>(late)), now);
    }
    tell({}, now);
    more = std::exchange(moved_, false) || more;
  }
  if (auto* const in = kept(); in != nullptr && !ended_) settle_session(*in);
  if (ended_) return never;
  if (more) return now;
  instant until = std::min(
      {conductor_.until(), address_.deadline(), names_.deadline(), time_.deadline(), channel_.deadline(), time_again_});
  return std::min(until, test_ ? test_->deadline() : presence_.deadline());
}

// What an earlier run left: its session is the one that the broker has, too.
void application::resume_session(kept_session& from, instant now) {
  const auto found = from.open(chosen_, client_id(), session_, presence_.queue(), on_.clock, now);
  if (!found) return end_with(found.error());
  from.store().restore_places(places_);
  connected_before_ = found->known;
  subscribed_ = found->subscribed;
  if (found->known) presence_.resumed();
  char text[200];
  buffer_sink line{text};
  if (found->report.damaged()) {
    line << "the session's storage is damaged: "_phrase;
    line.number(found->report.records_lost) << " entries and ";
    line.number(found->report.sectors_lost) << " of its parts are lost; messages may be missing or come twice"_phrase;
    on_.console.line(console_level::warning, line);
  }
  if (!found->known && found->counts.held == 0) return;
  char memory[160];
  buffer_sink what{memory};
  what << "the session goes on: "_phrase;
  what.number(found->counts.messages + found->counts.released) << " messages on their way, "_phrase;
  what.number(presence_.waiting()) << " waiting";
  on_.console.line(console_level::info, what);
}

// What was said without a connection is to outlive the power from now on.
void application::settle_session(kept_session& in) {
  if (const fault why = in.store().settle()) end_with(why);
}

void application::end_with(fault why) {
  failure_ = why;
  ended_ = true;
}

bool application::poll_board(instant now) {
  if (on_.button.pressed()) stop_asked_ = true;
  if (std::exchange(stop_asked_, false)) {
    if (!std::exchange(stopping_, true)) on_.console.line(console_level::info, "goodbye");
    tell(happening::stop(), now);
    return true;
  }
  const bool up = on_.network.link_is_up();
  if (up == link_) return false;
  link_ = up;
  if (up) {
    address_.link_up(now);
    time_.opened(now);
    names_.network_up(now);
    if (climbing_link_) reached(rung::link, {}, now);
  } else if (!climbing_link_) {
    lost(rung::link, on_.network.link_fault(), now);
  }
  return true;
}

bool application::poll_services(instant now) {
  bool moved = false;
  if (const auto happened = address_.step(now)) on_address(*happened, now), moved = true;
  if (const auto happened = names_.step(now)) on_names(*happened, now), moved = true;
  if (const auto happened = time_pump_.step(time_, on_.network, now)) on_time(*happened, now), moved = true;
  if (now >= time_again_) ask_time_again(now), moved = true;
  return moved;
}

bool application::poll_channel(instant now) {
  const bool online = conductor_.is_online();
  if (test_) {
    if (online && !stopping_)
      if (const fault why = test_->step(now)) {
        failure_ = why;
        stop_asked_ = true;
      }
    if (online && test_->finished() && !stopping_) stop_asked_ = true;
  } else {
    presence_.step(now);
  }
  if (subscription_due_) subscribe(now);
  if (stopping_) presence_.continue_farewell(nullptr, now);
  const auto happened = channel_.step(now, test_ || !presence_.crowded());
  if (!happened) return stop_asked_;
  if (std::holds_alternative<channel::opened>(*happened)) {
    char text[64];
    buffer_sink where{text};
    where << broker_address();
    reached(rung::stream, where.view(), now);
  } else if (const auto* tls = std::get_if<tls::event>(&*happened)) {
    on_tls(*tls, now);
  } else if (const auto* mqtt = std::get_if<mqtt::session_event>(&*happened)) {
    on_session(*mqtt, now);
  } else {
    on_connection_end(std::get<channel::ended>(*happened).why, now);
  }
  return true;
}

// The conductor is asked until it has nothing more to do for now.
void application::tell(const happening& what, instant now) {
  chain::want wish = conductor_.resume(what, now);
  for (unsigned turn = 0; turn < 32 && wish.what != chain::want::kind::wait; ++turn) {
    do_as(wish, now);
    if (ended_) return;
    wish = conductor_.resume({}, now);
  }
  say_pause(now);
}

void application::do_as(const chain::want& wish, instant now) {
  moved_ = true;
  switch (wish.what) {
    case chain::want::kind::wait:
      return;
    case chain::want::kind::attempt:
      return attempt(wish, now);
    case chain::want::kind::undo:
      return undo(wish.at, now);
    case chain::want::kind::farewell:
      if (auto* const to = kept()) (void)to->unsubscribed(chosen_);  // nobody may ever hear that UNSUBSCRIBE was
      return presence_.begin_farewell(now);
    case chain::want::kind::end:
      if (!stopping_ && !failure_) failure_ = conductor_.last_fault();
      ended_ = true;
      return;
  }
}

void application::on_address(const address_service::event& happened, instant now) {
  if (const auto* got = std::get_if<address_service::got>(&happened)) {
    set_name_servers(now);
    char text[256];
    buffer_sink detail{text};
    describe_lease(detail);
    if (got->renewed) return on_.console.line(console_level::debug, "the lease was renewed");
    on_.leds.set(2, true);
    return reached(rung::lease, detail.view(), now);
  }
  if (const auto* none = std::get_if<address_service::failed>(&happened)) return failed(rung::lease, none->why, now);
  lost(rung::lease, std::get<address_service::lost>(happened).why, now);
}

void application::on_names(const name_service::event& happened, instant now) {
  const rung at = std::exchange(naming_, rung::link);
  if (at == rung::link) return;
  if (const auto* none = std::get_if<name_service::failed>(&happened)) return failed(at, none->why, now);
  const auto& found = std::get<name_service::found>(happened);
  auto& list = at == rung::time_name ? time_servers_ : addresses_;
  const std::uint16_t port = list.empty() ? std::uint16_t{0} : list[0].port;
  list.clear();
  char text[256];
  buffer_sink detail{text};
  for (const ip_address& each : found.addresses) {
    if (!list.push_back({each, port})) break;
    detail << (list.size() == 1 ? "" : ", ") << each;
  }
  reached(at, detail.view(), now, static_cast<std::uint16_t>(list.size()));
}

void application::on_time(const ntp::client::event& happened, instant now) {
  const bool climbing = conductor_.at() == rung::clock;
  time_again_ = now + std::chrono::seconds{chosen_.ntp.again_s};
  if (const auto* none = std::get_if<ntp::failed>(&happened)) {
    if (climbing) return failed(rung::clock, none->why, now);
    char text[320];
    buffer_sink line{text};
    line << "the clock was not corrected: ", chain::describe(none->why, line);
    return on_.console.line(console_level::warning, line);
  }
  const auto& right = std::get<ntp::synchronised>(happened);
  on_.clock.set(right.utc, right.at);
  on_.real_time_clock.set(on_.clock.at(now));
  memory_.keep(on_.clock.at(now));
  char text[160];
  buffer_sink detail{text};
  write_iso8601(to_civil(on_.clock.at(now)), detail);
  detail << ", delay ", detail.number(static_cast<std::uint64_t>(right.delay.count())) << " us, stratum ";
  detail.number(right.stratum);
  if (climbing) return reached(rung::clock, detail.view(), now);
  on_.console.line(console_level::debug, detail);
}

void application::ask_time_again(instant now) {
  time_again_ = now + std::chrono::seconds{chosen_.ntp.again_s};
  if (!conductor_.is_online() || time_.running() || time_servers_.empty()) return;
  ntp::options how;
  how.earliest = build_date(), how.clock = on_.clock, how.enough = time_good_enough;
  (void)time_.start({time_servers_.begin(), time_servers_.size()}, how, now);
}

void application::show(const tls::certificate_seen& one) {
  if constexpr (!has_causes) return;  // nothing is known of it but dates
  if (chosen_.tls.debug_level < 1 || (chosen_.tls.debug_level < 2 && one.seen->depth != 0)) return;
  char text[2048];
  buffer_sink out{text};
  tls::print(*one.seen, one.checked, out);
  on_.console.line(console_level::info, out);
}

void application::on_tls(const tls::event& happened, instant now) {
  if (const auto* seen = std::get_if<tls::certificate_seen>(&happened)) return show(*seen);
  if (const auto* done = std::get_if<tls::secured>(&happened)) {
    char text[200];
    buffer_sink out{text};
    tls::print(*done, out);
    return reached(rung::secure, out.view(), now);
  }
  const auto& over = std::get<tls::closed>(happened);
  if (conductor_.at() >= rung::secure && !stopping_) failed(conductor_.at(), over.why, now, {over.cause, {}});
}

void application::on_session(const mqtt::session_event& happened, instant now) {
  if (stopping_) presence_.continue_farewell(&happened, now);
  if (const auto* message = std::get_if<mqtt::message_received>(&happened)) {
    if (test_) test_->on_message(*message, now);
    else presence_.on_message(*message, now);
  } else if (const auto* up = std::get_if<mqtt::connected>(&happened)) {
    on_connected(*up, now);
  } else if (const auto* done = std::get_if<mqtt::subscribed>(&happened)) {
    on_subscribed(*done, now);
  } else if (const auto* answer = std::get_if<mqtt::acknowledged>(&happened)) {
    on_acknowledged(*answer);
  } else if (const auto* over = std::get_if<mqtt::closed>(&happened)) {
    if (stopping_) return;
    char text[400];
    buffer_sink cause{text};
    const fault why = explained(over->why);
    chain::describe_cause(why, cause);
    if (!over->reason_string.empty()) cause << " (", cause.quoted(as_bytes(over->reason_string)) << ')';
    if (!over->server_reference.empty())
      cause << ", it names another server: ", cause.quoted(as_bytes(over->server_reference));
    failed(conductor_.at(), why, now, {cause.view(), over->server_reference});
  }
}

// With an answer it failed or arrived; without one the broker began a new session while it was on its way.
void application::on_acknowledged(const mqtt::acknowledged& what) {
  if (what.outcome == mqtt::outcome::session_lost)
    return on_.console.line(console_level::error, "the broker lost a message with its session");
  if (!mqtt::is_failure(what.reason)) return;
  char text[200];
  buffer_sink line{text};
  line << "the broker refused a message: ", chain::describe_reason(what.reason, line);
  on_.console.line(console_level::error, line);
}

// True if another connection is needed before this session can be used. One of 3.1.1 that an earlier run has left may
// have identifiers of QoS 2 in flight, which would swallow this one's messages; one that began clean to end an older
// session would itself end with its connection.
bool application::is_passing(const mqtt::connected& what) {
  const auto& broker = chosen_.broker;
  const std::uint32_t number = broker_number();
  const bool cleared = places_.stale_at(number);
  const bool unknown = what.session_present && !connected_before_ && broker.qos == mqtt::qos::exactly_once;
  if (unknown) places_.leave(number);
  else places_.accepted(number, what.session_present);
  const bool ends = cleared && session_.version() == mqtt::version::v3_1_1 && broker.session_expiry_s != 0;
  return (unknown || ends) && anew_ < anew_max;
}

void application::on_connected(const mqtt::connected& what, instant now) {
  if (is_passing(what)) return connect_anew(now);
  connected_before_ = true;
  subscribed_ = subscribed_ && what.session_present && !what.in_doubt;
  if (auto* const to = kept())
    if (const auto done = to->connected(session_, chosen_, client_id(), subscribed_, places_); !done)
      return end_with(make_fault(done.error()));
  char text[160];
  buffer_sink detail{text};
  detail << words(session_.version()) << (what.session_present ? ", session resumed" : ", new session");
  reached(rung::session, detail.view(), now);
}

void application::on_subscribed(const mqtt::subscribed& what, instant now) {
  if (what.token != subscribing_ || conductor_.at() != rung::online || conductor_.is_online()) return;
  const mqtt::reason code = what.reasons.empty() ? mqtt::reason::unspecified_error : what.reasons.front();
  if (mqtt::is_failure(code))
    return failed(rung::online, make_fault(chain::error::subscription_refused, static_cast<std::uint32_t>(code)), now);
  subscribed_ = true;
  if (auto* const to = kept()) (void)to->subscribed(chosen_);  // not kept: it is asked for again
  reached(rung::online, "subscribed to the secret topic"sv, now);
}

void application::on_connection_end(fault why, instant now) {
  if (stopping_) return tell(happening::farewell_said(), now);
  if (conductor_.at() >= rung::stream) failed(conductor_.at(), explained(why), now);
}

/// Brokers that expect TLS only close the connection when MQTT comes instead.
fault application::explained(fault why) const {
  const bool cut = is(why, stream_error::closed_by_peer) || is(why, stream_error::reset);
  if (!cut || cipher_ != nullptr || conductor_.at() != rung::session) return why;
  return make_fault(chain::error::closed_before_answer);
}

}  // namespace recado::device
