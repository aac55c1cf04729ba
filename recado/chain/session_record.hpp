// How the records of a session look in its journal.
#pragma once

#include <array>
#include <cstdint>

#include <recado/core/bytes.hpp>

namespace recado::chain::session_record {

/// The kinds of records. A message's number is its place in the order of publishing, a released one's in the order of
/// PUBREC, a received one's its packet identifier.
inline constexpr std::uint8_t kind_message = 1, kind_released = 2, kind_received = 3, kind_subscription = 4,
                              kind_facts = 5, kind_held = 6, kind_unanswered = 7, kind_places = 8, kind_lost = 9;

/// Numbers at the front of a record.
template <std::size_t Size>
class numbers {
 public:
  /// Appends so many bytes of it, little-endian.
  void put(std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) octets_[at_++] = static_cast<std::byte>(value >> 8 * i);
  }
  /// Takes so many bytes.
  std::uint64_t get(std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::to_integer<std::uint64_t>(octets_[at_++]) << 8 * i;
    return value;
  }
  /// All of them.
  mutable_bytes octets() { return octets_; }

 private:
  std::array<std::byte, Size> octets_{};
  std::size_t at_ = 0;
};

}  // namespace recado::chain::session_record
