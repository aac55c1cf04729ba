#include <recado/mqtt/session.hpp>

namespace recado::mqtt {

session::session(const memory& given)
    : flights_(given.outgoing),
      log_(given.transmit, flights_),
      receive_size_(given.receive_size),
      received_(given.received),
      owed_(given.owed),
      incoming_aliases_(given.incoming_aliases, given.incoming_alias_count),
      outgoing_aliases_(given.outgoing_aliases, given.outgoing_alias_count) {}

std::expected<void, error> session::result_of(error wrong) {
  if (wrong != error::none) return std::unexpected{wrong};
  return {};
}

std::expected<token, error> session::token_or(error wrong, std::uint16_t identifier) {
  if (wrong != error::none) return std::unexpected{wrong};
  return token{identifier};
}

void session::opened(instant now) {
  stream_open_ = true;
  if (connect_ready_) start(now);
}

void session::start(instant now) {
  connect_ready_ = stream_open_ = false;  // one CONNECT on each stream [MQTT-3.1.0-2]
  state_ = state::connecting;
  doubt_ = doubt_ || unheard_ != 0;
  note_unheard();
  tell_unheard();
  authenticating_ = method_hash_ != 0;
  clock_.await_connack(now, connect_timeout_);
  certain_by_ = clock_.deadline();
}

void session::lost(fault, instant) {
  stream_open_ = false;
  closed_due_ = false;
  if (state_ != state::idle) reset_connection();
}

// What belongs to a connection goes, what belongs to the session stays (§4.1).
void session::reset_connection() {
  if (resend_sent_ != 0) flights_[resend_].marks |= mark_attempted, flights_[resend_].marks &= ~mark_again;
  if (was_online_) log_.mark_attempted();
  log_.drop_unsent();
  for (std::size_t i = 0; i < flights_.capacity(); ++i) {
    flights_[static_cast<place>(i)].marks &= mark_attempted | mark_text;
    const stage waits = static_cast<stage>(flights_[static_cast<place>(i)].stage);
    if (waits == stage::suback || waits == stage::unsuback)
      report(static_cast<place>(i), outcome::session_lost, reason::success);
  }
  while (const std::uint16_t again = owed_.take_unready()) received_.erase(again);  // the server sends it again
  incoming_aliases_.clear();                                                        // [MQTT-3.3.2-7]
  outgoing_aliases_.clear();
  aborted_due_ = aborted_due_ || (pieces_ && !pieces_known_);
  if (mid_packet() && stream_flight_ == no_place) dropped_due_ = true, dropped_tag_ = stream_tag_;
  state_ = state::idle;
  journal_failed_ = partial_ = connected_due_ = false;
  asking_ = 0;
  pieces_ = was_online_ = authenticating_ = challenged_ = stream_waits_ = stream_asked_ = log_first_ = false;
  long_again_ = stream_left_ = scratch_size_ = scratch_sent_ = unacknowledged_ = charged_ = resend_sent_ = 0;
  farewell_size_ = farewell_sent_ = 0;
  stream_flight_ = resend_ = waiting_ = unreleased_ = no_place;
  clock_.stop();
}

void session::receive_any(bytes& in, instant now) {
  for (;;) {
    if (state_ != state::online && state_ != state::connecting) {
      if (state_ == state::ended) in = in.subspan(in.size());  // nobody is interested in it any more
      return;
    }
    used_ = 0;
    found_ = {};
    error wrong = error::none;
    if (pieces_) on_piece(in);
    else wrong = on_bytes(in);
    const bool over = told_->has_value() || wrong != error::none;
    if (used_ != 0) {
      heard(in, std::min<std::size_t>(used_, in.size()), now);  // what is wrong may be longer than what is there
      if (!over) continue;
    } else if (!over) {
      partial_ = !in.empty();
      if (now < alarm_at()) return;
      current_ = {};
      wrong = out_of_time(now);
    }
    if (wrong != error::none) fail(wrong);
    return;
  }
}

error session::on_bytes(bytes in) {
  current_ = in;
  if constexpr (has_short_way) {
    acknowledgement ack;
    used_ = state_ == state::online ? static_cast<std::uint32_t>(take(in, decoding_, ack)) : 0;
    if (used_ != 0) return on_answer(ack);
  }
  fixed_header header;
  found_ = read_header(in, decoding_, header);
  if (found_ || header.size == 0) return found_.code;
  if (state_ == state::connecting && header.type != packet_type::connack && header.type != packet_type::auth)
    return in_field(field::packet_type, error::packet_before_connack);
  return dispatch(header);
}

error session::out_of_time(instant now) {
  if (reconciling() && now >= certain_by_) return tell_certain(false), error::none;
  switch (clock_.ring(now)) {
    case keep_alive::alarm::none:
      return error::none;
    case keep_alive::alarm::connect_timed_out:
      return error::connect_timed_out;
    case keep_alive::alarm::ping_timed_out:
      return error::ping_timed_out;
    case keep_alive::alarm::ping_due:
      break;
  }
  if (clock_.offered()) return error::stream_stalled;
  if (next_output() != output::none)
    clock_.asked(now, true);                // it leaves now; while the wire is full a driver may not ask
  else if (!put_ping()) clock_.defer(now);  // nothing may stand within a packet: its source is slow
  else clock_.pinged(now);
  return error::none;
}

void session::due() {
  if (connected_due_) return tell_certain(false);
  if (aborted_due_) return tell_end();
  if (dropped_due_) {
    dropped_due_ = false;
    tell<message_dropped>(dropped_tag_);
    return;
  }
  if (!reports_.empty()) return tell_report();
  if (closed_due_) return tell_end();
  ask_for_payload();
}

bytes session::pending(instant now) {
  if (connect_ready_ && stream_open_) start(now);
  const output next = next_output();
  const bytes out = bytes_of(next);
  log_.pin(next == output::again);
  if (next != output::again) log_first_ = next == output::log;
  clock_.asked(now, !out.empty());
  return journal_ == nullptr || out.empty() ? out : kept_output(out);
}

// Nothing leaves that the journal doesn't hold. If it fails there is no farewell either.
bytes session::kept_output(bytes out) {
  if (journal_failed_) return {};
  const fault why = journal_->commit();
  if (!why) return out;
  journal_failed_ = true;
  if (state_ != state::ended) end(why, reason::unspecified_error);
  return {};
}

session::output session::next_output() const {
  if (state_ == state::idle) return output::none;
  if (sends_again()) return output::again;
  if (log_output() != 0) return output::log;
  if (mid_packet()) return scratch_size_ != scratch_sent_ ? output::payload : output::none;
  return farewell_size_ != farewell_sent_ ? output::farewell : output::none;
}

bytes session::bytes_of(output which) const {
  if (which == output::none) return {};
  if (which == output::again) return resend_output();
  if (which == output::log) return {log_.pending().data(), log_output()};
  if (which == output::payload) return {scratch_.data() + scratch_sent_, scratch_size_ - scratch_sent_};
  return {farewell_.data() + farewell_sent_, std::size_t{farewell_size_} - farewell_sent_};
}

void session::sent(std::size_t n) {
  if (n == 0) return;
  clock_.sent();
  const output what = next_output();
  if (what == output::again) {
    sent_again(n);
  } else if (what == output::log) {
    if (stream_waits_ && log_.next() + n == stream_barrier_) stream_waits_ = false;
    log_.sent(n);
    log_first_ = log_first_ && log_.unsent() != 0;
  } else if (what == output::payload) {
    sent_of_payload(n);
  } else {
    farewell_sent_ = static_cast<std::uint8_t>(farewell_sent_ + n);
  }
  if (unreleased_ != no_place || !owed_.empty() || asking_ != 0) pump();
}

// How many of the bytes that the log has ready lie in front of the payload of a long message.
std::size_t session::log_output() const {
  const std::size_t ready = log_.unsent();
  if (!mid_packet()) [[likely]]
    return ready;
  if (!stream_waits_) return 0;
  const std::size_t begin = log_.next();
  return stream_barrier_ > begin ? std::min<std::size_t>(ready, stream_barrier_ - begin) : ready;
}

instant session::alarm_at() const {
  return reconciling() ? std::min(clock_.deadline(), certain_by_) : clock_.deadline();
}

instant session::deadline() const { return something_due() ? instant::min() : alarm_at(); }

// What was found in the packet says where.
void session::fail(error what) {
  found_.code = what;
  const reason code = answer_to(what);
  if (is_v5(decoding_.protocol) && code != reason::success) say_farewell(code);
  end(found_, code);
  tell_end();
}

error session::in_field(field where, error what) {
  found_.where = where;
  return what;
}

// The defect is where the packet that is being heard goes on behind its fixed header.
error session::behind_header(error what, field where) {
  std::uint32_t offset = 1;
  while (offset < current_.size() && (current_[offset] & std::byte{0x80}) != std::byte{0}) ++offset;
  found_.offset = offset + 1;
  return in_field(where, what);
}

// [MQTT-4.13.1-1]. What is pending stays pending; the farewell follows it.
void session::say_farewell(reason code) {
  const bool silent = code == reason::success;
  farewell_ = {std::byte{0xe0}, std::byte{silent ? std::uint8_t{0} : std::uint8_t{1}}, static_cast<std::byte>(code)};
  farewell_size_ = silent ? 2 : 3;
}

// The connection is over, but for what is pending.
void session::end(fault why, reason code) {
  state_ = state::ended;
  clock_.stop();
  closed_due_ = true, closed_why_ = why, closed_reason_ = code;
  aborted_due_ = aborted_due_ || (pieces_ && !pieces_known_);
  pieces_ = false;
}

// A message that was cut off comes before the end itself.
void session::tell_end() {
  if (aborted_due_) {
    aborted_due_ = false;
    tell<message_aborted>();
    return;
  }
  closed_due_ = false;
  tell<closed>(closed_why_, closed_reason_).packet = current_;
}

std::expected<void, error> session::disconnect(const disconnect_options& options) {
  if (state_ != state::online && !(state_ == state::connecting && challenged_)) return result_of(error::not_connected);
  if (const error wrong = check(options); wrong != error::none) return result_of(wrong);
  if (!mid_packet()) {
    if (!is_v5(decoding_.protocol) || options.properties.empty()) {
      say_farewell(options.reason);
    } else {
      const error wrong = say(mqtt::disconnect{.reason = options.reason, .properties = options.properties});
      if (wrong != error::none) return result_of(wrong);
    }
  }
  end({}, options.reason);
  return result_of(error::none);
}

error session::check(const disconnect_options& options) const {
  if (!is_v5(decoding_.protocol))
    return options.properties.empty() && options.reason == reason::normal_disconnection ? error::none
                                                                                        : error::needs_version_5;
  if (!allowed(options.reason, packet_type::disconnect, sender::client)) return error::bad_reason_code;
  if (requested_expiry_s_ == 0 && options.properties.number(property::session_expiry_interval) != 0)
    return error::session_expiry_forbidden;  // §3.14.2.2.2
  return check_properties(options.properties, property_in::disconnect);
}

}  // namespace recado::mqtt
