// What the broker does with messages, in both directions, and what it checks of those that it hears.
#include <algorithm>

#include <sim/broker.hpp>
#include <sim/names.hpp>

namespace recado::sim {

using mqtt::packet_type;
using mqtt::property;
using mqtt::property_value;
using mqtt::qos;
using mqtt::reason;
using namespace std::chrono_literals;

// One of them: an identifier may be there several times.
static bool take_out(std::vector<std::uint16_t>& from, std::uint16_t identifier) {
  const auto found = std::ranges::find(from, identifier);
  if (found == from.end()) return false;
  from.erase(found);
  return true;
}

// How long it takes to answer.
duration broker::mood(instant now) {
  if (now < slow_until_) world_.takes_effect(mishap::broker_slow);
  if (now < slow_until_) return random_.one_in(3) ? random_.time(0us, 9s) : random_.time(0us, 200ms);
  return random_.one_in(6) ? random_.time(0us, 30ms) : 0us;
}

void broker::owe(packet_type type, std::uint16_t identifier, reason code, instant now, std::uint8_t count) {
  owed_.push_back({type, identifier, code, now + mood(now), count});
}

void broker::on_packet(peer& from, const mqtt::any_packet& what, instant now) {
  if (const auto* message = std::get_if<mqtt::publish>(&what)) return on_publish(from, *message, now);
  if (const auto* answer = std::get_if<mqtt::acknowledgement>(&what)) return on_acknowledgement(from, *answer, now);
  if (const auto* asked = std::get_if<mqtt::subscribe>(&what)) return on_subscribe(from, *asked, now);
  if (const auto* asked = std::get_if<mqtt::unsubscribe>(&what)) return on_unsubscribe(from, *asked, now);
  if (std::holds_alternative<mqtt::ping>(what)) return owe(packet_type::pingresp, 0, reason::success, now);
  world_.violate("the broker heard a packet that it didn't ask for");
}

// It may be in use since an earlier connection: until PUBCOMP is said. Whether a PUBLISH of QoS 2 is the one that is
// known already, `on_publish` sees.
void broker::use_identifier(peer& from, std::uint16_t identifier, bool of_qos_2) {
  const bool known = !of_qos_2 && std::ranges::find(received_, identifier, &kept::identifier) != received_.end();
  const bool completing = std::ranges::any_of(
      owed_, [=](const owed& one) { return one.type == packet_type::pubcomp && one.identifier == identifier; });
  if (known || completing || std::ranges::find(from.unanswered, identifier) != from.unanswered.end())
    world_.violate("packet identifier %u is in use twice [MQTT-2.2.1-3]", identifier);
  from.unanswered.push_back(identifier);
}

bool broker::resolve_topic(peer& from, const mqtt::publish& what, std::uint8_t& topic) {
  const std::uint32_t alias = what.properties.number(property::topic_alias);
  topic = number_of(up_topics, what.topic);
  if (alias > from.limits.alias_maximum) {
    world_.violate("topic alias %u, and Topic Alias Maximum is %u [MQTT-3.3.2-9]", alias, from.limits.alias_maximum);
    return false;
  }
  if (from.aliases_in.size() < alias) from.aliases_in.resize(alias, topic_count);
  if (alias != 0 && !what.topic.empty()) from.aliases_in[alias - 1] = topic;
  if (alias != 0 && what.topic.empty()) topic = from.aliases_in[alias - 1];
  if (topic == topic_count) world_.violate("a message without a topic that the broker knows");
  return topic != topic_count;
}

void broker::check_publish(peer& from, const mqtt::publish& what) {
  if (static_cast<std::uint8_t>(what.qos) > from.limits.qos_maximum)
    world_.violate("QoS %u, and Maximum QoS is %u [MQTT-3.2.2-11]", static_cast<unsigned>(what.qos),
                   from.limits.qos_maximum);
  if (what.retain && !from.limits.retain) world_.violate("RETAIN, which is not available [MQTT-3.2.2-14]");
  if (what.qos == qos::at_most_once) return;
  if (from.charged + 1 > from.limits.receive_maximum)
    world_.violate("%u messages unanswered, and Receive Maximum is %u [MQTT-3.3.4-7]", from.charged + 1,
                   from.limits.receive_maximum);
  use_identifier(from, what.packet_identifier, what.qos == qos::exactly_once);
  ++from.charged;
}

void broker::on_publish(peer& from, const mqtt::publish& what, instant now) {
  check_publish(from, what);
  std::uint8_t topic = 0;
  if (!resolve_topic(from, what, topic)) return;
  const std::uint32_t number = number_in(what.payload);
  if (number >= messages_.up.size()) return world_.violate("a message arrived changed");
  up_message& message = messages_.up[number];
  if (message.level != what.qos || message.topic != topic || message.size != what.payload.size() ||
      message.retain != what.retain)
    return world_.violate("message %u arrived with another QoS, topic, length or RETAIN", number);
  if (!what.duplicate && message.heard_in == epoch_)
    world_.violate("message %u comes again without DUP [MQTT-3.3.1-1]", number);
  message.heard_in = epoch_;
  world_.count.retained_up += what.retain ? 1 : 0;
  if (what.qos == qos::at_most_once) return messages_.arrived(number);
  const auto known = std::ranges::find(received_, what.packet_identifier, &kept::identifier);
  const packet_type answer = what.qos == qos::at_least_once ? packet_type::puback : packet_type::pubrec;
  if (what.qos == qos::exactly_once && known != received_.end()) {  // [MQTT-4.3.3-10]
    if (known->message != number)
      world_.violate("packet identifier %u of message %u is used by message %u", what.packet_identifier, known->message,
                     number);
    return owe(answer, what.packet_identifier, reason::success, now);
  }
  if (from.version == mqtt::version::v5_0 && now < rejects_until_ && random_.one_in(3)) {
    messages_.refused(number);
    world_.takes_effect(mishap::broker_rejects);
    return owe(answer, what.packet_identifier, random_.one_in(2) ? reason::quota_exceeded : reason::not_authorized,
               now);
  }
  messages_.arrived(number);
  if (what.qos == qos::exactly_once) received_.push_back({what.packet_identifier, number});
  const bool lonely = from.version == mqtt::version::v5_0 && random_.one_in(8);
  owe(answer, what.packet_identifier, lonely ? reason::no_matching_subscribers : reason::success, now);
}

void broker::on_acknowledgement(peer& from, const mqtt::acknowledgement& what, instant now) {
  if (what.type == packet_type::pubrel) {
    if (drop_at_pubrel_ != 0) {
      world_.cut_with_loss = std::exchange(drop_at_pubrel_, 0U);
      world_.takes_effect(mishap::broker_drops_session);
      return void(drop_session(now));
    }
    const auto known = std::ranges::find(received_, what.packet_identifier, &kept::identifier);
    const bool found = known != received_.end();
    if (found) received_.erase(known);
    const bool v5 = from.version == mqtt::version::v5_0;
    return owe(packet_type::pubcomp, what.packet_identifier,
               found || !v5 ? reason::success : reason::packet_identifier_not_found, now);
  }
  const auto at = std::ranges::find(flights_, what.packet_identifier, &flight::identifier);
  if (at == flights_.end() && what.type == packet_type::puback && take_out(from.twice, what.packet_identifier)) return;
  if (what.type == packet_type::pubrec && (at == flights_.end() || at->again || at->received))
    return on_unexpected_pubrec(from, what.packet_identifier, now);
  if (what.type == packet_type::pubcomp && at == flights_.end() && take_out(from.asked, what.packet_identifier)) return;
  if (at == flights_.end() || at->again)
    return world_.violate("an answer for packet identifier %u, which the broker doesn't use", what.packet_identifier);
  const bool fits = what.type == packet_type::puback   ? at->level == qos::at_least_once
                    : what.type == packet_type::pubrec ? at->level == qos::exactly_once
                                                       : at->received;
  if (!fits) return world_.violate("an answer of the wrong kind for packet identifier %u", what.packet_identifier);
  if (what.type != packet_type::pubcomp) messages_.answered(at->message);
  if (what.type == packet_type::pubrec && !is_failure(what.reason)) {
    at->received = true;
    if (from.may_ask) from.early.push_back(what.packet_identifier);
    return owe(packet_type::pubrel, what.packet_identifier, reason::success, now);
  }
  flights_.erase(at);
}

// From a client that doesn't know whether this is the session it left: it asks as long as it has not subscribed. Who
// knows the message goes on with it, who doesn't says so [MQTT-4.3.3-4].
void broker::on_unexpected_pubrec(peer& from, std::uint16_t identifier, instant now) {
  const auto at = std::ranges::find(flights_, identifier, &flight::identifier);
  const bool known = at != flights_.end();
  const bool crossed = take_out(from.early, identifier);  // PUBLISH had been sent again before the first one came
  if (!from.may_ask && !crossed)
    return world_.violate("PUBREC for packet identifier %u, which isn't awaited", identifier);
  if (known && at->level != qos::exactly_once) return world_.violate("PUBREC for a message of QoS 1");
  if (known && at->received && !at->again) return;  // PUBREL is on its way
  if (known) at->received = true, at->again = false, messages_.answered(at->message);
  if (known) from.early.push_back(identifier);
  const bool says_so = !known && from.version == mqtt::version::v5_0;
  owe(packet_type::pubrel, identifier, says_so ? reason::packet_identifier_not_found : reason::success, now);
  if (!known) from.asked.push_back(identifier);
}

void broker::on_subscribe(peer& from, const mqtt::subscribe& what, instant now) {
  from.may_ask = false;
  use_identifier(from, what.packet_identifier);
  granted_ = static_cast<std::uint8_t>(random_.one_in(6) && !mended_ ? random_.below(3) : 2);
  std::uint8_t count = 0;
  subscription_identifier_ = what.properties.number(property::subscription_identifier);
  if (subscription_identifier_ != 0 && !from.limits.identifiers)
    world_.violate("a subscription identifier, which is not available");
  for (const mqtt::subscription& one : what.subscriptions) {
    const bool all = one.filter == down_wildcard || one.filter == down_shared;
    if (one.filter == down_wildcard && !from.limits.wildcards) world_.violate("a wildcard, which is not available");
    if (one.filter == down_shared && !from.limits.shared) world_.violate("$share, which is not available");
    for (std::uint8_t i = 0; i < topic_count; ++i)
      if (all || one.filter == down_topics[i]) send_retained(one, i);
    ++count;
  }
  const reason code = static_cast<reason>(granted_);
  const bool refuses = from.version == mqtt::version::v5_0 && now < rejects_until_ && random_.one_in(4);
  if (refuses) subscribed_ = {}, world_.takes_effect(mishap::broker_rejects);
  owe(packet_type::suback, what.packet_identifier, refuses ? reason::unspecified_error : code, now, count);
}

// §3.8.3.1, §3.3.1.3: what is kept goes to a subscription, as it wishes, and never to a shared one.
void broker::send_retained(const mqtt::subscription& wanted, std::uint8_t topic) {
  const bool is_new = !subscribed_[topic];
  subscribed_[topic] = true;
  as_published_[topic] = wanted.retain_as_published;
  using enum mqtt::retain_handling;
  const bool wished = wanted.retain_handling == send_at_subscribe || (wanted.retain_handling == send_if_new && is_new);
  if (!wished || kept_size_[topic] == 0 || wanted.filter == down_shared) return;
  const auto level = static_cast<qos>(std::min(static_cast<std::uint8_t>(kept_level_[topic]), granted_));
  queue_.push_back(messages_.make_down(level, topic, kept_size_[topic], true));
  ++world_.count.retained_down;
}

void broker::on_unsubscribe(peer& from, const mqtt::unsubscribe& what, instant now) {
  ++world_.count.unsubscribed;
  use_identifier(from, what.packet_identifier);
  std::uint8_t count = 0;
  for (const std::string_view one : what.filters) {
    const bool all = one == down_wildcard || one == down_shared;
    for (std::size_t i = 0; i < topic_count; ++i)
      if (all || one == down_topics[i]) subscribed_[i] = false;
    ++count;
  }
  if (from.version != mqtt::version::v5_0) count = 0;  // UNSUBACK has no codes there
  owe(packet_type::unsuback, what.packet_identifier, reason::success, now, count);
}

void broker::say_owed(instant now) {
  std::size_t left = 0;
  for (std::size_t i = 0; i < owed_.size(); ++i) {
    if (bound_ != nullptr && owed_[i].due <= now) say_one(owed{owed_[i]}, now);
    else owed_[left++] = owed_[i];
  }
  owed_.resize(std::min(left, owed_.size()));
}

void broker::say_one(const owed& what, instant now) {
  connection& on = *bound_;
  peer& to = peer_of(on);
  const bool ends = what.type != packet_type::pubrel && what.type != packet_type::pingresp &&
                    (what.type != packet_type::pubrec || is_failure(what.code));
  const bool counted = ends && std::erase(to.unanswered, what.identifier) != 0;
  const bool message = what.type >= packet_type::puback && what.type <= packet_type::pubcomp;
  if (counted && message) --to.charged;
  if (what.type == packet_type::pingresp) {
    say(on, to, mqtt::ping{.type = packet_type::pingresp}, now);
  } else if (message) {
    mqtt::acknowledgement answer;
    answer.type = what.type, answer.packet_identifier = what.identifier, answer.reason = what.code;
    const property_value list[] = {{property::reason_string, "why not"}, {"broker", "model"}};
    const bool talks = to.version == mqtt::version::v5_0 && to.problem_information && random_.one_in(12);
    if (talks) answer.properties = mqtt::properties{list};
    if (!say(on, to, answer, now)) answer.properties = {}, say(on, to, answer, now);
  } else {
    std::array<std::byte, topic_count> codes;
    codes.fill(static_cast<std::byte>(what.code));
    if (what.type == packet_type::suback && is_failure(what.code) && to.version != mqtt::version::v5_0)
      codes.fill(std::byte{0x80});
    mqtt::subscribe_acknowledgement answer;
    answer.type = what.type, answer.packet_identifier = what.identifier;
    answer.reason_codes = bytes{codes}.first(what.count);
    say(on, to, answer, now);
  }
}

bool broker::publish(qos level, std::uint8_t topic, std::uint32_t size, bool retain) {
  if (retain) kept_size_[topic] = size, kept_level_[topic] = level;
  if (!exists_ || !subscribed_[topic]) return false;
  const auto granted = static_cast<qos>(std::min(static_cast<std::uint8_t>(level), granted_));
  if (granted == qos::at_most_once && bound_ == nullptr) return true;  // QoS 0 needn't be kept
  queue_.push_back(messages_.make_down(granted, topic, size, retain && as_published_[topic]));
  return true;
}

// Any topic's turn may come, as long as the order within a topic and QoS is kept [MQTT-4.6.0-5].
std::uint32_t broker::take_waiting() {
  std::size_t at = random_.one_in(2) ? 0 : random_.below(static_cast<std::uint32_t>(queue_.size()));
  const down_message& drawn = messages_.down[queue_[at]];
  for (std::size_t i = 0; i < at; ++i) {
    const down_message& earlier = messages_.down[queue_[i]];
    if (earlier.topic == drawn.topic && earlier.level == drawn.level) at = i;
  }
  const std::uint32_t number = queue_[at];
  queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(at));
  return number;
}

