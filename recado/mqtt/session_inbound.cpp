// From the server to the application.
#include <recado/mqtt/codec.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/mqtt/verbs.hpp>

namespace recado::mqtt {
namespace {

packet_type type_of(std::byte first) { return static_cast<packet_type>(first >> 4); }

// As a function, since GCC fills a variable with zeros that begins as `nullopt`.
std::optional<session::event> nothing() { return std::nullopt; }

// Takes an answer that says success in four bytes, of which there are as many.
bool take_plain(bytes in, acknowledgement& ack) {
  ack.type = type_of(in[0]);
  ack.packet_identifier = read_u16(in.data() + 2);
  return acknowledgement::is_usual(std::to_integer<unsigned>(in[0])) && in[1] == std::byte{2} &&
         ack.packet_identifier != 0;
}

/// PUBACKs that are written where they leave from; the log learns of them later, of all at once.
class pubacks_in_place {
 public:
  explicit pubacks_in_place(mutable_bytes room)
      : begin_(room.data()),
        end_(begin_),
        last_(begin_ + room.size() / acknowledgement_bytes_min * acknowledgement_bytes_min) {}
  bool put(std::uint16_t identifier) {
    if (end_ == last_) return false;
    *end_++ = static_cast<std::byte>(static_cast<unsigned>(packet_type::puback) << 4);
    *end_++ = static_cast<std::byte>(acknowledgement_bytes_min - 2);
    end_ = write_u16(end_, identifier);
    return true;
  }
  std::size_t size() const { return static_cast<std::size_t>(end_ - begin_); }

