// What outlives the power: the session in its journal, and the application's list of what it has acknowledged.
#include <algorithm>

#include <sim/gadget_parts.hpp>
#include <sim/names.hpp>

namespace recado::sim {

// As a program starts: mount, restore, and compare with what the journal says about the application's own state.
void gadget::remember(instant now) {
  parts& it = *parts_;
  it.journal = std::make_unique<keeping>(storage_, how_);
  keeping& kept = *it.journal;
  const auto found = kept.records.mount();
  if (!found && found.error() == store::error::empty) {
    if (!kept.records.format()) return world_.violate("the journal cannot be begun");
  } else if (!found) {
    return world_.violate("the journal cannot be mounted: %s", std::string{words(found.error())}.c_str());
  } else if (found->damaged()) {
    return world_.violate("the journal is damaged: %llu records are lost",
                          static_cast<unsigned long long>(found->records_lost));
  }
  const auto restored = kept.kept.restore(it.session);
  if (!restored)
    return world_.violate("the session cannot be restored: %s", std::string{words(restored.error())}.c_str());
  world_.received_max = kept.kept.received_max();
  if (how_.holds) restore_outbox(now);
  remember_messages();
  const std::uint64_t length = kept.kept.last_note().first;
  if (length > taken_.size()) return world_.violate("the journal's note is of messages that were never acknowledged");
  while (taken_.size() > length) {
    const std::uint32_t number = taken_.back();
    taken_.pop_back();  // of QoS 1 it may have been told twice
    if (std::ranges::find(taken_, number) == taken_.end()) messages_.untaken(number);
  }
  std::array<std::byte, 64> space;
  if (const auto facts = kept.kept.facts(space)) {
    it.connected_before = true;
    it.subscribed = restored->subscriptions != 0;
    client_identifier_ = facts->client_identifier;
  }
  world_.note("device: restored %zu messages, %zu released, %zu received, %zu held", restored->messages,
              restored->released, restored->received, restored->held);
}

// What is on its way or waits is in one place each.
void gadget::remember_messages() {
  parts& it = *parts_;
  chain::session_store& kept = it.journal->kept;
  const auto found = [&](std::uint32_t tag) {
    up_message& one = messages_.up[tag];
    if (std::exchange(one.stored, true)) world_.violate("message %u is in the journal twice", tag);
    if (!one.accepted && one.in_doubt) messages_.accepted(tag);
  };
  for (std::uint32_t from = 0; const auto one = kept.next_message(from);) found(one->tag);
  for (std::uint32_t from = 0; const auto one = kept.next_released(from);) found(one->tag);
  if (how_.holds) it.outbox.for_each(world_.now, [&](const chain::waiting_message& one) { found(one.tag); });
  messages_.device_remembers();
}

// The outbox has as much room as before; what it had dropped may come back nevertheless, if the journal was not in
// time.
void gadget::restore_outbox(instant now) {
  parts& it = *parts_;
  it.outbox.keep_in(&it.journal->kept, how_.dates ? &dates_ : nullptr);
  if (const auto back = it.outbox.restore(now); !back)
    return world_.violate("the outbox cannot be restored: %s", std::string{words(back.error())}.c_str());
  it.outbox.for_each(now, [&](const chain::waiting_message& one) {
    up_message& known = messages_.up[one.tag];
    const std::chrono::seconds left{one.properties.number(mqtt::property::message_expiry_interval)};
    if (known.expires != never && !how_.dates) known.expires = now + left;  // its time begins anew
    if (known.expires != never && how_.dates) ++world_.count.dated;
    ++world_.count.held;
  });
}

void gadget::remember_server() {
  parts& it = *parts_;
  const auto done = it.journal->kept.remember({.version = how_.version,
                                               .places = static_cast<std::uint16_t>(how_.outgoing),
                                               .session_expiry_s = it.session.announced().session_expiry_s,
                                               .client_identifier = client_identifier_});
  if (!done && !died())
    world_.violate("the journal does not take the server's name: %s", std::string{words(done.error())}.c_str());
}

// That there are any; which they are the broker knows.
void gadget::remember_subscriptions() {
  const auto done = parts_->journal->kept.subscribed({.filter = down_wildcard, .qos = mqtt::qos::exactly_once}, 0);
  if (!done && !died())
    world_.violate("the journal does not take a subscription: %s", std::string{words(done.error())}.c_str());
}

void gadget::forget_subscriptions() {
  const auto done = parts_->journal->kept.unsubscribed(down_wildcard);
  if (!done && !died())
    world_.violate("the journal does not forget a subscription: %s", std::string{words(done.error())}.c_str());
}

// What waits is to hold from now on: nothing that leaves would see to that.
void gadget::settle() {
  parts& it = *parts_;
  const fault why = it.journal->kept.settle();
  if (died()) return;
  if (why) return world_.violate("the journal does not settle");
  for (const std::uint32_t number : it.unsettled) messages_.up[number].durable = true;
  it.unsettled.clear();
}

// What was published before the last sync may have left, so it must never be forgotten.
void gadget::note_durable() {
  parts& it = *parts_;
  if (how_.holds && !it.session.online()) settle();
  if (!it.journal->records.synced()) return;
  for (const std::uint32_t number : it.undurable) messages_.up[number].durable = true;
  it.undurable.clear(), it.unsettled.clear(), it.untold.clear();
}

}  // namespace recado::sim