std::uint16_t broker::new_identifier(const peer& to) {
  do {
    last_identifier_ =
        static_cast<std::uint16_t>(random_.one_in(4) ? random_.between(1, 65'535) : last_identifier_ + 1);
  } while (last_identifier_ == 0 ||
           std::ranges::find(flights_, last_identifier_, &flight::identifier) != flights_.end() ||
           std::ranges::find(to.twice, last_identifier_) != to.twice.end());
  return last_identifier_;
}

void broker::deliver(instant now) {
  if (bound_ == nullptr) return;
  peer& to = peer_of(*bound_);
  if (!to.online) return;
  std::size_t open = 0;
  for (std::size_t i = 0; i < flights_.size() && bound_ != nullptr; ++i) {
    flight& one = flights_[i];
    if (!one.again) {
      ++open;
      continue;
    }
    if (open >= to.receive_maximum) return;  // [MQTT-3.3.4-9]
    one.again = false;
    ++open;
    if (one.received) {
      owe(packet_type::pubrel, one.identifier, reason::success, now);
      continue;
    }
    if (!send_message(one.message, one.identifier, true, now)) {
      messages_.forgotten(one.message);
      flights_.erase(flights_.begin() + static_cast<std::ptrdiff_t>(i));
      --i, --open;
    }
  }
  open += to.twice.size();
  if (to.version == mqtt::version::v3_1_1 && !flights_.empty() && random_.one_in(12))
    send_again(to, flights_[random_.below(static_cast<std::uint32_t>(flights_.size()))], open++, now);
  while (bound_ != nullptr && !queue_.empty() && open < std::min<std::size_t>(to.receive_maximum, 20)) {
    const std::uint32_t number = take_waiting();
    const qos level = messages_.down[number].level;
    const std::uint16_t identifier = level == qos::at_most_once ? std::uint16_t{0} : new_identifier(to);
    if (!send_message(number, identifier, false, now)) {
      messages_.forgotten(number);
      continue;
    }
    if (level == qos::at_most_once) continue;
    flights_.push_back({number, identifier, level, false, false});
    ++open;
  }
}

// Servers of 3.1.1 may say a message again whenever they like; as many at a time as the client can take.
void broker::send_again(peer& to, flight& one, std::size_t open, instant now) {
  if (one.again || one.received || one.repeated || open >= to.receive_maximum) return;
  one.repeated = true;
  ++world_.count.repeated;
  (one.level == qos::at_least_once ? to.twice : to.early).push_back(one.identifier);
  send_message(one.message, one.identifier, true, now);
}

// False if the client doesn't take a packet of that size [MQTT-3.1.2-25].
bool broker::send_message(std::uint32_t number, std::uint16_t identifier, bool duplicate, instant now) {
  peer& to = peer_of(*bound_);
  const down_message& one = messages_.down[number];
  payload_.resize(one.size);
  fill_payload(number, 0, payload_);
  mqtt::publish out;
  out.retain = one.retain;
  out.duplicate = duplicate, out.qos = one.level, out.packet_identifier = identifier;
  out.topic = down_topics[one.topic], out.payload = payload_;
  property_value list[4];
  std::size_t count = 0;
  std::uint32_t alias = 0;
  if (to.alias_maximum != 0 && random_.one_in(2)) {
    alias = random_.below(to.alias_maximum) + 1;
    if (to.aliases_out.size() < alias) to.aliases_out.resize(alias, topic_count);
    // Only what also fits with its topic: else the message could not be sent again, and the client kept its identifier.
    const bool fits = to.packet_maximum == 0 || one.size + out.topic.size() + 64 < to.packet_maximum;
    if (fits && to.aliases_out[alias - 1] == one.topic) out.topic = {};
    list[count++] = {property::topic_alias, alias};
  }
  const bool v5 = to.version == mqtt::version::v5_0;
  if (v5 && subscription_identifier_ != 0)
    list[count++] = {property::subscription_identifier, subscription_identifier_};
  const std::size_t needed = count;
  if (v5 && random_.one_in(10)) list[count++] = {property::message_expiry_interval, random_.between(1, 1000)};
  if (v5 && random_.one_in(20)) list[count++] = {"a", "b"};
  out.properties = mqtt::properties{std::span<const property_value>{list, count}};
  const bool said = say(*bound_, to, out, now);
  // What went once goes again: else the client kept its identifier.
  if (!said) out.properties = mqtt::properties{std::span<const property_value>{list, needed}};
  if (!said && !say(*bound_, to, out, now)) return false;
  if (alias != 0) to.aliases_out[alias - 1] = one.topic;
  return true;
}

}  // namespace recado::sim
