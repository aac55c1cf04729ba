// Messages whole, however they come: nothing of one that breaks off is ever seen.
#pragma once

#include <recado/client/message.hpp>
#include <recado/mqtt/event.hpp>

namespace recado::app::tools {

class gatherer {
 public:
  /// `most`: the longest payload that is gathered.
  explicit gatherer(std::uint64_t most) : most_(most) {}

  /// The message that `what` is or completes, or nullptr; valid until the next call.
  const mqtt::message_received* take(mqtt::session_event& what) {
    if (auto* whole = std::get_if<mqtt::message_received>(&what)) {
      announced_ = whole->payload.size();
      return too_long() ? nullptr : whole;
    }
    if (auto* begin = std::get_if<mqtt::message_begin>(&what)) {
      announced_ = begin->payload_size;
      held_.assign({.topic = begin->topic,
                    .qos = begin->qos,
                    .retain = begin->retain,
                    .duplicate = begin->duplicate,
                    .properties = begin->properties});
      identifier_ = begin->packet_identifier;
      if (!too_long()) held_.payload.reserve(begin->payload_size);  // costs nothing until it is filled
    } else if (auto* part = std::get_if<mqtt::message_part>(&what); part != nullptr && !too_long()) {
      held_.payload.insert(held_.payload.end(), part->payload.begin(), part->payload.end());
    } else if (std::holds_alternative<mqtt::message_aborted>(what)) {
      held_ = {}, announced_ = 0;
    } else if (const auto* end = std::get_if<mqtt::message_end>(&what); end != nullptr && !too_long()) {
      properties_ = held_.properties();
      whole_ = {.topic = held_.topic,
                .payload = held_.payload,
                .qos = held_.qos,
                .retain = held_.retain,
                .duplicate = held_.duplicate,
                .receipt = end->receipt,
                .properties = properties_,
                .packet_identifier = identifier_};
      return &whole_;
    }
    return nullptr;
  }
  bool too_long() const { return announced_ > most_; }
  /// The size of the message's payload as its header says.
  std::uint64_t announced() const { return announced_; }

 private:
  std::uint64_t most_;
  std::uint64_t announced_ = 0;
  std::uint16_t identifier_ = 0;
  recado::client::received held_;
  mqtt::properties properties_;
  mqtt::message_received whole_;
};

}  // namespace recado::app::tools
