// Messages that wait for a connection: publishing never depends on being online.
//
// A message is copied in, and stays until the session has taken it (of QoS 1 and 2 the session then keeps it until it
// is acknowledged, over reconnections too). Order is kept. When there is no room for another one it is refused and
// nothing is lost that was accepted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include <recado/chain/error.hpp>
#include <recado/core/bytes.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::chain {

/// A waiting message; valid until the next `push` or `pop`.
struct waiting_message {
  std::string_view topic;
  bytes payload;
  mqtt::qos qos = mqtt::qos::at_most_once;
  bool retain = false;
};

/// A queue of messages in the caller's memory.
class outbox {
 public:
  explicit outbox(mutable_bytes memory) : memory_(memory) {}

  /// Puts a message behind the others. Errors: `outbox_full` (for now), `message_too_long` (for ever).
  std::expected<void, error> push(const waiting_message& what);
  /// The oldest message, or nothing.
  std::optional<waiting_message> front() const;
  /// The oldest message was taken by the session.
  void pop();

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  /// Bytes that a message needs in here.
  static std::size_t cost(const waiting_message& what) {
    return header_bytes + what.topic.size() + what.payload.size();
  }

 private:
  static constexpr std::size_t header_bytes = 8;
  void make_contiguous();

  mutable_bytes memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t count_ = 0;
};

}  // namespace recado::chain
