// From the application to the server.
#include <utility>

#include <recado/core/utf8.hpp>
#include <recado/mqtt/codec.hpp>
#include <recado/mqtt/plain_text.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/mqtt/topic.hpp>
#include <recado/mqtt/verbs.hpp>

namespace recado::mqtt {
namespace {

// What stays free of kept messages, for everything else that must be said.
constexpr std::size_t log_reserve_min = 64;

bool is_text(const properties& list) { return list.number(property::payload_format_indicator) == 1; }

bool has_forbidden_options(const subscription& one) {  // 5.0 §3.8.3.1, [MQTT311-3.8.3-4]
  return one.qos > qos::exactly_once || one.retain_handling > retain_handling::do_not_send;
}

bool has_v5_options(const subscription& one) {
  return one.no_local || one.retain_as_published || one.retain_handling != retain_handling::send_at_subscribe;
}

// Looked at here, without a call.
bool is_usual(std::string_view topic) {
  return !topic.empty() && topic.size() <= string_bytes_max && plain_text_inline(topic, text_rule::topic_name);
}

error check_topic(const message& what, bool short_way) {
  if (short_way && is_usual(what.topic)) return error::none;
  return what.topic.empty() && what.topic_alias != 0 ? error::none : topic_name_error(what.topic);
}

}  // namespace

// Encodes `put_size_` bytes to the front of the log's space, without taking it yet.
error session::put(const void* out, encode_fields fields) {
  if (mid_packet()) return error::payload_pending;
  std::size_t size = 0;
  error wrong = encode_to(log_.space(), out, fields, decoding_.protocol, size);
  if (wrong == error::no_room && log_.make_room(size))
    wrong = encode_to(log_.space(), out, fields, decoding_.protocol, size);
  put_size_ = static_cast<std::uint32_t>(size);
  return wrong == error::none && size > server_.maximum_packet_size
             ? error::larger_than_server_takes  // [MQTT-3.2.2-15] [MQTT-3.6.2-2]
             : wrong;
}

error session::put(const mqtt::publish& out) {
  if (has_short_way && out.payload_rest == 0) {
    if (mid_packet()) return error::payload_pending;
    const auto size = encode(out, decoding_.protocol, log_.space());
    if (size && *size <= server_.maximum_packet_size) {
      put_size_ = static_cast<std::uint32_t>(*size);
      return error::none;
    }
  }
  const error wrong = put(&out, visit_to_encode<mqtt::publish>);
  if (wrong == error::none && out.payload_rest > server_.maximum_packet_size - put_size_)
    return error::larger_than_server_takes;
  return wrong;
}

error session::say(const void* out, encode_fields fields) {
  const error wrong = put(out, fields);
  if (wrong == error::none) log_.append(put_size_);
  return wrong;
}

bool session::put_ping() { return say(ping{}) == error::none; }

// With the properties that the application has for it; else without, and it is told why if there were any.
bool session::put_explained(packet_type type, std::uint16_t identifier, reason code) {
  if (mid_packet()) return false;
  const outgoing_answer what{type, identifier, code};
  const acknowledgement out{type, identifier, code, explainer_->explain(what)};
  if (out.properties.empty()) return put_plain(type, identifier, code);
  error wrong = check_properties(out.properties, property_in::bit(type));
  if (wrong == error::none) wrong = say(out);
  if (wrong == error::none) return true;
  if (!put_plain(type, identifier, code)) return false;
  explainer_->left_out(what, wrong);
  return true;
}

error session::may_send(const message& what) const {
  if (state_ != state::online) return error::not_connected;
  if (!has_extras && (what.payload_from_source != 0 || what.topic_alias != 0)) return error::extra_not_built;
  if (const error wrong = check_topic(what, has_short_way); wrong != error::none) return wrong;
  if (!is_v5(decoding_.protocol)) {
    if (what.topic_alias != 0 || !what.properties.empty()) return error::needs_version_5;
  } else if (!what.properties.empty()) {
    if (const error wrong = check_properties(what.properties, property_in::publish); wrong != error::none) return wrong;
    if (what.properties.has(property::topic_alias)) return error::alias_not_available;       // has a place of its own
    if (is_text(what.properties) && !is_utf8(what.payload)) return error::payload_not_utf8;  // §3.3.2.3.2
  }
  if (what.topic_alias != 0 && (automatic_aliases_ || what.qos != qos::at_most_once)) return error::alias_not_available;
  if (const error wrong = forbidden(server_, what); wrong != error::none) return wrong;
  if (journal_ != nullptr && what.payload_from_source != 0 && what.qos != qos::at_most_once)
    return error::journal_takes_whole_messages;
  if (long_again_ != 0 && (what.payload_from_source != 0 || what.qos != qos::at_most_once))
    return error::payload_pending;
  if (what.qos == qos::at_most_once) return error::none;
  if (send_quota() == 0) return error::receive_maximum_reached;                  // [MQTT-3.3.4-7]
  if (resend_ != no_place && log_first_) return error::receive_maximum_reached;  // it would overtake [MQTT-4.6.0-1]
  return flights_.full() ? error::flight_table_full : error::none;
}

// Whole, without properties and alias, and with nothing in its way: what nearly every message is.
bool session::is_usual(const message& what) const {
  const bool plain = what.properties.empty() & (what.topic_alias == 0) & (what.payload_from_source == 0);
  const bool aliased = automatic_aliases_ && outgoing_aliases_.count() != 0 && server_.topic_alias_maximum != 0;
  if (!plain || aliased || state_ != state::online || mid_packet()) return false;
  return forbidden(server_, what) == error::none && mqtt::is_usual(what.topic);
}

// With QoS 1 or 2, and without asking anybody.
bool session::may_begin_exchange() const {
  const bool stopped = (journal_ != nullptr) | (long_again_ != 0) | (resend_ != no_place);
  return !stopped && send_quota() != 0 && !flights_.full();
}

// Once for QoS 0 and once for those that are kept, so that no step asks which it is.
template <bool Kept>
std::optional<token> session::publish_usual(const message& what, std::uint32_t tag) {
  if (!is_usual(what) || (Kept && !may_begin_exchange())) [[unlikely]]
    return std::nullopt;
  mqtt::publish out;
  out.qos = Kept ? what.qos : qos::at_most_once;
  out.retain = what.retain, out.topic = what.topic, out.payload = what.payload;
  if (Kept && out.qos == qos::at_most_once) std::unreachable();
  if (Kept) out.packet_identifier = flights_.next_identifier();
  const std::size_t size = put_usual(out, decoding_.protocol, log_.space());
  if (size == 0 || size > server_.maximum_packet_size || (Kept && !may_keep(size))) [[unlikely]]
    return std::nullopt;
  append(out, size, tag);
  return token{out.packet_identifier};
}

// It is written in one straight pass; whatever is unusual, or wrong, goes the long way.
RECADO_MQTT_DISSOLVED std::expected<token, error> session::publish(const message& what, std::uint32_t tag) {
  if constexpr (has_short_way) {
    const auto done = what.qos == qos::at_most_once ? publish_usual<false>(what, tag) : publish_usual<true>(what, tag);
    if (done) [[likely]]
      return *done;
  }
  return publish_any(what, tag);
}

std::expected<token, error> session::publish_any(const message& what, std::uint32_t tag) {
  if (const error wrong = may_send(what); wrong != error::none) return token_or(wrong);
  const std::uint32_t payload_rest = has_extras ? what.payload_from_source : 0;
  mqtt::publish out{.duplicate = false,
                    .qos = what.qos,
                    .retain = what.retain,
                    .packet_identifier = 0,
                    .topic = what.topic,
                    .properties = what.properties,
                    .payload = payload_rest == 0 ? what.payload : bytes{},
                    .payload_rest = payload_rest};
  const bool kept = what.qos != qos::at_most_once;
  const error wrong = kept ? put_to_keep(out, what) : put_with_alias(out, what.topic_alias);
  if (wrong != error::none) return token_or(wrong);
  const place at = append(out, put_size_, tag);
  if (payload_rest != 0) begin_stream(at, payload_rest, tag, is_text(what.properties));
  return token_or(error::none, out.packet_identifier);
}

// The packet that was put, of so many bytes.
place session::append(const mqtt::publish& out, std::size_t size, std::uint32_t tag) {
  if (out.qos == qos::at_most_once) return log_.append(size), no_place;
  const stage first = out.qos == qos::at_least_once ? stage::puback : stage::pubrec;
  const place at = flights_.take(out.packet_identifier, first);
  flights_[at].tag = tag;
  flights_[at].payload = has_extras ? out.payload_rest : 0;
  log_.append(size, at);
  ++charged_;
  return at;
}

// Beside it there is room for what must be said.
bool session::may_keep(std::size_t size) const {
  return log_.kept() + size + std::max<std::size_t>(log_reserve_min, last_connect_size_) <= log_.capacity();
}

error session::put_to_keep(mqtt::publish& out, const message& what) {
  out.packet_identifier = flights_.next_identifier();
  if (const error wrong = put(out); wrong != error::none) return wrong;
  if (!may_keep(put_size_)) return error::no_room;
  if (journal_ == nullptr) return error::none;
  return journal_->publishing(out.packet_identifier, what, log_.space().first(put_size_));
}

// An alias stands only in packets that are never sent again.
error session::put_with_alias(mqtt::publish& out, std::uint16_t by_hand) {
  constexpr std::size_t alias_bytes = 3;  // a shorter topic isn't worth it
  const std::string_view topic = out.topic;
  const std::size_t usable = automatic_aliases_ ? std::min(outgoing_aliases_.count(), server_.topic_alias_maximum) : 0;
  const bool automatic =
      has_version_5 && usable != 0 && topic.size() > alias_bytes && topic.size() <= outgoing_aliases_.topic_bytes_max();
  if (!has_version_5 || !has_extras || (!automatic && by_hand == 0)) return put(out);
  const std::size_t slot = automatic ? topic_slots::home(topic, usable) : by_hand - 1U;
  const bool known = automatic && outgoing_aliases_.topic(slot) == topic;
  const property_value alias[] = {{property::topic_alias, static_cast<std::uint32_t>(slot + 1)}};
  const properties rest = out.properties;
  out.properties = properties{alias}.followed_by(rest);
  if (known) out.topic = {};
  const error wrong = put(out);
  if (wrong == error::none && automatic && !known) outgoing_aliases_.set(slot, topic);
  return wrong;
}

std::expected<token, error> session::subscribe(std::span<const subscription> filters,
                                               const subscribe_properties& more) {
  if (state_ != state::online) return token_or(error::not_connected);
  if (filters.empty()) return token_or(error::no_topic_filters);
  const bool v5 = is_v5(decoding_.protocol);
  if (!v5 && (more.subscription_identifier != 0 || !more.user_properties.empty()))
    return token_or(error::needs_version_5);
  if (more.subscription_identifier > variable_byte_integer_max) return token_or(error::bad_property_value);
  if (const error wrong = check_properties(more.user_properties, user_properties_only); wrong != error::none)
    return token_or(wrong);
  for (const subscription& one : filters) {
    if (const error wrong = topic_filter_error(one.filter, decoding_.protocol); wrong != error::none)
      return token_or(wrong);
    if (has_forbidden_options(one)) return token_or(error::bad_subscription_options);
    if (!v5 && has_v5_options(one)) return token_or(error::needs_version_5);
    if (v5 && one.no_local && is_shared(one.filter)) return token_or(error::shared_no_local);  // [MQTT-3.8.3-4]
    if (const error wrong = forbidden(server_, one, more.subscription_identifier); wrong != error::none)
      return token_or(wrong);
  }
  const property_value list[] = {{property::subscription_identifier, more.subscription_identifier}};
  const properties own{std::span<const property_value>{list, more.subscription_identifier != 0 ? 1U : 0U}};
  const mqtt::subscribe out{flights_.next_identifier(), own.followed_by(more.user_properties), filters};
  return token_or(request(&out, visit_to_encode<mqtt::subscribe>, stage::suback, filters.size()),
                  out.packet_identifier);
}

std::expected<token, error> session::unsubscribe(std::span<const std::string_view> filters, const properties& more) {
  if (state_ != state::online) return token_or(error::not_connected);
  if (filters.empty()) return token_or(error::no_topic_filters);
  if (!is_v5(decoding_.protocol) && !more.empty()) return token_or(error::needs_version_5);
  if (const error wrong = check_properties(more, property_in::unsubscribe); wrong != error::none)
    return token_or(wrong);
  for (const std::string_view one : filters)
    if (const error wrong = topic_filter_error(one, decoding_.protocol); wrong != error::none) return token_or(wrong);
  const mqtt::unsubscribe out{flights_.next_identifier(), more, filters};
  return token_or(request(&out, visit_to_encode<mqtt::unsubscribe>, stage::unsuback, filters.size()),
                  out.packet_identifier);
}

error session::request(const void* out, encode_fields fields, stage waits_for, std::size_t filters) {
  if (flights_.full()) return error::flight_table_full;
  const error wrong = say(out, fields);
  if (wrong == error::none) flights_[flights_.take(waits_for)].tag = static_cast<std::uint32_t>(filters);
  return wrong;
}

std::expected<void, error> session::acknowledge(receipt what, reason code, const properties& more) {
  owed_acknowledgement* owed = owed_.find(what);
  if (owed == nullptr) return result_of(error::unknown_receipt);
  const auto type = static_cast<packet_type>(owed->packet);
  const bool sayable = is_v5(decoding_.protocol) ? allowed(code, type, sender::client) : !is_failure(code);
  if (!sayable) return result_of(error::bad_reason_code);
  if (!more.empty()) {
    if (owed != &owed_.front()) return result_of(error::acknowledgement_must_wait);
    owed_acknowledgement one = *owed;
    one.reason = static_cast<std::uint8_t>(code);
    return result_of(acknowledge_now(one, more));
  }
  owed->reason = static_cast<std::uint8_t>(code);
  owed->ready = true;
  told_journal(*owed);
  pump();
  return result_of(error::none);
}

// The oldest one that is owed, with properties, which nobody would keep until later.
error session::acknowledge_now(const owed_acknowledgement& one, const properties& more) {
  const auto type = static_cast<packet_type>(one.packet);
  if (state_ != state::online) return error::not_connected;
  if (!is_v5(decoding_.protocol)) return error::needs_version_5;
  if (const error wrong = check_properties(more, property_in::bit(type)); wrong != error::none) return wrong;
  const error wrong = say(acknowledgement{.type = type,
                                          .packet_identifier = one.packet_identifier,
                                          .reason = static_cast<reason>(one.reason),
                                          .properties = more});  // [MQTT-3.4.2-2] [MQTT-3.5.2-2] and the next ones
  if (wrong != error::none) return wrong;
  told_journal(one);
  acknowledged_first(one);
  pump();
  return error::none;
}

void session::told_journal(const owed_acknowledgement& one) {
  if (journal_ == nullptr || is_failure(static_cast<reason>(one.reason))) return;
  const bool of_qos_2 = static_cast<packet_type>(one.packet) == packet_type::pubrec;
  journal_->took(of_qos_2 ? qos::exactly_once : qos::at_least_once, one.packet_identifier);
}

// The answer to the oldest message that was owed one has left; a refused one of QoS 2 is over [MQTT-4.3.3-9].
void session::acknowledged_first(const owed_acknowledgement& one) {
  const bool refused = is_failure(static_cast<reason>(one.reason));
  const bool of_qos_2 = static_cast<packet_type>(one.packet) == packet_type::pubrec;
  if (of_qos_2 && refused) received_.erase(one.packet_identifier);
  if (!of_qos_2 || refused) unacknowledged_ -= unacknowledged_ != 0 ? 1 : 0;
  owed_.pop();
}

// What could not be answered at once, as far as there is room now.
void session::pump() {
  if (state_ != state::online || mid_packet()) return;
  while (unreleased_ != no_place &&
         put_acknowledgement(packet_type::pubrel, flights_[unreleased_].packet_identifier, reason::success))
    unreleased_ = flights_[unreleased_].newer;
  while (asking_ != 0) {
    const std::uint16_t one = received_.next(asking_);
    if (one != 0 && !put_acknowledgement(packet_type::pubrec, one, reason::success)) return;
    asking_ = one == 0 ? one : static_cast<std::uint16_t>(one + 1);
  }
  while (!owed_.empty() && owed_.front().ready) {  // [MQTT-4.6.0-2] [MQTT-4.6.0-3]
    const owed_acknowledgement one = owed_.front();
    const auto type = static_cast<packet_type>(one.packet);
    if (one.packet == owed_acknowledgements::withdrawn) {
      owed_.pop();
      continue;
    }
    if (!put_acknowledgement(type, one.packet_identifier, static_cast<reason>(one.reason))) return;
    acknowledged_first(one);
  }
}

// A payload from the application's source goes through what is free of the log, piece by piece, between the header
// of its PUBLISH, which stays in the log, and what follows there.
void session::begin_stream(place flight, std::uint32_t size, std::uint32_t tag, bool text) {
  stream_flight_ = flight;
  if (text && flight != no_place) flights_[flight].marks |= mark_text;
  stream_waits_ = true;
  stream_barrier_ =
      flight == no_place ? static_cast<std::uint32_t>(log_.head()) : flights_[flight].offset + flights_[flight].length;
  stream_left_ = size;
  stream_offset_ = scratch_size_ = scratch_sent_ = 0;
  stream_tag_ = tag;
  stream_is_text_ = text;
  stream_text_ = {};
  stream_asked_ = false;
}

void session::ask_for_payload() {
  std::size_t wanted = std::min<std::size_t>(stream_left_, log_.capacity() / 2);
  while (!log_.make_room(wanted) && wanted > 1) wanted /= 2;
  scratch_ = log_.space();
  scratch_ = scratch_.first(std::min<std::size_t>(scratch_.size(), stream_left_));
  stream_asked_ = true;
  const std::uint16_t identifier =
      stream_flight_ != no_place ? flights_[stream_flight_].packet_identifier : std::uint16_t{0};
  tell<wants_payload>(token{identifier}, stream_tag_, stream_offset_, static_cast<std::uint32_t>(scratch_.size()));
}

// What claims to be UTF-8 has to be it (§3.3.2.3.2), cut wherever its pieces end.
error session::check_payload(bytes payload, bool last) {
  if (!has_version_5 || !stream_is_text_) return error::none;
  utf8_check text = stream_text_;
  text.add(payload);
  if (text.is_broken() || (last && !text.well_formed())) return error::payload_not_utf8;
  stream_text_ = text;
  return error::none;
}

std::expected<std::size_t, error> session::supply(bytes payload) {
  if (state_ != state::online) return std::unexpected{error::not_connected};
  if (!stream_asked_ || stream_left_ == 0) return std::unexpected{error::no_payload_wanted};
  const std::size_t count = std::min<std::size_t>(payload.size(), scratch_.size() - scratch_size_);
  if (const error wrong = check_payload(payload.first(count), count == stream_left_); wrong != error::none)
    return std::unexpected{wrong};
  copy(payload.first(count), scratch_.subspan(scratch_size_, count));
  scratch_size_ += static_cast<std::uint32_t>(count);
  stream_left_ -= static_cast<std::uint32_t>(count);
  stream_offset_ += static_cast<std::uint32_t>(count);
  return count;
}

void session::sent_of_payload(std::size_t n) {
  scratch_sent_ += static_cast<std::uint32_t>(n);
  if (scratch_sent_ != scratch_size_) return;
  scratch_size_ = scratch_sent_ = 0;
  stream_asked_ = false;
  if (stream_left_ != 0) return;
  stream_flight_ = no_place;
}

}  // namespace recado::mqtt
