#include <recado/mqtt/transmit_log.hpp>

#include <algorithm>
#include <cstring>

namespace recado::mqtt {

void transmit_log::sent(std::size_t n) {
  next_ += n;
  tight_ = false;
  if (wrapped_ && !next_young_ && next_ == edge_) next_ = 0, next_young_ = true;
  trim();
}

// All of its bytes: those of a packet that is on its way may not move.
bool transmit_log::was_sent(const outgoing_flight& flight) const {
  const bool young = is_young(flight.offset);
  if (wrapped_ && young != next_young_) return !young;
  return flight.offset + flight.length <= next_;
}

// The oldest byte in use is that of the oldest kept packet, or the first one to be sent, whichever comes first.
void transmit_log::trim() {
  std::size_t oldest = next_;
  bool young = next_young_;
  if (!order_.empty()) {
    const std::size_t offset = flights_[order_.oldest].offset;
    const bool kept_young = is_young(offset);
    if (kept_young == young ? offset < oldest : !kept_young) oldest = offset, young = kept_young;
  }
  tail_ = oldest;
  if (young) wrapped_ = next_young_ = false, end_ = std::max(head_, stream_end());
  if (!wrapped_ && order_.empty() && next_ == head_) tail_ = next_ = head_ = 0, end_ = stream_end();
}

void transmit_log::wrap() {
  edge_ = head_;
  head_ = 0;
  wrapped_ = true;
  if (next_ == edge_) next_ = 0, next_young_ = true;
  trim();
}

// `space()` is to get `n` bytes, which it has not.
bool transmit_log::rearrange(std::size_t n) {
  if (kept_ + n > memory_.size()) return false;
  trim();
  if (!order_.empty()) end_ = memory_.size();
  for (;;) {
    if (!wrapped_ && space().size() < n && tail_ >= n) wrap();
    if (space().size() < n && !wrapped_ && !streams()) end_ = memory_.size();
    if (space().size() >= n) return true;
    if (tight_ || pinned_) return false;
    compact();
    tight_ = true;
  }
}

std::size_t transmit_log::room() const {
  if (unsent() == 0) return memory_.size() - kept_;
  transmit_log now = *this;
  now.trim();
  const std::size_t end = now.streams() ? now.end() : memory_.size();
  return now.wrapped_ ? now.tail_ - now.head_ : std::max(end - now.head_, now.tail_);
}

void transmit_log::compact() {
  const bool idle = unsent() == 0;
  if (idle) slide_down();
  if (wrapped_ && next_young_) edge_ = memory_.size(), slide_up(edge_);
  else if (!idle) slide_up(next_);
}

// The kept packets of the younger part (of all, if there is but one part) go to the front; nothing is to be sent.
void transmit_log::slide_down() {
  std::size_t to = 0;
  for (place at = order_.oldest; at != no_place; at = flights_[at].newer) {
    outgoing_flight& flight = flights_[at];
    if (wrapped_ && !is_young(flight.offset)) continue;
    if (to != flight.offset) std::memmove(memory_.data() + to, memory_.data() + flight.offset, flight.length);
    flight.offset = static_cast<std::uint32_t>(to);
    to += flight.length;
  }
  head_ = next_ = to;
  if (!wrapped_) tail_ = 0;
}

// The kept packets of the older part that were sent go up to `limit`.
void transmit_log::slide_up(std::size_t limit) {
  for (place at = order_.newest; at != no_place; at = flights_[at].older) {
    outgoing_flight& flight = flights_[at];
    if (is_young(flight.offset)) continue;
    if (!was_sent(flight)) {
      limit = std::min<std::size_t>(limit, flight.offset);
      continue;
    }
    limit -= flight.length;
    if (limit != flight.offset) std::memmove(memory_.data() + limit, memory_.data() + flight.offset, flight.length);
    flight.offset = static_cast<std::uint32_t>(limit);
  }
  trim();
}

void transmit_log::mark_attempted() {
  for (place at = order_.oldest; at != no_place; at = flights_[at].newer) {
    outgoing_flight& flight = flights_[at];
    const bool young = is_young(flight.offset);
    if ((flight.marks & mark_again) != 0) continue;
    if (wrapped_ && young != next_young_ ? !young : flight.offset < next_) flight.marks |= mqtt::mark_attempted;
  }
}

void transmit_log::drop_unsent() {
  next_ = head_;
  next_young_ = wrapped_;
  tight_ = pinned_ = false;
  compact();
  trim();
}

void transmit_log::clear() {
  order_ = {};
  tail_ = next_ = head_ = edge_ = kept_ = 0, end_ = stream_end();
  wrapped_ = next_young_ = tight_ = pinned_ = false;
}

}  // namespace recado::mqtt
