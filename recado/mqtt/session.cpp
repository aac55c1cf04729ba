#include <recado/mqtt/session.hpp>

namespace recado::mqtt {

session::session(const memory& given)
    : receive_size_(given.receive_size),
      flights_(given.outgoing),
      log_(given.transmit, flights_),
      received_(given.received),
      owed_(given.owed),
      incoming_aliases_(given.incoming_aliases, given.incoming_alias_count),
      outgoing_aliases_(given.outgoing_aliases, given.outgoing_alias_count) {}

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

session::answer session::receive_any(bytes& in, instant now) {
  for (;;) {
    if (state_ != state::online && state_ != state::connecting) {
      if (state_ == state::ended) in = in.subspan(in.size());  // nobody is interested in it any more
      return std::nullopt;
    }
    const std::size_t before = in.size();
    answer what = pieces_ ? on_piece(in) : on_bytes(in);
    if (in.size() != before) clock_.heard(now);
    if (what) return what;
    if (in.size() != before) continue;
    partial_ = !in.empty();
    if (now < alarm_at()) return std::nullopt;
    current_ = {};
    return out_of_time(now);
  }
}

session::answer session::on_bytes(bytes& in) {
  current_ = in;
  if constexpr (has_short_way) {
    acknowledgement ack;
    const std::size_t size = state_ == state::online ? take(in, decoding_, ack) : 0;
    if (size != 0) return on_answer(in, ack, size);
  }
  fixed_header header;
  if (const defect found = read_header(in, decoding_, header)) return fail(found);
  if (header.size == 0) return std::nullopt;
  if (state_ == state::connecting && header.type != packet_type::connack && header.type != packet_type::auth)
    return fail(error::packet_before_connack, field::packet_type);
  return dispatch(in, header);
}

session::answer session::out_of_time(instant now) {
  if (reconciling() && now >= certain_by_) return certain(false);
  switch (clock_.ring(now)) {
    case keep_alive::alarm::none:
      return std::nullopt;
    case keep_alive::alarm::connect_timed_out:
      return fail(error::connect_timed_out);
    case keep_alive::alarm::ping_timed_out:
      return fail(error::ping_timed_out);
    case keep_alive::alarm::ping_due:
      break;
  }
  if (clock_.offered()) return fail(error::stream_stalled);
  if (!next_output().empty()) {
    clock_.asked(now, true);  // it leaves now, and will do; while the wire is full a driver may not ask for it
    return std::nullopt;
  }
  if (!put_ping()) clock_.defer(now);  // nothing may stand within a packet: its source is slow
  else clock_.pinged(now);
  return std::nullopt;
}

session::answer session::due() {
  if (connected_due_) return certain(false);
  if (aborted_due_) {
    aborted_due_ = false;
    return message_aborted{};
  }
  if (dropped_due_) {
    dropped_due_ = false;
    return message_dropped{.tag = dropped_tag_};
  }
  if (!reports_.empty()) return next_report();
  if (closed_due_) {
    closed_due_ = false;
    return closed{.why = closed_why_, .reason = closed_reason_};
  }
  return ask_for_payload();
}

bytes session::pending(instant now) {
  if (connect_ready_ && stream_open_) start(now);
  const bytes out = next_output();
  const bool again = !resend_output().empty();
  log_.pin(again);
  if (!again) log_first_ = !log_output().empty();
  clock_.asked(now, !out.empty());
  return journal_ == nullptr || out.empty() ? out : kept_output(out);
}

// Nothing leaves that the journal doesn't hold. If it fails there is no farewell either.
bytes session::kept_output(bytes out) {
  if (journal_failed_) return {};
  const fault why = journal_->commit();
  if (!why) return out;
  journal_failed_ = true;
  if (state_ != state::ended) closed_due_ = true, closed_why_ = why, closed_reason_ = reason::unspecified_error;
  state_ = state::ended;
  clock_.stop();
  aborted_due_ = aborted_due_ || (pieces_ && !pieces_known_);
  pieces_ = false;
  return {};
}

bytes session::next_output() const {
  if (state_ == state::idle) return {};
  if (const bytes again = resend_output(); !again.empty()) return again;
  if (const bytes ready = log_output(); !ready.empty()) return ready;
  if (mid_packet()) return bytes{scratch_}.subspan(scratch_sent_, scratch_size_ - scratch_sent_);
  return bytes{farewell_}.subspan(farewell_sent_, std::size_t{farewell_size_} - farewell_sent_);
}

void session::sent(std::size_t n) {
  if (n == 0) return;
  clock_.sent();
  if (!resend_output().empty()) {
    sent_again(n);
  } else if (!log_output().empty()) {
    if (stream_waits_ && log_.next() + n == stream_barrier_) stream_waits_ = false;
    log_.sent(n);
    log_first_ = log_first_ && !log_.pending().empty();
  } else if (mid_packet()) {
    sent_of_payload(n);
  } else {
    farewell_sent_ = static_cast<std::uint8_t>(farewell_sent_ + n);
  }
  if (unreleased_ != no_place || !owed_.empty() || asking_ != 0) pump();
}

// Of the bytes that the log has ready, those in front of the payload of a long message.
bytes session::log_output() const {
  const bytes ready = log_.pending();
  if (!mid_packet()) [[likely]]
    return ready;
  if (!stream_waits_) return {};
  const std::size_t begin = log_.next();
  return stream_barrier_ > begin ? ready.first(std::min<std::size_t>(ready.size(), stream_barrier_ - begin)) : ready;
}

instant session::alarm_at() const {
  return reconciling() ? std::min(clock_.deadline(), certain_by_) : clock_.deadline();
}

instant session::deadline() const { return something_due() ? instant::min() : alarm_at(); }

session::answer session::fail(fault why) {
  const reason code = answer_to(static_cast<error>(why.code));
  if (is_v5(decoding_.protocol) && code != reason::success) say_farewell(code);
  return close_with(why, code);
}

session::answer session::fail(error what) { return fail(make_fault(what)); }
session::answer session::fail(const defect& found) { return fail(static_cast<fault>(found)); }
session::answer session::fail(error what, field where) { return fail(defect{what, where, 0}); }

// The defect is where the packet that is being heard goes on behind its fixed header.
session::answer session::fail_behind_header(error what, field where) {
  std::uint32_t at = 1;
  while (at < current_.size() && (current_[at] & std::byte{0x80}) != std::byte{0}) ++at;
  return fail(defect{what, where, at + 1});
}

// [MQTT-4.13.1-1]. What is pending stays pending; the farewell follows it.
void session::say_farewell(reason code) {
  const bool silent = code == reason::success;
  farewell_ = {std::byte{0xe0}, std::byte{silent ? std::uint8_t{0} : std::uint8_t{1}}, static_cast<std::byte>(code)};
  farewell_size_ = silent ? 2 : 3;
}

session::answer session::close_with(fault why, reason code) {
  state_ = state::ended;
  clock_.stop();
  if (pieces_ && !pieces_known_) {
    pieces_ = false;
    closed_due_ = true, closed_why_ = why, closed_reason_ = code;
    return message_aborted{};
  }
  return tell<closed>(why, code, false, std::string_view{}, std::string_view{}, properties{}, current_);
}

std::expected<void, error> session::disconnect(const disconnect_options& options) {
  if (state_ != state::online && !(state_ == state::connecting && challenged_))
    return std::unexpected{error::not_connected};
  if (const error wrong = check(options); wrong != error::none) return std::unexpected{wrong};
  if (!mid_packet()) {
    if (!is_v5(decoding_.protocol) || options.properties.empty()) {
      say_farewell(options.reason);
    } else {
      const error wrong = say(mqtt::disconnect{.reason = options.reason, .properties = options.properties});
      if (wrong != error::none) return std::unexpected{wrong};
    }
  }
  closed_due_ = true, closed_why_ = {}, closed_reason_ = options.reason;
  state_ = state::ended;
  clock_.stop();
  aborted_due_ = pieces_ && !pieces_known_;
  pieces_ = false;
  return {};
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
