// The I/O thread: what the conductor wants, turns over the stream, and what becomes of a connection that ended.
#include <recado/client/engine.hpp>

#include <algorithm>
#include <utility>

#include <netdb.h>

namespace recado::client {
namespace {

using want = chain::reconnect_want::kind;

// So many messages between two turns are a stream, or so many in a row that woke this thread, each soon after another.
constexpr std::size_t stream_min = 32;
constexpr unsigned closely_min = 4;
// What a message of a stream waits at most for others.
constexpr duration doze_time = std::chrono::microseconds{100};

/// What a server says, on one line.
std::string quoted(std::string_view text) {
  std::string memory(4 * text.size() + 16, '\0');
  buffer_sink out{memory};
  out.quoted(as_bytes(text));
  return std::string{out.view()};
}

}  // namespace

void engine::run() {
  leave_signals_to_others();
  lock held{mutex_};
  for (;;) {
    work_ = false;
    const bool stream = closely_ >= closely_min || left_ >= stream_min;
    if (stream) closely_ = 0;
    left_ = 0;
    held.unlock();
    const instant until = step(posix::now());
    held.lock();
    tell_what_is_due(held);
    if (stopping_ && !up_) break;
    if (!work_) pause(held, until, stream);
  }
  if (resolution_) abandon_resolution();
}

// Until there is something to do. A stream of messages isn't, for a moment, so that many leave together; unless someone
// waits, whom each turn may serve.
void engine::pause(lock& held, instant until, bool stream) {
  const bool doze = stream && inside_ == 0;
  if (left_ != 0 && !doze) return;
  if (doze) until = std::min(until, posix::now() + doze_time);
  rest_ = doze ? rest::dozing : rest::asleep;
  held.unlock();
  loop_.wait(std::max(until, instant{}));
  held.lock();
  rest_ = rest::none;
}

// What is the application's runs, and ends, without the mutex.
void engine::tell_what_is_due(lock& held) {
  if (ended_.empty() && dropped_.empty() && refused_.empty()) return;
  std::vector<entry_ptr> ended;
  std::vector<dropped_message> dropped;
  std::vector<connection_news> refused;
  std::swap(ended, ended_), std::swap(dropped, dropped_), std::swap(refused, refused_);
  held.unlock();
  ended.clear();
  for (const connection_news& one : refused) tell(one);
  for (const dropped_message& one : dropped)
    if (options_.on_dropped && !silenced_) options_.on_dropped(one);
  held.lock();
}

// What callers have asked for since the last time.
engine::told engine::wish() {
  const std::scoped_lock held{mutex_};
  if (std::exchange(start_due_, false)) return told::start();
  if ((stopping_ || leaving_) && up_ && !std::exchange(stop_told_, true)) return told::stop();
  return {};
}

instant engine::step(instant now) {
  told what;
  for (;;) {
    if (what.what == told::kind::time_passed) what = wish();
    const chain::reconnect_want next = resume(what, now);
    what = {};
    switch (next.what) {
      case want::resolve:
        begin_resolution();
        break;
      case want::open:
        if (auto failure = open_stream(next.address, now)) what = *failure;
        break;
      case want::drop:
        if (resolution_) abandon_resolution();
        else if (streaming_) abort_stream(now);
        connection_ended();
        break;
      case want::farewell: {
        const std::scoped_lock held{mutex_};
        leaving_ = true;
        if (session_.online()) say_goodbye();
        break;
      }
      case want::end:
        over();
        break;
      case want::wait: {
        instant until = next.until;
        const auto news = look(now, until);
        if (!news) return until;
        what = *news;
      }
    }
  }
}

// Tells the conductor, and the application if that was one more failure. The last one is told by `over`.
chain::reconnect_want engine::resume(const told& what, instant now) {
  connection_news news;
  chain::reconnect_want next;
  {
    const std::scoped_lock held{mutex_};
    const std::uint32_t before = conductor_.failures();
    next = conductor_.resume(what, now);
    if (conductor_.failures() == before || what.what == told::kind::start) return next;
    const bool known = fresh_failure_.why == conductor_.last_fault() && !fresh_failure_.line.empty();
    last_failure_ = known ? std::exchange(fresh_failure_, {}) : make_failure(conductor_.last_fault());
    changed();
    if (next.what == want::end) return next;
    news.why = last_failure_;
    news.retry_in = conductor_.retry_at() == never ? duration::zero() : conductor_.retry_at() - now;
  }
  tell(news);
  return next;
}

// The end of all attempts: `connect` may be called again.
void engine::over() {
  connection_news news;
  std::vector<payload_source> dropped;
  {
    const std::scoped_lock held{mutex_};
    failed_ = !leaving_ && !stopping_;
    if (failed_) news.why = last_failure_;
    dropped = drop_unanswered();
    up_ = online_ = assembling_ = leaving_ = streaming_ = false;
    ++ends_;
    wake_publishers();
    changed();
  }
  tell(news);
}

// What may have happened by itself; `until` is when to look again.
std::optional<engine::told> engine::look(instant now, instant& until) {
  std::optional<told> result;
  if (streaming_) result = turn(now, until);
  else if (resolution_) result = look_at_resolution();
  const std::scoped_lock held{mutex_};
  outbox_.expire(now);
  until = std::min(until, outbox_.deadline());
  return result;
}

const url& engine::where() const {
  const chain::broker_choice which = conductor_.broker();
  if (!which.referred) return brokers_[which.number];
  return which.number < referred_.size() ? referred_[which.number] : brokers_.front();  // others were named since
}

// Its thread may go on for long, and must not wake a loop that is gone by then.
void engine::abandon_resolution() {
  resolution_->abandon();
  resolution_.reset();
}

void engine::begin_resolution() {
  wall_clock_.set(posix::realtime(), posix::now());
  if (resolution_) abandon_resolution();
  resolution_ = resolution::start(where().host, where().port, loop_);
}

std::optional<engine::told> engine::look_at_resolution() {
  int code = 0;
  if (!resolution_->done(candidates_, code)) return std::nullopt;
  resolution_.reset();
  if (code == 0)
    return told::resolved(static_cast<std::uint16_t>(std::min<std::size_t>(candidates_.size(), UINT16_MAX)));
  const fault why = recado::make_fault(error::name_not_found, static_cast<std::uint32_t>(-code));
  return failed(make_failure(why, where().host + ": " + ::gai_strerror(code)));
}

mqtt::authenticator* engine::prepare_authenticator(const std::optional<std::string>& user,
                                                   const std::optional<std::string>& password) {
  if (options_.authentication != authentication::scram_sha_256) return options_.authenticator;
  scram_.emplace(mqtt::scram_options{.user_name = user ? std::string_view{*user} : std::string_view{},
                                     .password = password ? std::string_view{*password} : std::string_view{},
                                     .memory = scram_memory_},
                 hashes_, entropy_);
  return &*scram_;
}

std::expected<void, mqtt::error> engine::prepare_connect() {
  const url& here = where();
  const bool v5 = options_.version == mqtt::version::v5_0;
  const bool scram = options_.authentication == authentication::scram_sha_256;
  const auto& user = options_.user_name ? options_.user_name : here.user_name;
  const auto& password = options_.password ? options_.password : here.password;
  // A random identifier has no older session to forget; and mosquitto keeps none over its own restart that began clean.
  // With another server than before this side's state is of no use.
  const bool random = options_.client_identifier.empty();
  const bool same = session_at_ == address_of(here);
  const bool stale = places_.stale_at(number_of(here));
  const bool ours = v5 && ((stood_ && same) || (random && (same || session_at_.empty())));
  mqtt::connect_options how{.version = options_.version,
                            .client_identifier = identifier_,
                            .clean_start = stale || (options_.clean_start && !ours),
                            .keep_alive_s = options_.keep_alive_s};
  if (user && !scram) how.user_name = *user;
  if (password && !scram) how.password = as_bytes(*password);
  how.authenticator = prepare_authenticator(user, password);
  mqtt::property_value delay[] = {{mqtt::property::will_delay_interval, 0U}};
  if (options_.will) {
    const will& last = *options_.will;
    delay[0].number = last.delay_s;
    how.will = mqtt::will{last.topic, as_bytes(last.payload), last.qos, last.retain, {}};
    if (last.delay_s != 0) how.will->properties = delay;
  }
  if (v5) {
    how.session_expiry_s = options_.session_expiry_s;
    const std::size_t most = std::min<std::size_t>(options_.sizes.message_max + (64 << 10), mqtt::packet_bytes_max);
    how.maximum_packet_size = static_cast<std::uint32_t>(most);
  }
  how.connect_timeout = options_.connect_timeout;
  how.when_session_lost = options_.when_session_lost;
  const std::size_t said = identifier_.size() + (user ? user->size() : 0) + (password ? password->size() : 0) +
                           (how.will ? how.will->topic.size() + how.will->payload.size() : 0) + 128;
  longest_message_ = transmit_.size() > said ? transmit_.size() - said : 0;
  return session_.connect(how);
}

std::optional<engine::told> engine::open_stream(std::uint16_t address, instant now) {
  {
    const std::scoped_lock held{mutex_};
    if (const auto prepared = prepare_connect(); !prepared) return failed(make_failure(prepared.error()));
  }
  stack_.reset();
  if (where().secure) {
    if (const auto set = filter_->set_peer(where().host); !set) return failed(make_failure(set.error()));
    stack_.emplace(*filter_, guarded_);
  }
  receive_buffer_.clear();
  ending_.reset();
  named_ = 0, address_ = address;
  finishing_ = source_failed_ = accepted_ = again_ = false;
  stream_.observe(options_.observer);
  posix::tcp_options how;
  how.connect_timeout = std::min(how.connect_timeout, options_.connect_timeout);
  const auto candidates = std::span<const endpoint>{candidates_}.subspan(address);
  if (const auto connecting = stream_.connect(loop_, candidates, how, now); !connecting)
    return fresh_failure_ = make_failure(connecting.error()), told::failed_everywhere(connecting.error());
  streaming_ = true;
  return std::nullopt;
}

posix::progress engine::drive(instant now) {
  const auto of_session = [this](mqtt::session_event& what) { return on_event(what); };
  if (!stack_) return posix::drive(guarded_, stream_, receive_buffer_, now, of_session);
  const auto of_either = [this](auto& what) {
    return what.index() == 0 ? this->on_event(std::get<0>(what)) : this->on_event(std::get<1>(what));
  };
  return posix::drive(*stack_, stream_, receive_buffer_, now, of_either);
}

std::optional<engine::told> engine::turn(instant now, instant& until) {
  {
    const std::scoped_lock held{mutex_};
    if (online_ && subscriptions_.unsettled() != 0) pump_subscriptions();
    pump_outbox(now);
  }
  const posix::progress done = source_failed_ ? posix::progress{} : drive(now);
  if (std::exchange(accepted_, false)) return told::accepted();
  if (source_failed_) {
    abort_stream(now);
    connection_ended();
    return failed(make_failure(stream_error::aborted));
  }
  if (done.ended) return stream_over(now);
  const std::scoped_lock held{mutex_};
  pump_outbox(now);
  if (waiting_for_room_ != 0) changed();
  until = std::min(until, done.deadline);
  return std::nullopt;
}

// The machines hear that the stream is gone, and what they have to say to that.
void engine::abort_stream(instant now) {
  const fault why = make_fault(stream_error::aborted);
  stream_.close(why, now);
  bytes nothing;
  if (stack_) {
    stack_->lost(why, now);
    while (auto what = stack_->receive(nothing, now))
      if (what->index() == 1) on_event(std::get<1>(*what));
  } else {
    guarded_.lost(why, now);
    while (auto what = guarded_.receive(nothing, now)) on_event(*what);
  }
}

// Of several addresses that were raced the one that won was tried; those it overtook are still to be.
void engine::move_peer_to_front() {
  const auto first = candidates_.begin() + address_;
  const auto found = std::find(first, candidates_.end(), stream_.peer());
  if (found != candidates_.end()) std::rotate(first, found, found + 1);
}

std::optional<engine::told> engine::stream_over(instant now) {
  const bool opened = stream_.identity().local.address != ip_address{};
  failure why = ending_ ? std::move(*ending_) : make_failure(stream_.why());
  if (finishing_) abort_stream(now);
  if (opened) move_peer_to_front();
  connection_ended();
  if (again_) return open_stream(address_, now);
  if (opened) return failed(std::move(why), named_);
  const fault everywhere = why.why;
  fresh_failure_ = std::move(why);
  return told::failed_everywhere(everywhere);
}

engine::told engine::failed(failure why, std::uint16_t references) {
  fresh_failure_ = std::move(why);
  return told::failed(fresh_failure_.why, references);
}

void engine::connection_ended() {
  std::vector<payload_source> dropped;  // they are the application's
  const std::scoped_lock held{mutex_};
  streaming_ = online_ = assembling_ = false;
  dropped = drop_unanswered();
  changed();
}

void engine::tell(const connection_news& news) {
  if (options_.on_connection && !silenced_) options_.on_connection(news);
}

// A session of 3.1.1 that began clean, so that the server forgets an older one, ends with its connection
// [MQTT311-3.1.2-6], and with it what is in flight: where one is wanted that lasts, its own connection follows at once.
bool engine::is_passing() const {
  const bool cleared = places_.stale_at(number_of(where()));
  return cleared && options_.version == mqtt::version::v3_1_1 && !options_.clean_start;
}

void engine::on_connected(const mqtt::connected& what) {
  using kind = connection_news::kind;
  bool forgotten = false;
  {
    const std::scoped_lock held{mutex_};
    again_ = is_passing();
    if (again_) {
      places_.accepted(number_of(where()), what.session_present);
      (void)session_.disconnect();
      return;
    }
    forgotten = stood_ && !what.session_present;
    online_ = stood_ = accepted_ = true;
    session_at_ = address_of(where());
    places_.accepted(number_of(where()), what.session_present);
    subscriptions_after_connect(what.session_present && !what.in_doubt);
    pump_subscriptions();
    pump_outbox(posix::now());
    changed();
  }
  tell({.what = kind::connected, .session_present = what.session_present});
  if (forgotten) tell({.what = kind::session_lost});
}

posix::flow engine::on_event(tls::event& what) {
  const auto* end = std::get_if<tls::closed>(&what);
  if (end == nullptr) return posix::flow::go_on;
  if (!ending_) ending_ = make_failure(end->why, end->cause);
  finishing_ = true;
  return posix::flow::finish;
}

void engine::on_closed(const mqtt::closed& what) {
  if (ending_) return;
  std::string cause;
  if (!what.reason_string.empty())
    cause = std::string{words(static_cast<mqtt::error>(what.why.code))} + ": " + quoted(what.reason_string);
  if (!what.server_reference.empty()) {
    if (cause.empty()) cause = words(static_cast<mqtt::error>(what.why.code));
    cause += " (it names " + quoted(what.server_reference) + ")";
    std::vector<url> others = parse_reference(what.server_reference, where());
    named_ = static_cast<std::uint16_t>(std::min<std::size_t>(others.size(), UINT16_MAX));
    const std::scoped_lock held{mutex_};
    if (named_ != 0 && options_.follow_references) referred_ = std::move(others);
  }
  ending_ = make_failure(what.why, cause, what.by_server ? what.reason : mqtt::reason::success);
}

posix::flow engine::on_event(mqtt::session_event& what) {
  if (auto* one = std::get_if<mqtt::message_received>(&what)) return on_message(*one), posix::flow::go_on;
  if (auto* one = std::get_if<mqtt::acknowledged>(&what)) return on_acknowledged(*one), posix::flow::go_on;
  if (auto* one = std::get_if<mqtt::wants_payload>(&what)) return on_wants_payload(*one);
  if (auto* one = std::get_if<mqtt::remark>(&what)) on_remark(*one);
  if (auto* one = std::get_if<mqtt::message_begin>(&what)) on_begin(*one);
  if (auto* one = std::get_if<mqtt::message_part>(&what); one != nullptr && assembling_)
    assembled_.payload.insert(assembled_.payload.end(), one->payload.begin(), one->payload.end());
  if (std::holds_alternative<mqtt::message_end>(what)) on_end();
  if (auto* one = std::get_if<mqtt::subscribed>(&what)) on_subscribed(*one);
  if (auto* one = std::get_if<mqtt::unsubscribed>(&what)) on_unsubscribed(*one);
  if (auto* one = std::get_if<mqtt::connected>(&what)) on_connected(*one);
  if (std::holds_alternative<mqtt::authenticated>(what)) {
    const std::scoped_lock held{mutex_};
    ++authentications_;
    changed();
  }
  const auto* end = std::get_if<mqtt::closed>(&what);
  if (end == nullptr) return posix::flow::go_on;
  on_closed(*end);
  finishing_ = true;
  return posix::flow::finish;
}

}  // namespace recado::client
