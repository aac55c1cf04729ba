#include <recado/chain/outbox.hpp>

#include <cassert>
#include <cstring>

namespace recado::chain {
namespace {

/// What stands before each message: the length of its topic, of its payload, and how it is to be sent.
struct header {
  std::uint32_t payload = 0;
  std::uint16_t topic = 0;
  std::uint8_t qos = 0;
  std::uint8_t retain = 0;
};
static_assert(sizeof(header) == 8);

header read_header(bytes from) {
  header result;
  std::memcpy(&result, from.data(), sizeof result);
  return result;
}

}  // namespace

std::expected<void, error> outbox::push(const waiting_message& what) {
  const std::size_t needed = cost(what);
  if (needed > memory_.size() || what.topic.size() > 65535) return std::unexpected{error::message_too_long};
  if (needed > memory_.size() - end_) make_contiguous();
  if (needed > memory_.size() - end_) return std::unexpected{error::outbox_full};
  const header head{static_cast<std::uint32_t>(what.payload.size()), static_cast<std::uint16_t>(what.topic.size()),
                    static_cast<std::uint8_t>(what.qos), what.retain};
  std::memcpy(memory_.data() + end_, &head, sizeof head);
  copy(as_bytes(what.topic), memory_.subspan(end_ + header_bytes));
  copy(what.payload, memory_.subspan(end_ + header_bytes + what.topic.size()));
  end_ += needed;
  ++count_;
  return {};
}

std::optional<waiting_message> outbox::front() const {
  if (count_ == 0) return std::nullopt;
  const bytes rest = memory_.subspan(begin_, end_ - begin_);
  const header head = read_header(rest);
  const bytes topic = rest.subspan(header_bytes, head.topic);
  return waiting_message{as_text(topic), rest.subspan(header_bytes + head.topic, head.payload),
                         static_cast<mqtt::qos>(head.qos), head.retain != 0};
}

void outbox::pop() {
  assert(count_ != 0);
  const header head = read_header(memory_.subspan(begin_));
  begin_ += header_bytes + head.topic + head.payload;
  if (--count_ == 0) begin_ = end_ = 0;
}

void outbox::make_contiguous() {
  std::memmove(memory_.data(), memory_.data() + begin_, end_ - begin_);
  end_ -= begin_, begin_ = 0;
}

}  // namespace recado::chain
