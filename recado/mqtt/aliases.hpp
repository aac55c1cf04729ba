// Topic Aliases (§3.3.2.3.4): the topics behind them, in slots of equal size in the caller's memory.
#pragma once

#include <cstdint>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/extra.hpp>

namespace recado::mqtt {

/// `count` slots, each two bytes of length and then the topic.
class topic_slots {
 public:
  /// Divides the memory, which must outlive it, into `count` slots of the same size.
  topic_slots(mutable_bytes memory, std::uint16_t count);
  /// How many slots there are.
  std::uint16_t count() const { return has_extras ? count_ : std::uint16_t{0}; }
  /// The longest topic that fits.
  std::size_t topic_bytes_max() const { return slot_ - 2; }
  /// The topic in a slot (0 to count - 1); empty if it was never set.
  std::string_view topic(std::size_t slot) const;
  /// Sets it; false if it is too long.
  bool set(std::size_t slot, std::string_view topic);
  /// Forgets all topics.
  void clear();
  /// The slot, of the first `count`, where a topic belongs when aliases are assigned automatically: found in one
  /// step, whatever the number of topics; two topics that meet in one slot displace each other.
  static std::size_t home(std::string_view topic, std::size_t count);

 private:
  mutable_bytes memory_;
  std::size_t slot_;
  std::uint16_t count_;
};

}  // namespace recado::mqtt
