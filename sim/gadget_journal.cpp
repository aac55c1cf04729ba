// What outlives the power: the session in its journal, and the application's list of what it has acknowledged.
#include <sim/gadget_parts.hpp>
#include <sim/names.hpp>

namespace recado::sim {

// As a program starts: mount, restore, and compare with what the journal says about the application's own state.
void gadget::remember() {
  parts& it = *parts_;
  it.journal = std::make_unique<keeping>(storage_, how_.outgoing);
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
  for (std::uint32_t from = 0;;) {
    const auto one = kept.kept.next_message(from);
    if (!one) break;
    messages_.up[one->tag].stored = true;
  }
  for (std::uint32_t from = 0;;) {
    const auto one = kept.kept.next_released(from);
    if (!one) break;
    messages_.up[one->tag].stored = true;
  }
  messages_.device_remembers();
  const std::uint64_t length = kept.kept.last_note().first;
  if (length > taken_.size()) return world_.violate("the journal's note is of messages that were never acknowledged");
  for (; taken_.size() > length; taken_.pop_back()) messages_.untaken(taken_.back());
  std::array<std::byte, 64> space;
  if (const auto facts = kept.kept.facts(space)) {
    it.connected_before = true;
    it.subscribed = restored->subscriptions != 0;
    client_identifier_ = facts->client_identifier;
  }
  world_.note("device: restored %zu messages, %zu released, %zu received", restored->messages, restored->released,
              restored->received);
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

// What was published before the last sync may have left, so it must never be forgotten.
void gadget::note_durable() {
  parts& it = *parts_;
  if (!it.journal->records.synced()) return;
  for (const std::uint32_t number : it.undurable) messages_.up[number].durable = true;
  it.undurable.clear();
}

}  // namespace recado::sim
