// From the application to the server.
#include <recado/core/utf8.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/mqtt/topic.hpp>

namespace recado::mqtt {
namespace {

// What stays free of kept messages, for everything else that must be said.
constexpr std::size_t log_reserve_min = 64;

bool is_text(const properties& list) { return list.number(property::payload_format_indicator) == 1; }

bool has_v5_options(const subscription& one) {
  return one.no_local || one.retain_as_published || one.retain_handling != retain_handling::send_at_subscribe;
}

}  // namespace

// Encodes to the front of the log's space, without taking it yet. One function for all packets: what differs is what
// encodes and measures them.
std::expected<std::size_t, error> session::put(const void* out, const packet_verbs& verbs) {
  if (mid_packet()) return std::unexpected{error::payload_pending};
  auto size = verbs.encode(out, decoding_.protocol, log_.space());
  if (!size && size.error() == error::no_room) {
    if (!log_.make_room(verbs.size(out, decoding_.protocol))) return size;
    size = verbs.encode(out, decoding_.protocol, log_.space());
  }
  if (size && *size > server_.maximum_packet_size)  // [MQTT-3.2.2-15]
    return std::unexpected{error::larger_than_server_takes};
  return size;
}

bool session::put_ping() {
  const auto size = put(ping{});
  if (size) log_.append(*size);
  return size.has_value();
}

bool session::put_acknowledgement(packet_type type, std::uint16_t identifier, reason code) {
  acknowledgement out{.type = type, .packet_identifier = identifier, .reason = code, .properties = {}};
  const error wrong = has_version_5 && explainer_ != nullptr ? put_explained(out) : error::none;
  if (!out.properties.empty()) return true;
  const auto size = put(out);
  if (!size) return false;
  log_.append(*size);
  if (wrong != error::none) explainer_->left_out({type, identifier, code}, wrong);
  return true;
}

// Puts it with the properties that the application has for it; else takes them away, and says why if there were any.
error session::put_explained(acknowledgement& out) {
  if (mid_packet()) return error::none;  // later
  out.properties = explainer_->explain({out.type, out.packet_identifier, out.reason});
  if (out.properties.empty()) return error::none;
  error wrong = check_properties(out.properties, property_in::bit(out.type));
  if (wrong == error::none) {
    const auto size = put(out);
    if (size) return log_.append(*size), error::none;
    wrong = size.error();
  }
  out.properties = {};
  return wrong;
}

error session::may_send(const message& what) const {
  if (state_ != state::online) return error::not_connected;
  if (const auto topic = check_topic_name(what.topic); !topic && (!what.topic.empty() || what.topic_alias == 0))
    return topic.error();
  if (!is_v5(decoding_.protocol)) {
    if (what.topic_alias != 0 || !what.properties.empty()) return error::needs_version_5;
  } else if (!what.properties.empty()) {
    if (const error wrong = check_properties(what.properties, property_in::publish); wrong != error::none) return wrong;
    if (what.properties.has(property::topic_alias)) return error::alias_not_available;  // has a place of its own
    if (what.properties.has(property::subscription_identifier)) return error::forbidden_property;  // [MQTT-3.3.4-6]
    if (is_text(what.properties) && !is_utf8(what.payload)) return error::payload_not_utf8;        // §3.3.2.3.2
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

std::expected<token, error> session::publish(const message& what) {
  if (const error wrong = may_send(what); wrong != error::none) return std::unexpected{wrong};
  mqtt::publish out{.qos = what.qos,
                    .retain = what.retain,
                    .topic = what.topic,
                    .properties = what.properties,
                    .payload = what.payload_from_source != 0 ? bytes{} : what.payload,
                    .payload_rest = what.payload_from_source};
  if (what.qos == qos::at_most_once) {
    const auto size = put_with_alias(out, what.topic_alias);
    if (!size) return std::unexpected{size.error()};
    log_.append(*size);
    if (what.payload_from_source != 0)
      begin_stream(no_place, what.payload_from_source, what.tag, is_text(what.properties));
    return token{};
  }
  out.packet_identifier = flights_.next_identifier();
  const auto size = put(out);
  if (!size) return std::unexpected{size.error()};
  if (*size + std::uint64_t{what.payload_from_source} > server_.maximum_packet_size)
    return std::unexpected{error::larger_than_server_takes};
  if (log_.kept() + *size + std::max<std::size_t>(log_reserve_min, last_connect_size_) > log_.capacity())
    return std::unexpected{error::no_room};
  if (journal_ != nullptr)
    if (const error wrong = journal_->publishing(out.packet_identifier, what, log_.space().first(*size));
        wrong != error::none)
      return std::unexpected{wrong};
  const place at = flights_.take(what.qos == qos::at_least_once ? stage::puback : stage::pubrec);
  flights_[at].tag = what.tag;
  flights_[at].payload = what.payload_from_source;
  log_.append(*size, at);
  ++charged_;
  if (what.payload_from_source != 0) {
    if (is_text(what.properties)) flights_[at].marks = mark_text;
    begin_stream(at, what.payload_from_source, what.tag, is_text(what.properties));
  }
  return token{out.packet_identifier};
}

// An alias stands only in packets that are never sent again.
std::expected<std::size_t, error> session::put_with_alias(mqtt::publish& out, std::uint16_t by_hand) {
  constexpr std::size_t alias_bytes = 3;  // a shorter topic isn't worth it
  const std::string_view topic = out.topic;
  const std::size_t usable = automatic_aliases_ ? std::min(outgoing_aliases_.count(), server_.topic_alias_maximum) : 0;
  const bool automatic =
      has_version_5 && usable != 0 && topic.size() > alias_bytes && topic.size() <= outgoing_aliases_.topic_bytes_max();
  if (!has_version_5 || (!automatic && by_hand == 0)) return put_within(out);
  const std::size_t slot = automatic ? topic_slots::home(topic, usable) : by_hand - 1U;
  const bool known = automatic && outgoing_aliases_.topic(slot) == topic;
  const property_value alias[] = {{property::topic_alias, static_cast<std::uint32_t>(slot + 1)}};
  const properties rest = out.properties;
  out.properties = properties{alias}.followed_by(rest);
  if (known) out.topic = {};
  auto size = put_within(out);
  if (size && automatic && !known) outgoing_aliases_.set(slot, topic);
  return size;
}

std::expected<std::size_t, error> session::put_within(const mqtt::publish& out) {
  auto size = put(out);
  if (size && *size + std::uint64_t{out.payload_rest} > server_.maximum_packet_size)
    return std::unexpected{error::larger_than_server_takes};
  return size;
}

std::expected<token, error> session::subscribe(std::span<const subscription> filters,
                                               const subscribe_properties& more) {
  if (state_ != state::online) return std::unexpected{error::not_connected};
  if (filters.empty()) return std::unexpected{error::no_topic_filters};
  const bool v5 = is_v5(decoding_.protocol);
  if (!v5 && (more.subscription_identifier != 0 || !more.user_properties.empty()))
    return std::unexpected{error::needs_version_5};
  if (more.subscription_identifier > variable_byte_integer_max) return std::unexpected{error::bad_property_value};
  if (const error wrong = check_properties(more.user_properties, user_properties_only); wrong != error::none)
    return std::unexpected{wrong};
  for (const subscription& one : filters) {
    if (const auto filter = check_topic_filter(one.filter, decoding_.protocol); !filter)
      return std::unexpected{filter.error()};
    if (!v5 && has_v5_options(one)) return std::unexpected{error::needs_version_5};
    if (v5 && one.no_local && is_shared(one.filter)) return std::unexpected{error::shared_no_local};  // [MQTT-3.8.3-4]
    if (const error wrong = forbidden(server_, one, more.subscription_identifier); wrong != error::none)
      return std::unexpected{wrong};
  }
  const property_value list[] = {{property::subscription_identifier, more.subscription_identifier}};
  const properties own{std::span<const property_value>{list, more.subscription_identifier != 0 ? 1U : 0U}};
  mqtt::subscribe out{.properties = own.followed_by(more.user_properties), .subscriptions = filters};
  return request(out, stage::suback, filters.size());
}

std::expected<token, error> session::unsubscribe(std::span<const std::string_view> filters, const properties& more) {
  if (state_ != state::online) return std::unexpected{error::not_connected};
  if (filters.empty()) return std::unexpected{error::no_topic_filters};
  if (!is_v5(decoding_.protocol) && !more.empty()) return std::unexpected{error::needs_version_5};
  if (const error wrong = check_properties(more, property_in::unsubscribe); wrong != error::none)
    return std::unexpected{wrong};
  for (const std::string_view one : filters)
    if (const auto filter = check_topic_filter(one, decoding_.protocol); !filter)
      return std::unexpected{filter.error()};
  mqtt::unsubscribe out{.properties = more, .filters = filters};
  return request(out, stage::unsuback, filters.size());
}

template <class Packet>
std::expected<token, error> session::request(Packet& out, stage waits_for, std::size_t filters) {
  if (flights_.full()) return std::unexpected{error::flight_table_full};
  out.packet_identifier = flights_.next_identifier();
  const auto size = put(out);
  if (!size) return std::unexpected{size.error()};
  log_.append(*size);
  const place at = flights_.take(waits_for);
  flights_[at].tag = static_cast<std::uint32_t>(filters);
  return token{out.packet_identifier};
}

std::expected<void, error> session::acknowledge(receipt what, reason code, const properties& more) {
  owed_acknowledgement* owed = owed_.find(what);
  if (owed == nullptr) return std::unexpected{error::unknown_receipt};
  const auto type = static_cast<packet_type>(owed->packet);
  const bool sayable = is_v5(decoding_.protocol) ? allowed(code, type, sender::client) : !is_failure(code);
  if (!sayable) return std::unexpected{error::bad_reason_code};
  if (!more.empty()) {
    if (owed != &owed_.front()) return std::unexpected{error::acknowledgement_must_wait};
    owed_acknowledgement one = *owed;
    one.reason = static_cast<std::uint8_t>(code);
    return acknowledge_now(one, more);
  }
  owed->reason = static_cast<std::uint8_t>(code);
  owed->ready = true;
  told_journal(*owed);
  pump();
  return {};
}

// The oldest one that is owed, with properties, which nobody would keep until later.
std::expected<void, error> session::acknowledge_now(const owed_acknowledgement& one, const properties& more) {
  const auto type = static_cast<packet_type>(one.packet);
  if (state_ != state::online) return std::unexpected{error::not_connected};
  if (!is_v5(decoding_.protocol)) return std::unexpected{error::needs_version_5};
  if (const error wrong = check_properties(more, property_in::bit(type)); wrong != error::none)
    return std::unexpected{wrong};
  const auto size = put(acknowledgement{.type = type,
                                        .packet_identifier = one.packet_identifier,
                                        .reason = static_cast<reason>(one.reason),
                                        .properties = more});  // [MQTT-3.4.2-2] [MQTT-3.5.2-2] and the next ones
  if (!size) return std::unexpected{size.error()};
  log_.append(*size);
  told_journal(one);
  acknowledged_first(one);
  pump();
  return {};
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
  while (!owed_.empty() && owed_.front().ready) {
    const owed_acknowledgement one = owed_.front();
    const auto type = static_cast<packet_type>(one.packet);
    if (!put_acknowledgement(type, one.packet_identifier, static_cast<reason>(one.reason))) return;
    acknowledged_first(one);
  }
}

// A payload from the application's source goes through what is free of the log, piece by piece, between the header
// of its PUBLISH, which stays in the log, and what follows there.
void session::begin_stream(place flight, std::uint32_t size, std::uint32_t tag, bool text) {
  stream_flight_ = flight;
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

bool session::wants_payload_now() const {
  return state_ == state::online && !stream_waits_ && stream_left_ != 0 && !stream_asked_;
}

session::answer session::ask_for_payload() {
  std::size_t wanted = std::min<std::size_t>(stream_left_, log_.capacity() / 2);
  while (!log_.make_room(wanted) && wanted > 1) wanted /= 2;
  scratch_ = log_.space();
  scratch_ = scratch_.first(std::min<std::size_t>(scratch_.size(), stream_left_));
  stream_asked_ = true;
  const std::uint16_t identifier =
      stream_flight_ != no_place ? flights_[stream_flight_].packet_identifier : std::uint16_t{0};
  return wants_payload{.token = {identifier},
                       .tag = stream_tag_,
                       .offset = stream_offset_,
                       .room = static_cast<std::uint32_t>(scratch_.size())};
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
