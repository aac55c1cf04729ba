// A received message that owns what it consists of.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/event.hpp>

namespace recado::client {

/// Used again for one message after another it allocates nothing once it has held the longest.
struct received {
  std::string topic;                        ///< the topic that it was published to
  std::vector<std::byte> payload;           ///< its content
  mqtt::qos qos = mqtt::qos::at_most_once;  ///< with which it came
  bool retain = false;                      ///< it was kept by the server for new subscribers
  /// DUP: the server may have sent it before
  bool duplicate = false;
  std::vector<std::byte> property_bytes;  ///< as `properties` reads them

  /// The payload as text.
  std::string_view text() const { return as_text(payload); }
  /// Content Type, Response Topic, User Properties and so on; valid as long as this message isn't changed.
  mqtt::properties properties() const {
    return mqtt::properties{mqtt::sequence<mqtt::property_value>::of_wire(property_bytes)};
  }
  /// Becomes a copy of it.
  void assign(const mqtt::message_received& from);
  /// Bytes of topic, payload and properties.
  std::size_t bytes_held() const { return topic.size() + payload.size() + property_bytes.size(); }
};

/// First in, first out, in places that are used again.
class message_queue {
 public:
  /// Puts a copy behind the others.
  void push(const mqtt::message_received& what);
  /// Exchanges the oldest message with `into`, whose memory is used for a later one. False if there is none.
  bool pop(received& into);
  /// How many there are.
  std::size_t size() const { return count_; }
  /// How many bytes they hold.
  std::size_t bytes_held() const { return bytes_; }

 private:
  std::vector<received> places_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace recado::client
