#include <recado/dns/tcp_exchange.hpp>

#include <algorithm>

namespace recado::dns {

namespace {
constexpr std::size_t prefix_octets = 2;  // RFC 1035 §4.2.2
}

std::expected<void, error> tcp_exchange::start(const query& what, instant now) {
  at_ = stage::idle;
  deadline_ = never;
  if (memory_.size() < prefix_octets) return std::unexpected{error::no_room};
  const auto length = encode(what, memory_.subspan(prefix_octets));
  if (!length) return std::unexpected{length.error()};
  memory_[0] = static_cast<std::byte>(*length >> 8);
  memory_[1] = static_cast<std::byte>(*length & 0xff);
  size_ = *length + prefix_octets;
  filled_ = 0;
  at_ = stage::connecting;
  deadline_ = now + tcp_ms_max;
  return {};
}

void tcp_exchange::opened(instant) {
  if (at_ == stage::connecting) at_ = stage::sending;
}

void tcp_exchange::lost(fault why, instant now) {
  if (at_ == stage::idle || at_ == stage::over) return;
  why_ = why;
  at_ = stage::ended;
  deadline_ = now;
}

bytes tcp_exchange::pending(instant) {
  return at_ == stage::sending ? bytes{memory_}.subspan(filled_, size_ - filled_) : bytes{};
}

void tcp_exchange::sent(std::size_t n) {
  if (at_ != stage::sending) return;
  filled_ += std::min(n, size_ - filled_);
  if (filled_ != size_) return;
  at_ = stage::length;
  size_ = prefix_octets;
  filled_ = 0;
}

/// Moves octets from the front of `in` behind what has arrived, until there are `size_`.
bool tcp_exchange::take(bytes& in) {
  const std::size_t count = std::min(in.size(), size_ - filled_);
  copy(in.first(count), memory_.subspan(filled_));
  filled_ += count;
  in = in.subspan(count);
  return filled_ == size_;
}

tcp_exchange::event tcp_exchange::end(fault why) {
  at_ = stage::over;
  deadline_ = never;
  return closed{why};
}

std::optional<tcp_exchange::event> tcp_exchange::receive(bytes& in, instant now) {
  if (at_ == stage::ended) return end(why_);
  if (at_ == stage::length && take(in)) {
    size_ = std::to_integer<std::size_t>(memory_[0]) << 8 | std::to_integer<std::size_t>(memory_[1]);
    filled_ = 0;
    if (size_ > memory_.size()) return end(make_fault(error::answer_too_long, static_cast<std::uint32_t>(size_)));
    if (size_ < header_octets) return end(make_fault(error::malformed_answer));
    at_ = stage::message;
  }
  if (at_ == stage::message && take(in)) {
    at_ = stage::over;
    deadline_ = never;
    return answered{bytes{memory_}.first(size_)};
  }
  if (at_ != stage::idle && at_ != stage::over && deadline_ <= now) return end(make_fault(error::time_out));
  return {};
}

instant tcp_exchange::deadline() const { return deadline_; }

}  // namespace recado::dns
