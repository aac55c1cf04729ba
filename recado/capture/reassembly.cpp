#include <recado/capture/reassembly.hpp>

#include <utility>

namespace recado::capture {

std::string reassembly::add(std::uint32_t sequence, bool syn, bytes payload) {
  if (!begun_ && !syn && payload.empty()) return {};
  if (syn) ++sequence;
  if (!begun_) next_ = (std::uint64_t{1} << 32) + sequence, begun_ = true, syn_ = syn;
  // the offset nearest to what is expected: sequence numbers wrap
  const auto distance = static_cast<std::int32_t>(sequence - static_cast<std::uint32_t>(next_));
  std::uint64_t at = next_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(distance));
  if (at < next_) {
    const std::uint64_t known = next_ - at;
    payload = known < payload.size() ? payload.subspan(static_cast<std::size_t>(known)) : bytes{};
    at = next_;
  }
  if (payload.empty()) return {};
  std::string& slot = waiting_[at];
  if (slot.size() < payload.size()) {
    waiting_bytes_ += payload.size() - slot.size();
    slot += as_text(payload.subspan(slot.size()));
  }
  return in_order();
}

std::string reassembly::in_order() {
  std::string result;
  while (!waiting_.empty() && waiting_.begin()->first <= next_) {
    const auto node = waiting_.extract(waiting_.begin());
    waiting_bytes_ -= node.mapped().size();
    const std::uint64_t known = next_ - node.key();
    if (known >= node.mapped().size()) continue;
    result += std::string_view{node.mapped()}.substr(static_cast<std::size_t>(known));
    next_ += node.mapped().size() - known;
  }
  return result;
}

std::uint32_t reassembly::missing() const {
  return waiting_.empty() ? 0 : static_cast<std::uint32_t>(waiting_.begin()->first - next_);
}

std::string reassembly::skip() {
  if (waiting_.empty()) return {};
  next_ = waiting_.begin()->first;
  return in_order();
}

}  // namespace recado::capture
