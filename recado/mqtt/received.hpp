// What is remembered of messages from the server: identifiers of QoS 2, acknowledgements that are owed, and the table
// of what to do with PUBLISH and PUBREL.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <recado/mqtt/dissolve.hpp>
#include <recado/mqtt/memory.hpp>
#include <recado/mqtt/options.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// Figure 4.3 from the receiver's side, [identifier known][packet]: what is answered, and whether the message is new.
struct incoming_transition {
  bool known_after;     ///< the identifier is in use afterwards
  bool deliver;         ///< the application gets the message
  packet_type answer;   ///< what is sent
  mqtt::reason reason;  ///< and with which reason code
};
/// The table: not known, known.
inline constexpr incoming_transition incoming_transitions[2][2] = {
    // PUBLISH of QoS 2, PUBREL
    {{true, true, packet_type::pubrec, reason::success},
     {false, false, packet_type::pubcomp, reason::packet_identifier_not_found}},
    {{true, false, packet_type::pubrec, reason::success},     // [MQTT-4.3.3-10] no duplicate for the application
     {false, false, packet_type::pubcomp, reason::success}},  // [MQTT-4.3.3-11]
};
/// What a PUBLISH of QoS 2 does whose identifier is known or not.
constexpr incoming_transition on_publish_of(bool known) {
  return known ? incoming_transitions[1][0] : incoming_transitions[0][0];
}
/// What a PUBREL does whose identifier is known or not.
constexpr incoming_transition on_pubrel_of(bool known) {
  return known ? incoming_transitions[1][1] : incoming_transitions[0][1];
}

/// The identifiers of QoS 2 messages between PUBREC and PUBCOMP: a bitmap of all, or a small table.
class received_identifiers {
 public:
  /// Empty; up to 65,535 identifiers, or as many as the memory has words. The memory must outlive it.
  explicit received_identifiers(std::span<std::uint16_t> memory);
  /// True if it is in use.
  RECADO_MQTT_DISSOLVING bool contains(std::uint16_t identifier) const {
    if (size_ == 0) return false;
    if (!is_bitmap()) return index_of(identifier) != size_;
    return (memory_[identifier / 16U] >> identifier % 16U & 1U) != 0;
  }
  /// False if the table is full. The identifier must not be in it.
  bool insert(std::uint16_t identifier);
  /// Takes it out; nothing if it isn't there.
  void erase(std::uint16_t identifier);
  /// The lowest one that is at least `from`, 0 if there is none.
  std::uint16_t next(std::uint16_t from) const;
  /// Takes all out.
  void clear();
  /// True if the memory has a bit for each identifier, so that it can never be full.
  bool is_bitmap() const { return memory_.size() >= received_bitmap_words; }
  /// How many are in it.
  std::size_t size() const { return size_; }
  /// How many more fit.
  std::size_t room() const { return (is_bitmap() ? 65'535 : memory_.size()) - size_; }

 private:
  std::size_t index_of(std::uint16_t identifier) const;
  std::span<std::uint16_t> memory_;
  std::size_t size_ = 0;
};

/// The acknowledgements that have not left yet, first in, first out: PUBACK and PUBREC leave in the order in which
/// their messages came [MQTT-4.6.0-2] [MQTT-4.6.0-3]. Those whose identifiers are the same modulo the number of places
/// form a ring, whose newest member stands in that place; so nothing here costs more the more there are. A server that
/// chooses identifiers with malice makes rings of 256 at most (65,536 / places of them in as many places).
class owed_acknowledgements {
 public:
  /// As the packet of one that is not to be sent any more.
  static constexpr std::uint8_t withdrawn = 0;
  /// Empty; as many as the memory, which must outlive it, has places.
  explicit owed_acknowledgements(std::span<owed_acknowledgement> memory);
  /// True if none is owed.
  bool empty() const { return size_ == 0; }
  /// True if no more fit.
  bool full() const { return size_ == memory_.size(); }
  /// How many fit.
  std::size_t capacity() const { return memory_.size(); }
  /// True if one that is ready waits behind one that isn't; only asked where it is full.
  bool ready_waits() const { return std::ranges::any_of(memory_, &owed_acknowledgement::ready); }
  /// Puts one at the end, which must have room; `ready` ones leave as soon as they are at the front.
  receipt push(packet_type packet, std::uint16_t identifier, reason code, bool ready);
  /// The one with that receipt if it isn't ready yet.
  owed_acknowledgement* find(receipt what);
  /// True if an answer to that identifier has not left yet.
  bool holds(std::uint16_t identifier) const { return !empty() && find_held(identifier, false) != nullptr; }
  /// The PUBRECs to that identifier that are ready will not be sent: PUBREL shows that one was heard, and behind
  /// PUBCOMP they would pass for answers to the next message with it.
  void withdraw(std::uint16_t identifier);
  /// The identifiers of QoS 2 messages that the application has not acknowledged, or has refused while that was not
  /// sent, one by one: 0 after the last one.
  std::uint16_t take_unready();
  /// The oldest one.
  const owed_acknowledgement& front() const { return memory_[first_ % memory_.size()]; }
  /// Takes the oldest one out.
  void pop();

 private:
  static constexpr std::uint16_t nobody = 0xffff;
  // Finds one with that identifier that is not withdrawn, null if there is none; `received`: a PUBREC that is ready.
  owed_acknowledgement* find_held(std::uint16_t identifier, bool received) const;
  owed_acknowledgement& home(std::uint16_t identifier) const { return memory_[identifier % memory_.size()]; }
  // Numbers count up to a multiple of the size of the memory, so that a number's place is always number % size.
  std::uint32_t bound() const {
    const auto places = static_cast<std::uint32_t>(memory_.size());
    return places == 0 ? 1 : UINT32_MAX / places * places;
  }
  std::uint32_t number(std::size_t position) const {
    const auto step = static_cast<std::uint32_t>(position);  // below bound()
    const std::uint32_t left = bound() - first_;
    return step < left ? first_ + step : step - left;
  }

  std::span<owed_acknowledgement> memory_;
  std::uint32_t first_ = 0;  // the number of the oldest one; receipts are numbers plus 1
  std::size_t size_ = 0;
};

}  // namespace recado::mqtt