 private:
  std::byte* begin_;
  std::byte* end_;
  std::byte* last_;
};

}  // namespace

// What comes most goes a short way, on which nothing can be wrong: new messages that are whole and have no properties,
// and answers that say success in four bytes. The event is made where the caller wants it: moving it there would take
// as long as the message itself.
RECADO_MQTT_DISSOLVED std::optional<session::event> session::receive(bytes& in, instant now) {
  std::optional<event> answer = nothing();
  told_ = &answer;
  current_ = {};
  if (something_due()) {
    due();
    return answer;
  }
  if constexpr (has_short_way) {
    while (state_ == state::online && !pieces_ && !doubt_ && in.size() >= acknowledgement_bytes_min) {
      if (mqtt::publish::is(type_of(in[0]))) [[likely]] {
        mqtt::publish message;
        const std::size_t size = take(in, decoding_, message);
        if (size == 0 || size > receive_size_ || !welcome(message)) break;
        heard(in, size, now);
        deliver(message, true);
        return answer;
      }
      mqtt::acknowledgement ack;
      if (!take_plain(in, ack)) break;
      if (const place at = finished_by(ack); at != no_place) {
        heard(in, acknowledgement_bytes_min, now);
        finish(at, ack);
        return answer;
      }
      if (!continues_by(ack)) break;
      heard(in, acknowledgement_bytes_min, now);
    }
  }
  receive_any(in, now);
  return answer;
}

// A message whose payload came from a source is not among them: its end, which ends the source, is an event of its own.
RECADO_MQTT_DISSOLVED std::size_t session::receive_acknowledged(bytes& in, std::span<std::uint32_t> tags, instant now) {
  if (!has_short_way || something_due() || state_ != state::online || pieces_ || doubt_) return 0;
  std::size_t count = 0;
  bytes left = in;
  mqtt::acknowledgement ack;
  place guess = no_place;  // where messages stand behind one another, answers to them come so
  while (count != tags.size() && left.size() >= acknowledgement_bytes_min && take_plain(left, ack)) {
    const place at = finished_by(ack, guess);
    if (at == no_place ? !continues_by(ack) : is_long(at)) break;
    if (at != no_place) tags[count++] = end_exchange(at), guess = static_cast<place>(at + 1U);
    left = left.subspan(acknowledgement_bytes_min);
  }
  if (left.size() != in.size()) heard(in, in.size() - left.size(), now);
  return count;
}

RECADO_MQTT_DISSOLVED void session::receive_messages(bytes& in, instant now, message_received* first,
                                                     message_hearer hear, void* who) {
  if (!has_short_way || something_due() || state_ != state::online || pieces_ || doubt_) return;
  bytes left = in;
  decode_options how = decoding_;
  how.packet_bytes_max = std::min(how.packet_bytes_max, receive_size_);
  pubacks_in_place answers{room_for_pubacks()};
  while (first != nullptr && left.size() >= acknowledgement_bytes_min) {
    mqtt::publish message;
    const std::size_t size = mqtt::publish::is(type_of(left[0])) ? take(left, how, message) : 0;
    if (size == 0) break;
    receipt owed;
    if (message.qos != qos::at_most_once &&
        (message.qos != qos::at_least_once || !answers.put(message.packet_identifier))) {
      append_pubacks(answers.size());
      answers = pubacks_in_place{{}};
      if (!welcome(message)) break;
      owed = acknowledge_or_owe(message.qos, message.packet_identifier);
      answers = pubacks_in_place{room_for_pubacks()};
    }
    left = left.subspan(size);
    std::construct_at(first, message.topic, message.payload, message.qos, message.retain, message.duplicate, owed, true,
                      properties{}, message.packet_identifier);
    first = hear(who);
  }
  append_pubacks(answers.size());
  if (left.size() != in.size()) heard(in, in.size() - left.size(), now);
}

// Where PUBACKs may be put for new messages of QoS 1, of which nothing else has to be asked or remembered: no exchange
// with the server goes on that they could collide with, or that would count towards Receive Maximum.
mutable_bytes session::room_for_pubacks() const {
  const bool explained = has_version_5 && explainer_ != nullptr;
  const bool alone = received_.size() == 0 && owed_.empty() && !mid_packet();
  return alone && !deferred_ && journal_ == nullptr && !explained ? log_.space() : mutable_bytes{};
}

void session::append_pubacks(std::size_t size) {
  if (size != 0) log_.append(size);
}

void session::heard(bytes& in, std::size_t size, instant now) {
  in = in.subspan(size);
  clock_.heard(now);
}

// What is rare is decoded by one function for all packets, into room for any of them. Those that this build is without
// don't come this far: `fields_of` has none for them.
error session::dispatch(const fixed_header& header) {
  if (header.type == packet_type::publish) [[likely]]
    return on_publish(header);
  const std::uint32_t total = header.total();
  if (total > receive_size_) return error::packet_too_large;
  if (current_.size() < total) return error::none;
  if (header.type == packet_type::connack && log_.unsent() != 0 && state_ == state::connecting)
    return error::none;  // CONNECT has not left yet, as the driver says; it will
  if (header.type == packet_type::auth && authenticator_ != nullptr && mid_packet())
    return error::none;  // its answer can't stand within a long message
  const decode_fields fields = fields_of(header.type);
  if (fields == nullptr) return in_field(field::packet_type, error::unexpected_packet);
  room_for<mqtt::acknowledgement, mqtt::connack, subscribe_acknowledgement, ping, mqtt::disconnect, mqtt::auth> packet;
  if (const error wrong = decode(header, packet.data, fields); wrong != error::none) return wrong;
  used_ = total;
  switch (header.type) {
    case packet_type::connack:
      return on_connack(packet.as<mqtt::connack>());
    case packet_type::suback:
    case packet_type::unsuback:
      return on_subscribe_acknowledgement(packet.as<subscribe_acknowledgement>());
    case packet_type::pingresp:
      return on_pingresp();
    case packet_type::disconnect:
      return has_version_5 ? on_disconnect(packet.as<mqtt::disconnect>()) : error::none;
    case packet_type::auth:
      return has_version_5 && has_extras ? on_auth(packet.as<mqtt::auth>()) : error::none;
    default:
      return on_answer(packet.as<mqtt::acknowledgement>());
  }
}

// Of a packet that may come now; else null.
decode_fields session::fields_of(packet_type type) const {
  if (mqtt::acknowledgement::is(type)) return visit_to_decode<mqtt::acknowledgement>;
  switch (type) {
    case packet_type::connack:  // [MQTT-3.2.0-2]
      return state_ == state::connecting ? visit_to_decode<mqtt::connack> : nullptr;
    case packet_type::suback:
    case packet_type::unsuback:
      return visit_to_decode<subscribe_acknowledgement>;
    case packet_type::pingresp:
      return visit_to_decode<ping>;
    case packet_type::disconnect:
      return has_version_5 ? visit_to_decode<mqtt::disconnect> : nullptr;
    case packet_type::auth:  // [MQTT-4.12.0-6]
      return has_version_5 && method_hash_ != 0 && authenticating_ ? visit_to_decode<mqtt::auth> : nullptr;
    default:
      return nullptr;
  }
}

error session::decode(const fixed_header& header, void* result, decode_fields fields) {
  found_ = decode_fields_of(header, current_, decoding_, result, fields);
  return found_.code;
}

error session::on_pingresp() {
  if (!clock_.waits_for_pingresp()) return in_field(field::packet_type, error::unexpected_packet);
  clock_.answered();
  return error::none;
}

error session::on_publish(const fixed_header& header) {
  const bool whole = header.total() <= receive_size_;
  if (whole && current_.size() < header.total()) return error::none;
  room_for<mqtt::publish> message;
  const error wrong = decode(header, message.data, visit_to_decode<mqtt::publish>);
  used_ = header.total();
  if (wrong == error::none) return on_message(message.as<mqtt::publish>(), whole);
  if (wrong != error::incomplete) return wrong;
  found_ = {};
  return current_.size() < receive_size_ ? wait() : error::packet_too_large;
}

error session::on_message(mqtt::publish& message, bool whole) {
  if (doubt_) {
    tell_certain(true);
    return wait();
  }
  if (const error wrong = has_version_5 ? resolve_alias(message) : error::none; wrong != error::none)
    return in_field(static_cast<field>(property::topic_alias), wrong);
  bool known = false;
  if (message.qos != qos::at_most_once) {
    known = message.qos == qos::exactly_once && received_.contains(message.packet_identifier);
    if (!can_acknowledge(known)) return wait();
    const error wrong = known ? error::none : admit(message.qos, message.packet_identifier, message.duplicate);
    if (wrong != error::none) return wrong;
  }
  if (!whole) return on_first_piece(message, known), error::none;
  if (on_publish_of(known).deliver)
    return deliver(message, message.properties.empty() || payload_is_as_announced(message)), error::none;
  answer_duplicate(message.packet_identifier);
  return error::none;
}

void session::deliver(const mqtt::publish& message, bool as_announced) {
  const receipt owed = acknowledge_or_owe(message.qos, message.packet_identifier);
  tell<message_received>(message.topic, message.payload, message.qos, message.retain, message.duplicate, owed,
                         as_announced, message.properties, message.packet_identifier);
}

// True if a message is new, and nothing stands in its way.
bool session::welcome(const mqtt::publish& message) {
  if (message.qos == qos::at_most_once) return true;
  const bool known = message.qos == qos::exactly_once && received_.contains(message.packet_identifier);
  return !known && can_acknowledge(false) &&
         admit(message.qos, message.packet_identifier, message.duplicate) == error::none;
}

error session::resolve_alias(mqtt::publish& message) {
  if (message.properties.empty()) return error::none;
  const std::uint32_t alias = message.properties.number(property::topic_alias);
  if (alias == 0) return error::none;
  if (alias > incoming_aliases_.count()) return error::bad_topic_alias;  // [MQTT-3.3.2-10]
  if (!message.topic.empty())
    return incoming_aliases_.set(alias - 1, message.topic) ? error::none : error::alias_topic_too_long;
  message.topic = incoming_aliases_.topic(alias - 1);
  return message.topic.empty() ? error::unknown_topic_alias : error::none;
}

// A new message of QoS 1 or 2: is there room to remember it, and was it allowed to come [MQTT-3.3.4-9]? Its identifier
// is not to be that of an exchange which goes on [MQTT-2.2.1-4]; servers of 3.1.1 may send a message again at any time.
error session::admit(qos level, std::uint16_t identifier, bool duplicate) {
  const bool again = !is_v5(decoding_.protocol) && duplicate && level == qos::at_least_once;
  if ((!again && owed_.holds(identifier)) || (level == qos::at_least_once && received_.contains(identifier)))
    return error::packet_identifier_in_use;
  if (is_v5(decoding_.protocol) && unacknowledged_ >= receive_maximum_) return error::receive_maximum_exceeded;
  if (level == qos::exactly_once && received_.room() == 0) return error::incoming_table_full;
  return deferred_ && owed_.full() ? error::owed_table_full : error::none;
}

// Room for the answer comes first: without it the message waits unread. So does a new message where the table holds an
// answer to a duplicate whose PUBREC had been said already, as `reconciles` does: the server doesn't know of that one.
bool session::can_acknowledge(bool known) {
  if (deferred_ && !known && owed_.full() && owed_.ready_waits()) return false;
  if ((deferred_ && !known) || !owed_.full()) return true;
  return owed_.empty() && !mid_packet() && log_.make_room(acknowledgement_bytes_min);
}

receipt session::acknowledge_or_owe(qos level, std::uint16_t identifier) {
  if (level == qos::at_most_once) return {};
  constexpr incoming_transition rule = on_publish_of(false);
  const packet_type type = level == qos::at_least_once ? packet_type::puback : rule.answer;
  if (level == qos::exactly_once && rule.known_after) received_.insert(identifier);
  if (!deferred_ && journal_ != nullptr) journal_->took(level, identifier);
  const bool said = !deferred_ && owed_.empty() && put_acknowledgement(type, identifier, reason::success);
  if (!said || level == qos::exactly_once) ++unacknowledged_;
  if (said) return {};
  const receipt owed = owed_.push(type, identifier, reason::success, !deferred_);
  return deferred_ ? owed : receipt{};
}

// [MQTT-4.3.3-10]. If the PUBREC of the first is still owed, it answers this one too.
void session::answer_duplicate(std::uint16_t identifier) {
  constexpr incoming_transition rule = on_publish_of(true);
  if (owed_.holds(identifier)) return;
  if (owed_.empty() && put_acknowledgement(rule.answer, identifier, rule.reason)) return;
  if (!owed_.full()) owed_.push(rule.answer, identifier, rule.reason, true);
}

bool session::put_acknowledgement(packet_type type, std::uint16_t identifier, reason code) {
  const bool explained = has_version_5 && explainer_ != nullptr;
  return explained ? put_explained(type, identifier, code) : put_plain(type, identifier, code);
}

// Without properties, which every server takes that has accepted the connection.
bool session::put_plain(packet_type type, std::uint16_t identifier, reason code) {
  if constexpr (!has_short_way)
    return say(acknowledgement{.type = type, .packet_identifier = identifier, .reason = code, .properties = {}}) ==
           error::none;
  const bool coded = is_v5(decoding_.protocol) && code != reason::success;
  const std::size_t size = coded ? acknowledgement_bytes_max : acknowledgement_bytes_min;
  if (mid_packet() || !log_.make_room(size)) return false;
  std::byte* at = log_.space().data();
  *at++ = static_cast<std::byte>(static_cast<unsigned>(type) << 4 | acknowledgement::flags_of(type));
  *at++ = static_cast<std::byte>(size - 2);
  at = write_u16(at, identifier);
  if (coded) *at = static_cast<std::byte>(code);
  log_.append(size);
  return true;
}

// The exchange that ends with the answer, if it waits for it and has nothing more to send.
place session::finished_by(const mqtt::acknowledgement& ack, place guess) const {
  if (ack.type == packet_type::puback) return at_rest(ack.packet_identifier, stage::puback, guess);
  if (ack.type == packet_type::pubcomp) return at_rest(ack.packet_identifier, stage::pubcomp, guess);
  return no_place;
}

// The same for the steps between. False if the short way is not for it.
bool session::continues_by(const mqtt::acknowledgement& ack) {
  if (ack.type == packet_type::pubrel) return !owed_.full() && answer_pubrel(ack.packet_identifier);
  const place at = ack.type == packet_type::pubrec ? at_rest(ack.packet_identifier, stage::pubrec) : no_place;
  if (at != no_place) release(at);
  return at != no_place;
}

place session::at_rest(std::uint16_t identifier, stage waits_for, place guess) const {
  const place at = flights_.find(identifier, waits_for, guess);
  return at != no_place && at != stream_flight_ && (flights_[at].marks & mark_again) == 0 ? at : no_place;
}

error session::on_answer(const mqtt::acknowledgement& ack) {
  if (has_version_5 && tells_problems(ack.properties)) return error::unasked_problem_information;
  if (ack.type == packet_type::pubrel) return on_pubrel(ack);
  const place at = flights_.find(ack.packet_identifier);
  if (at == no_place) return on_unknown(ack);
  const bool refused = is_failure(ack.reason);
  const answer_packet kind = ack.type == packet_type::puback    ? answer_packet::puback
                             : ack.type == packet_type::pubcomp ? answer_packet::pubcomp
                             : refused                          ? answer_packet::refused
                                                                : answer_packet::pubrec;
  const auto waiting = static_cast<stage>(flights_[at].stage);
  const step taken = step_after(waiting, kind);
  const bool unsent = mid_packet() && at == stream_flight_;
  if (taken == step::wrong || unsent) return behind_header(error::wrong_answer);
  if (at == resend_ && resend_sent_ != 0) return wait();  // its bytes are half on the wire, or offered to it
  if ((flights_[at].marks & mark_again) != 0 && log_.pinned()) return wait();
  if (taken == step::release && waiting == stage::pubcomp) {  // PUBREC again
    if (unreleased_ == no_place && !put_acknowledgement(packet_type::pubrel, ack.packet_identifier, reason::success))
      return wait();
  } else {
    if ((flights_[at].marks & mark_again) != 0) spare_resend(at);
    if (taken == step::finish) return finish(at, ack), error::none;
    release(at);
  }
  return remark_on(ack, {ack.packet_identifier}, flights_[at].tag);
}

void session::finish(place at, const mqtt::acknowledgement& ack) {
  const bool once = static_cast<stage>(flights_[at].stage) != stage::puback;
  const std::uint32_t tag = end_exchange(at);
  tell<acknowledged>(token{ack.packet_identifier}, tag, once ? qos::exactly_once : qos::at_least_once, ack.reason,
                     outcome::answered, ack.properties);
}

// Its place is free again, though what it held stands there until it is taken. Answers the message's tag.
RECADO_MQTT_DISSOLVING std::uint32_t session::end_exchange(place at) {
  if (static_cast<stage>(flights_[at].stage) != stage::pubcomp) log_.release(at);
  else flights_.remove(releases_, at), --completing_;
  if (journal_ != nullptr) journal_->finished(flights_[at].packet_identifier);
  if (unreleased_ == at) unreleased_ = flights_[at].newer;
  if ((flights_[at].marks & mark_waiting) == 0) --charged_;  // §4.9
  flights_.release(at);
  if (waiting_ != no_place) permit_resends();
  return flights_[at].tag;
}

// What would be lost with the packet; nothing if it says no more than success.
error session::remark_on(const mqtt::acknowledgement& ack, token name, std::uint32_t tag) {
  if (has_version_5 && (ack.reason != reason::success || !ack.properties.empty()))
    tell<remark>(ack.type, ack.packet_identifier, name, tag, ack.reason, ack.properties);
  return error::none;
}

// The server owns the message now [MQTT-4.3.3-4]; its bytes are not needed any more.
void session::release(place at) {
  log_.release(at);
  await_pubcomp(at);
  pump();
}

void session::await_pubcomp(place at) {
  if (journal_ != nullptr) journal_->released(flights_[at].packet_identifier);
  flights_[at].stage = static_cast<std::uint8_t>(stage::pubcomp);
  flights_.append(releases_, at);
  ++completing_;
  if (unreleased_ == no_place) unreleased_ = at;
}

// During recovery a server may know more than we do; otherwise both sides' states differ (§3.5.2.1, §3.7.2.1).
error session::on_unknown(const mqtt::acknowledgement& ack) {
  if (ack.type == packet_type::puback) return behind_header(error::unknown_packet_identifier);
  const bool answer_it = ack.type == packet_type::pubrec && !is_failure(ack.reason);
  if (answer_it && !put_acknowledgement(packet_type::pubrel, ack.packet_identifier, unknown_identifier_reason()))
    return wait();
  return ack.properties.empty() ? error::none : remark_on(ack, {}, 0);
}

error session::on_pubrel(const mqtt::acknowledgement& ack) {
  if (!answer_pubrel(ack.packet_identifier)) return wait();
  return doubt_ ? error::none : remark_on(ack, {}, 0);
}

// False if there is no room for the answer.
bool session::answer_pubrel(std::uint16_t identifier) {
  const bool known = received_.contains(identifier);
  const incoming_transition rule = on_pubrel_of(known);
  const bool forgets = known && !rule.known_after;
  const reason code = is_v5(decoding_.protocol) ? rule.reason : reason::success;
  if (!put_acknowledgement(rule.answer, identifier, code)) {
    if (owed_.full()) return false;
    ++unacknowledged_;
    owed_.push(rule.answer, identifier, code, true);
  }
  owed_.withdraw(identifier);
  if (forgets) received_.erase(identifier);
  if (forgets && journal_ != nullptr) journal_->completed(identifier);
  if (forgets && unacknowledged_ != 0) --unacknowledged_;
  if (doubt_) connected_due_ = received_.size() == 0;
  return true;
}

error session::on_subscribe_acknowledgement(const subscribe_acknowledgement& ack) {
  if (has_version_5 && tells_problems(ack.properties)) return error::unasked_problem_information;
  const place at = flights_.find(ack.packet_identifier);
  if (at == no_place) return behind_header(error::unknown_packet_identifier);
  const bool sub = ack.type == packet_type::suback;
  const auto waiting = static_cast<stage>(flights_[at].stage);
  if (step_after(waiting, sub ? answer_packet::suback : answer_packet::unsuback) == step::wrong)
    return behind_header(error::wrong_answer);
  const bool coded = sub || is_v5(decoding_.protocol);  // [MQTT-3.9.3-1] [MQTT-3.11.3-1]
  if (coded && ack.reason_codes.size() != flights_[at].tag)
    return in_field(field::reason_code, error::wrong_reason_count);
  flights_.release(at);
  const token name{ack.packet_identifier};
  const std::span<const reason> reasons{reinterpret_cast<const reason*>(ack.reason_codes.data()),
                                        ack.reason_codes.size()};
  tell_subscribed(sub, name, reasons, outcome::answered, ack.properties);
  return error::none;
}

// Or `unsubscribed`, which has the same members.
void session::tell_subscribed(bool sub, token name, std::span<const reason> reasons, outcome how,
                              const properties& said) {
  if (sub) tell<subscribed>(name, reasons, how, said);
  else tell<unsubscribed>(name, reasons, how, said);
}

}  // namespace recado::mqtt
