// The I/O thread: attempts, turns over the stream, and what becomes of a connection that ended.
#include <recado/client/engine.hpp>

#include <algorithm>
#include <utility>

#include <netdb.h>

namespace recado::client {
namespace {

// A connection that held for so long begins a new series of attempts.
constexpr duration stable = std::chrono::seconds{10};

}  // namespace

void engine::run() {
  leave_signals_to_others();
  lock held{mutex_};
  for (;;) {
    work_ = false;
    held.unlock();
    const instant until = step(posix::now());
    held.lock();
    if (!ended_.empty()) {
      std::vector<entry_ptr> ended;
      std::swap(ended, ended_);
      held.unlock();
      ended.clear();
      held.lock();
    }
    if (stopping_ && state_ == state::idle) break;
    if (work_) continue;
    sleeping_ = true;
    held.unlock();
    loop_.wait(std::max(until, instant{}));
    held.lock();
    sleeping_ = false;
  }
  if (resolution_) resolution_->abandon();
}

instant engine::step(instant now) {
  lock held{mutex_};
  const bool ending = stopping_ || leaving_;
  const state here = state_;
  held.unlock();
  if (ending && here != state::idle) return stop(now);
  switch (here) {
    case state::idle:
      return never;
    case state::starting:
      return begin_attempt(now);
    case state::resolving:
      return look_at_resolution(now);
    case state::streaming:
      return turn(now);
    case state::pausing:
      return now < retry_at_ ? retry_at_ : begin_attempt(now);
  }
  return never;
}

// The end was asked for: with a goodbye if there is a session, else at once.
instant engine::stop(instant now) {
  lock held{mutex_};
  if (state_ == state::streaming && online_) {
    if (session_.online()) say_goodbye();
    leaving_ = true;
    held.unlock();
    return turn(now);
  }
  const bool streaming = state_ == state::streaming;
  if (!leaving_) leaving_ = true;
  held.unlock();
  if (streaming && finishing_) return turn(now);
  if (streaming) abort_stream(now);
  return attempt_over({}, now);
}

instant engine::begin_attempt(instant now) {
  attempt_ends_ = now + options_.connect_timeout;
  wall_clock_.set(posix::realtime(), now);
  if (resolution_) resolution_->abandon();
  resolution_ = resolution::start(where_.host, where_.port, loop_);
  {
    const std::scoped_lock held{mutex_};
    ++attempts_;
    state_ = state::resolving;
  }
  return look_at_resolution(now);
}

instant engine::look_at_resolution(instant now) {
  int code = 0;
  if (!resolution_->done(candidates_, code)) {
    if (now < attempt_ends_) return attempt_ends_;
    resolution_->abandon();
    return attempt_over(make_failure(error::name_not_found), now);
  }
  if (code == 0) return open_stream(now);
  const fault why = recado::make_fault(error::name_not_found, static_cast<std::uint32_t>(-code));
  return attempt_over(make_failure(why, where_.host + ": " + ::gai_strerror(code)), now);
}

std::expected<void, mqtt::error> engine::prepare_connect() {
  const bool v5 = options_.version == mqtt::version::v5_0;
  const auto& user = options_.user_name ? options_.user_name : where_.user_name;
  const auto& password = options_.password ? options_.password : where_.password;
  // A random identifier has no older session to forget; and mosquitto keeps none over its own restart that began clean.
  const bool may_be_known = v5 ? !began_ && !options_.client_identifier.empty() : true;
  mqtt::connect_options how{.version = options_.version,
                            .client_identifier = identifier_,
                            .clean_start = options_.clean_start && may_be_known,
                            .keep_alive_s = options_.keep_alive_s};
  if (user) how.user_name = *user;
  if (password) how.password = as_bytes(*password);
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
  const std::size_t said = identifier_.size() + (user ? user->size() : 0) + (password ? password->size() : 0) +
                           (how.will ? how.will->topic.size() + how.will->payload.size() : 0) + 128;
  longest_message_ = transmit_.size() > said ? transmit_.size() - said : 0;
  return session_.connect(how);
}

instant engine::open_stream(instant now) {
  {
    lock held{mutex_};
    const auto prepared = prepare_connect();
    held.unlock();
    if (!prepared) return attempt_over(make_failure(prepared.error()), now);
  }
  receive_buffer_.clear();
  ending_.reset();
  finishing_ = source_failed_ = false;
  stream_.observe(options_.observer);
  posix::tcp_options how;
  how.connect_timeout = std::min(how.connect_timeout, options_.connect_timeout);
  if (const auto connecting = stream_.connect(loop_, candidates_, how, now); !connecting)
    return attempt_over(make_failure(connecting.error()), now);
  {
    const std::scoped_lock held{mutex_};
    state_ = state::streaming;
  }
  return turn(now);
}

posix::progress engine::drive(instant now) {
  const auto of_session = [this](mqtt::session_event& what) { return on_event(what); };
  if (!stack_) return posix::drive(guarded_, stream_, receive_buffer_, now, of_session);
  const auto of_either = [this](auto& what) {
    return what.index() == 0 ? this->on_event(std::get<0>(what)) : this->on_event(std::get<1>(what));
  };
  return posix::drive(*stack_, stream_, receive_buffer_, now, of_either);
}

instant engine::turn(instant now) {
  {
    lock held{mutex_};
    if (online_ && unsettled_ != 0) pump_subscriptions();
    const bool late = !online_ && !finishing_ && now >= attempt_ends_;
    held.unlock();
    if (late) {
      abort_stream(now);
      return attempt_over(make_failure(stream_error::timed_out), now);
    }
  }
  const posix::progress done = drive(now);
  if (source_failed_) {
    abort_stream(now);
    return attempt_over(make_failure(stream_error::aborted), now);
  }
  if (done.ended) return stream_over(now);
  const std::scoped_lock held{mutex_};
  if (waiting_for_room_ != 0) changed();
  return online_ || finishing_ ? done.deadline : std::min(done.deadline, attempt_ends_);
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

instant engine::stream_over(instant now) {
  failure why = ending_ ? std::move(*ending_) : make_failure(stream_.why());
  if (finishing_) abort_stream(now);
  return attempt_over(std::move(why), now);
}

instant engine::attempt_over(failure why, instant now) {
  connection_news news;
  std::vector<payload_source> dropped;
  {
    lock held{mutex_};
    if (online_ && now - online_since_ >= stable) backoff_.reset();
    online_ = assembling_ = false;
    dropped = drop_unanswered();
    const bool wished = leaving_ || stopping_;
    const bool again = !wished && was_online_ && options_.reconnect &&
                       (options_.attempts_max == 0 || attempts_ < options_.attempts_max);
    if (again) {
      news.next_attempt = std::max(backoff_.next(entropy_), duration{1});
      retry_at_ = now + news.next_attempt;
      state_ = state::pausing;
    } else {
      state_ = state::idle;
      failed_ = !wished;
      leaving_ = false;
      wake_publishers();
    }
    if (!wished) last_failure_ = news.why = std::move(why);
    changed();
  }
  tell(news);
  const std::scoped_lock held{mutex_};
  return state_ == state::pausing ? retry_at_ : instant::min();
}

void engine::tell(const connection_news& news) {
  if (options_.on_connection) options_.on_connection(news);
}

void engine::on_connected(const mqtt::connected& what) {
  connection_news news{.online = true, .session_present = what.session_present};
  {
    const std::scoped_lock held{mutex_};
    online_ = was_online_ = began_ = true;
    online_since_ = posix::now();
    attempts_ = 0;
    subscriptions_after_connect(what.session_present);
    pump_subscriptions();
    changed();
  }
  tell(news);
}

posix::flow engine::on_event(tls::event& what) {
  const auto* end = std::get_if<tls::closed>(&what);
  if (end == nullptr) return posix::flow::go_on;
  if (!ending_) ending_ = make_failure(end->why, end->cause);
  finishing_ = true;
  return posix::flow::finish;
}

posix::flow engine::on_event(mqtt::session_event& what) {
  if (auto* one = std::get_if<mqtt::message_received>(&what)) return on_message(*one), posix::flow::go_on;
  if (auto* one = std::get_if<mqtt::acknowledged>(&what)) return on_acknowledged(*one), posix::flow::go_on;
  if (auto* one = std::get_if<mqtt::wants_payload>(&what)) return on_wants_payload(*one);
  if (auto* one = std::get_if<mqtt::message_begin>(&what)) on_begin(*one);
  if (auto* one = std::get_if<mqtt::message_part>(&what))
    assembled_.payload.insert(assembled_.payload.end(), one->payload.begin(), one->payload.end());
  if (std::holds_alternative<mqtt::message_end>(what)) on_end();
  if (auto* one = std::get_if<mqtt::subscribed>(&what)) on_subscribed(*one);
  if (auto* one = std::get_if<mqtt::unsubscribed>(&what)) on_unsubscribed(*one);
  if (auto* one = std::get_if<mqtt::connected>(&what)) on_connected(*one);
  const auto* end = std::get_if<mqtt::closed>(&what);
  if (end == nullptr) return posix::flow::go_on;
  if (!ending_) {
    std::string cause;
    if (!end->reason_string.empty())
      cause = std::string{words(static_cast<mqtt::error>(end->why.code))} + ": " + std::string{end->reason_string};
    ending_ = make_failure(end->why, cause, end->by_server ? end->reason : mqtt::reason::success);
  }
  finishing_ = true;
  return posix::flow::finish;
}

}  // namespace recado::client
