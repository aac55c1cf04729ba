#include <recado/mqtt/received.hpp>

#include <algorithm>
#include <utility>

namespace recado::mqtt {

received_identifiers::received_identifiers(std::span<std::uint16_t> memory) : memory_(memory) { clear(); }

void received_identifiers::clear() {
  std::fill(memory_.begin(), memory_.end(), std::uint16_t{0});
  size_ = 0;
}

std::size_t received_identifiers::index_of(std::uint16_t identifier) const {
  std::size_t at = 0;
  while (at != size_ && memory_[at] != identifier) ++at;
  return at;
}

std::uint16_t received_identifiers::next(std::uint16_t from) const {
  std::uint32_t lowest = 0x1'0000;
  if (is_bitmap()) {
    for (lowest = from; lowest < 0x1'0000 && !contains(static_cast<std::uint16_t>(lowest));) ++lowest;
  } else {
    for (const std::uint16_t one : memory_.first(size_))
      if (one >= from) lowest = std::min<std::uint32_t>(lowest, one);
  }
  return static_cast<std::uint16_t>(lowest & 0xffff);
}

bool received_identifiers::insert(std::uint16_t identifier) {
  if (is_bitmap()) {
    memory_[identifier / 16U] = static_cast<std::uint16_t>(memory_[identifier / 16U] | 1U << identifier % 16U);
  } else {
    if (size_ == memory_.size()) return false;
    memory_[size_] = identifier;
  }
  ++size_;
  return true;
}

void received_identifiers::erase(std::uint16_t identifier) {
  if (!contains(identifier)) return;
  if (is_bitmap())
    memory_[identifier / 16U] = static_cast<std::uint16_t>(memory_[identifier / 16U] & ~(1U << identifier % 16U));
  else memory_[index_of(identifier)] = memory_[size_ - 1];
  --size_;
}

owed_acknowledgements::owed_acknowledgements(std::span<owed_acknowledgement> memory)
    : memory_(memory.first(std::min<std::size_t>(memory.size(), nobody))) {
  for (owed_acknowledgement& each : memory_) each.newest = nobody;
}

receipt owed_acknowledgements::push(packet_type packet, std::uint16_t identifier, reason code, bool ready) {
  const std::uint32_t at = number(size_);
  const auto place = static_cast<std::uint16_t>(at % memory_.size());
  owed_acknowledgement& one = memory_[place];
  one.packet_identifier = identifier;
  one.packet = static_cast<std::uint8_t>(packet);
  one.reason = static_cast<std::uint8_t>(code);
  one.ready = ready;
  std::uint16_t& newest = home(identifier).newest;
  one.next = newest == nobody ? place : std::exchange(memory_[newest].next, place);
  newest = place;
  ++size_;
  return receipt{at + 1};
}

// The oldest of all is the oldest of its ring.
void owed_acknowledgements::pop() {
  std::uint16_t& newest = home(front().packet_identifier).newest;
  if (memory_[newest].next == newest) newest = nobody;
  else memory_[newest].next = front().next;
  first_ = number(1), --size_;
}

owed_acknowledgement* owed_acknowledgements::find(receipt what) {
  if (!what || what.number > bound()) return nullptr;
  const std::uint32_t number = what.number - 1;
  const std::uint32_t position = number >= first_ ? number - first_ : bound() - first_ + number;
  if (position >= size_) return nullptr;
  owed_acknowledgement& found = memory_[(what.number - 1) % memory_.size()];
  return found.ready ? nullptr : &found;
}

owed_acknowledgement* owed_acknowledgements::find_held(std::uint16_t identifier, bool received) const {
  if (empty()) return nullptr;
  const std::uint16_t newest = home(identifier).newest;
  if (newest == nobody) return nullptr;
  std::uint16_t at = newest;
  do {
    owed_acknowledgement& one = memory_[at];
    const bool fits = !received || (one.ready && one.packet == static_cast<std::uint8_t>(packet_type::pubrec));
    if (one.packet_identifier == identifier && one.packet != withdrawn && fits) return &one;
    at = one.next;
  } while (at != newest);
  return nullptr;
}

void owed_acknowledgements::withdraw(std::uint16_t identifier) {
  while (owed_acknowledgement* one = find_held(identifier, true)) one->packet = withdrawn;
  while (!empty() && front().packet == withdrawn) pop();
}

std::uint16_t owed_acknowledgements::take_unready() {
  while (!empty()) {
    const owed_acknowledgement one = front();
    pop();
    const bool taken = one.ready && !is_failure(static_cast<reason>(one.reason));
    if (!taken && one.packet == static_cast<std::uint8_t>(packet_type::pubrec)) return one.packet_identifier;
  }
  return 0;
}

}  // namespace recado::mqtt
