#include <recado/client/guarded_session.hpp>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace recado::client {
namespace {

// Messages that the server has acknowledged, at a time.
constexpr std::size_t acknowledged_max = 256;

bool begins_with_answer(bytes in) { return !in.empty() && (in.front() & std::byte{0xc0}) == std::byte{0x40}; }

// Topics of the usual lengths are compared by four words each, which overlap, instead of by a call.
bool is_same(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  if (size - 16 > 16) return a == b;
  const auto word = [](const char* at) {
    std::uint64_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
  };
  const auto differ = [&](std::size_t at) { return word(a.data() + at) ^ word(b.data() + at); };
  return (differ(0) | differ(8) | differ(size - 16) | differ(size - 8)) == 0;
}

bool lies_in(bytes all, std::string_view part) {
  const auto* from = reinterpret_cast<const std::byte*>(part.data());
  return std::less_equal{}(all.data(), from) && std::less_equal{}(from + part.size(), all.data() + all.size());
}

}  // namespace

void guarded_session::opened(instant now) {
  const std::scoped_lock held{mutex_};
  inner_.opened(now);
}

void guarded_session::lost(fault why, instant now) {
  const std::scoped_lock held{mutex_};
  inner_.lost(why, now);
}

std::optional<guarded_session::event> guarded_session::receive(bytes& in, instant now) {
  auto other = hear(in, now);
  if (next_ != begin_of_batch()) owner_.deliver({begin_of_batch(), next_}, recipients_);
  if (!other) return std::nullopt;
  const std::scoped_lock held{mutex_};
  owner_.batch_over();
  return other;
}

// A batch, as long as it consists of messages and nothing stands against hearing on; and what comes behind it.
std::optional<guarded_session::event> guarded_session::hear(bytes& in, instant now) {
  const std::scoped_lock held{mutex_};
  owner_.batch_over();
  next_ = begin_of_batch(), finding_ = 0, topic_ = {};
  recipients_.clear();
  const bytes all = in;
  if (deaf()) inner_.not_reading(now);
  for (turns_ = 0; turns_ < heard_max && !batch_is_full(); ++turns_) {
    bytes none;
    bytes& from = deaf() ? none : in;
    if (next_ == begin_of_batch() && begins_with_answer(from)) hear_acknowledged(from, now);
    hear_messages(from, now);
    if (std::exchange(alone_, false)) return next_->message;
    if (batch_is_full()) break;
    bytes& rest = deaf() ? none : in;
    const std::size_t before = rest.size();
    const auto next = inner_.receive(rest, now);
    if (!next && before == rest.size()) break;
    if (next && !keep(*next, all)) return next;
  }
  return std::nullopt;
}

// Messages that are done, of which nothing else is to be said.
void guarded_session::hear_acknowledged(bytes& in, instant now) {
  std::array<std::uint32_t, acknowledged_max> tags;
  const std::size_t count = inner_.receive_acknowledged(in, tags, now);
  if (count != 0) owner_.settle(std::span{tags}.first(count));
  turns_ += count;
}

void guarded_session::hear_messages(bytes& in, instant now) {
  inner_.receive_messages(in, now, place(), message_heard, this);
}

// Of one message like the last one, which most are, nothing is called.
mqtt::message_received* guarded_session::message_heard(void* self) {
  auto& us = *static_cast<guarded_session*>(self);
  ++us.turns_;
  if (!us.is_as_before(us.next_->message)) [[unlikely]]
    return us.other_heard();
  us.join_batch();
  return us.place();
}

mqtt::message_received* guarded_session::other_heard() {
  alone_ = !keep_message();
  return alone_ ? nullptr : place();
}

// True if it is dealt with, or in the batch.
bool guarded_session::keep(const event& what, bytes all) {
  if (const auto* done = std::get_if<mqtt::acknowledged>(&what))
    return next_ == begin_of_batch() && owner_.settle(*done);
  const auto* message = std::get_if<mqtt::message_received>(&what);
  // A topic that stands for an alias lies in the session, and goes with the next message.
  if (message == nullptr || !lies_in(all, message->topic)) return false;
  next_->message = *message;
  return keep_message();
}

// False if the message behind the batch is to be an event of its own.
bool guarded_session::keep_message() {
  if (!is_as_before(next_->message) && !find(next_->message)) return false;
  join_batch();
  return true;
}

bool guarded_session::is_as_before(const mqtt::message_received& message) const {
  return !topic_.empty() && is_same(message.topic, topic_) && message.properties.empty() &&
         message.payload.size() <= payload_max_;
}

// False if the message is to be an event of its own.
bool guarded_session::find(const mqtt::message_received& message) {
  const std::uint32_t finding = owner_.sort(message);
  if (finding == 0) return false;
  if (std::exchange(finding_, finding) != finding) {
    const recipients found = owner_.found();
    begin_ = static_cast<std::uint32_t>(recipients_.size());
    recipients_.insert(recipients_.end(), found.begin(), found.end());
    end_ = static_cast<std::uint32_t>(recipients_.size());
  }
  topic_ = owner_.holds_on(payload_max_) ? message.topic : std::string_view{};
  return true;
}

}  // namespace recado::client
