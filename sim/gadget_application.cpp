// What the application does with its session.
#include <algorithm>

#include <recado/chain/words.hpp>
#include <sim/gadget_parts.hpp>
#include <sim/names.hpp>

namespace recado::sim {

using chain::happening;
using chain::rung;
using namespace std::chrono_literals;

bool gadget::publish(mqtt::qos level, std::uint8_t topic, std::uint32_t size, bool from_source, instant now) {
  if (parts_ == nullptr) return false;
  const std::uint32_t number = messages_.make_up(level, topic, size, from_source);
  payload_.resize(from_source ? payload_min : size);
  fill_payload(number, 0, payload_);
  mqtt::property_value list[2];
  std::size_t count = 0;
  const bool v5 = how_.version == mqtt::version::v5_0;
  if (v5 && random_.one_in(8)) list[count++] = {mqtt::property::content_type, "text/plain"};
  if (v5 && random_.one_in(12)) {
    const std::uint32_t seconds = random_.between(1, 300);
    list[count++] = {mqtt::property::message_expiry_interval, seconds};
    messages_.up[number].expires = now + std::chrono::seconds{seconds};
  }
  const bool retain = random_.one_in(8);
  messages_.up[number].retain = retain;
  const auto kept =
      parts_->outbox.push({.topic = up_topics[topic],
                           .payload = payload_,
                           .qos = level,
                           .retain = retain,
                           .tag = number,
                           .properties = mqtt::properties{std::span<const mqtt::property_value>{list, count}}},
                          now);
  messages_.up[number].in_doubt = !kept && died();
  if (!kept) return false;
  messages_.accepted(number);
  if (how_.holds && level != mqtt::qos::at_most_once)
    parts_->undurable.push_back(number), parts_->unsettled.push_back(number);
  world_.note("application: message %u, QoS %u, %u bytes%s", number, static_cast<unsigned>(level), size,
              from_source ? ", piece by piece" : "");
  return true;
}

// The outbox has dropped it, as the application wished it to.
void gadget::lost(const chain::waiting_message& what, chain::outbox_loss why) {
  up_message& one = messages_.up[what.tag];
  const bool expired = why == chain::outbox_loss::expired;
  world_.note("outbox: message %u is dropped: %s", what.tag, expired ? "it expired" : "there is no room");
  if (expired && world_.now < one.expires) world_.violate("message %u was dropped before it expired", what.tag);
  if (!expired && how_.when_full == chain::outbox_policy::refuse) world_.violate("message %u was dropped", what.tag);
  if (!expired && how_.when_full == chain::outbox_policy::drop_oldest_qos_0 && one.level != mqtt::qos::at_most_once)
    world_.violate("message %u was dropped, though it is not of QoS 0", what.tag);
  messages_.given_up(what.tag);
}

void gadget::drain(instant now) {
  parts& it = *parts_;
  while (const auto next = it.outbox.front(now))
    if (!hand_over(*next, now)) return;
}

// What the session refuses for now waits; what it refuses for ever is given up, and the application knows.
bool gadget::hand_over(const chain::waiting_message& next, instant now) {
  parts& it = *parts_;
  const std::uint32_t number = next.tag;
  const up_message& one = messages_.up[number];
  if (now >= one.expires) world_.violate("message %u has expired, and is sent", number);
  const std::chrono::seconds left{next.properties.number(mqtt::property::message_expiry_interval)};
  if (one.expires != never && left > one.expires - now + 1s)
    world_.violate("the expiry of message %u was not counted down", number);
  mqtt::message what;
  what.topic = next.topic, what.qos = next.qos, what.tag = number, what.properties = next.properties;
  what.retain = next.retain;
  if (one.from_source) what.payload_from_source = one.size;
  else what.payload = next.payload;
  // In one instant it leaves the queue and is on its way; a payload piece by piece no journal takes.
  const bool in_one = how_.holds && !one.from_source;
  const auto sent = in_one ? *it.outbox.publish(it.session, now) : it.session.publish(what);
  if (!sent) {
    using enum mqtt::error;
    const mqtt::error why = sent.error();
    const bool idle = it.session.in_flight() == 0 && it.session.room() >= how_.transmit;
    const bool too_long = why == not_kept && it.journal->kept.why() == store::error::too_long;
    const bool never_fits = ((why == no_room || why == not_kept) && idle && !died()) || too_long;
    const bool waits = why == no_room || why == receive_maximum_reached || why == flight_table_full ||
                       why == payload_pending || why == not_connected || why == not_kept;
    if (waits && !never_fits) return false;
    world_.note("application: message %u can't be sent: %s", number, std::string{words(why)}.c_str());
    messages_.given_up(number);
  } else if (how_.journal && next.qos != mqtt::qos::at_most_once) {
    it.undurable.push_back(number);
  }
  if (!sent || !in_one) it.outbox.pop();
  it.acted = true;
  return true;
}

void gadget::on_session(const mqtt::session_event& what, instant now) {
  parts& it = *parts_;
  if (const auto* up = std::get_if<mqtt::connected>(&what)) return on_connected(*up, now);
  if (const auto* over = std::get_if<mqtt::closed>(&what)) return on_closed(*over, now);
  if (const auto* one = std::get_if<mqtt::message_received>(&what))
    return on_message(number_in(one->payload), one->topic, one->qos, one->retain, one->receipt, now);
  if (const auto* done = std::get_if<mqtt::acknowledged>(&what)) {
    if (died()) return;  // nobody is there to hear it
    world_.note("application: message %u is over, reason 0x%02x%s", done->tag, static_cast<unsigned>(done->reason),
                done->outcome == mqtt::outcome::session_lost ? ", the session was lost" : "");
    return messages_.ended(done->tag, *done);
  }
  if (const auto* done = std::get_if<mqtt::subscribed>(&what)) return on_subscribed(*done, now);
  if (const auto* done = std::get_if<mqtt::unsubscribed>(&what)) return on_unsubscribed(*done);
  if (const auto* wish = std::get_if<mqtt::wants_payload>(&what)) return on_wants_payload(*wish, now);
  if (const auto* first = std::get_if<mqtt::message_begin>(&what)) {
    it.topic = first->topic, it.level = first->qos, it.retained = first->retain;
    it.arrived = 0, it.arriving_size = first->payload_size;
    it.pieces.clear();
    return;
  }
  if (const auto* part = std::get_if<mqtt::message_part>(&what)) return on_piece(*part);
  if (const auto* last = std::get_if<mqtt::message_end>(&what)) {
    if (it.arrived != it.arriving_size) return world_.violate("a message in pieces ended too soon");
    return on_message(number_in(it.pieces), it.topic, it.level, it.retained, last->receipt, now);
  }
}

void gadget::on_subscribed(const mqtt::subscribed& what, instant now) {
  parts& it = *parts_;
  const bool again = std::exchange(it.subscribes_again, false);
  if (what.token != it.subscribing || what.outcome != mqtt::outcome::answered || rung_now() != rung::online) return;
  if (climbed() && !again) return;
  const bool well = !what.reasons.empty() && !is_failure(what.reasons.front());
  it.subscribed = well;
  if (well && how_.journal) remember_subscriptions();
  if (again) {
    it.subscribe_due = it.subscribes_again = !well;  // until the server grants it
    return;
  }
  if (well) return tell(happening::reached(rung::online), now);
  tell(happening::failed(rung::online, make_fault(chain::error::subscription_refused)), now);
}

void gadget::unsubscribe(instant now) {
  if (parts_ == nullptr || !climbed() || sleeps(now)) return;
  parts_->unsubscribe_due = true;
  until_ = now;
}

// From the moment of asking nobody knows whether there are any, until the server has said so.
void gadget::end_subscriptions() {
  parts& it = *parts_;
  if (!climbed() || !it.subscribed || it.filters.empty()) {
    it.unsubscribe_due = false;
    return;
  }
  if (how_.journal) forget_subscriptions();
  const auto asked = it.session.unsubscribe(it.filters);
  if (!asked && asked.error() != mqtt::error::larger_than_server_takes) return;  // no room yet
  it.unsubscribe_due = false;
  if (!asked) return;
  world_.note("application: ends its subscriptions");
  world_.takes_effect(mishap::device_unsubscribes);
  it.subscribed = false;
  it.unsubscribing = *asked;
  it.moved = it.acted = true;
}

void gadget::on_unsubscribed(const mqtt::unsubscribed& what) {
  parts& it = *parts_;
  if (what.token != it.unsubscribing || what.outcome != mqtt::outcome::answered) return;
  const bool right =
      how_.version == mqtt::version::v5_0 ? what.reasons.size() == it.filters.size() : what.reasons.empty();
  if (!right) world_.violate("%zu reasons for the end of %zu subscriptions", what.reasons.size(), it.filters.size());
  it.subscribe_due = it.subscribes_again = true;
}

void gadget::on_piece(const mqtt::message_part& what) {
  parts& it = *parts_;
  if (what.offset != it.arrived) return world_.violate("a piece of a message is missing");
  it.pieces.insert(it.pieces.end(), what.payload.begin(), what.payload.end());
  it.arrived += static_cast<std::uint32_t>(what.payload.size());
}

void gadget::on_connected(const mqtt::connected& what, instant now) {
  parts& it = *parts_;
  world_.note("device: connected%s", !what.session_present ? ""
                                     : what.in_doubt       ? ", session in doubt"
                                                           : ", session resumed");
  world_.count.in_doubt += what.in_doubt ? 1 : 0;
  if (!what.assigned_client_identifier.empty()) client_identifier_ = what.assigned_client_identifier;
  it.connected_before = true;
  it.authenticate_due = it.unsubscribe_due = it.subscribes_again = false;
  if (how_.authenticates && !it.proves.proven()) world_.violate("connected, and the server has proven nothing");
  if (how_.journal) remember_server();
  it.subscribed = it.subscribed && what.session_present && !what.in_doubt;
  tell(happening::reached(rung::session), now);
}

// The broker does nothing that the standard forbids: if the session blames it, the session errs.
void gadget::on_closed(const mqtt::closed& what, instant now) {
  char text[300];
  buffer_sink out{text};
  if (what.why) chain::describe_cause(what.why, out);
  if (died()) return;
  world_.note("device: closed: %.*s", static_cast<int>(out.view().size()), out.view().data());
  using enum mqtt::error;
  const bool may = !what.why || is(what.why, refused) || is(what.why, disconnected) ||
                   is(what.why, connect_timed_out) || is(what.why, ping_timed_out) || is(what.why, stream_stalled);
  if (!may)
    world_.violate("the session blames the broker: %.*s", static_cast<int>(out.view().size()), out.view().data());
  parts& it = *parts_;
  if (it.leaving) return;
  read_reference(what.server_reference);
  const rung at = rung_now();
  if (climbed()) tell(happening::lost(rung::online, what.why), now);
  else tell(happening::failed(at, what.why), now);
}

void gadget::on_message(std::uint32_t number, std::string_view topic, mqtt::qos level, bool retain,
                        mqtt::receipt receipt, instant now) {
  if (number == UINT32_MAX) return world_.violate("the device was told a message that is changed");
  world_.note("application: told message %u", number);
  messages_.told(number, level, number_of(down_topics, topic), retain, !receipt);
  if (!receipt && how_.journal) parts_->untold.push_back(number);
  if (!receipt) return;
  if (!how_.deferred) return world_.violate("a receipt, though acknowledgement is at once");
  parts_->owed.push_back({receipt, number, now + (random_.one_in(2) ? 0us : random_.time(0us, 4s))});
}

// In any order, sometimes with a refusal, and sometimes for a connection that is gone.
void gadget::acknowledge_due(instant now) {
  parts& it = *parts_;
  for (std::size_t i = 0; i < it.owed.size();) {
    const owed_receipt one = it.owed[i];
    if (one.due > now) {
      ++i;
      continue;
    }
    const bool refuses = how_.version == mqtt::version::v5_0 && random_.one_in(16);
    if (how_.journal && !refuses) it.journal->kept.note({taken_.size() + 1, 0});
    const auto done =
        it.session.acknowledge(one.receipt, refuses ? mqtt::reason::quota_exceeded : mqtt::reason::success);
    if (how_.journal && !refuses && !done) it.journal->kept.note({taken_.size(), 0});
    if (done && !refuses) taken_.push_back(one.number);
    if (done) messages_.taken(one.number, refuses);
    else if (done.error() != mqtt::error::unknown_receipt) world_.violate("acknowledge is refused");
    it.owed.erase(it.owed.begin() + static_cast<std::ptrdiff_t>(i));
    it.moved = it.acted = true;
  }
}

void gadget::on_wants_payload(const mqtt::wants_payload& what, instant now) {
  parts& it = *parts_;
  it.supplying = true;
  it.supply_number = what.tag, it.supply_offset = what.offset, it.supply_room = what.room;
  it.supply_at = now + (random_.one_in(4) ? random_.time(0us, 2s) : 0us);
}

void gadget::supply(instant now) {
  parts& it = *parts_;
  if (!it.supplying || now < it.supply_at) return;
  it.supplying = false;
  const std::uint32_t n = random_.one_in(2) ? it.supply_room : random_.between(1, it.supply_room);
  payload_.resize(n);
  fill_payload(it.supply_number, it.supply_offset, payload_);
  const auto taken = it.session.supply(payload_);
  if (taken && *taken != n) world_.violate("supply took less than it had asked for");
  it.moved = it.acted = true;
}

bool gadget::authenticate(instant now) {
  if (parts_ == nullptr || !how_.authenticates || !climbed() || sleeps(now)) return false;
  parts_->authenticate_due = true;
  until_ = now;
  return true;
}

// Refused while an exchange is under way or while there is no room: the application may try again another time.
void gadget::authenticate_again() {
  parts& it = *parts_;
  it.authenticate_due = false;
  const auto asked = it.session.reauthenticate();
  using enum mqtt::error;
  if (asked) it.moved = it.acted = true;
  else if (asked.error() != authentication_not_expected && asked.error() != no_room && asked.error() != payload_pending)
    world_.violate("reauthenticate is refused: %s", std::string{words(asked.error())}.c_str());
}

}  // namespace recado::sim
