// Where what arrives lies until it is looked at, in one place for all.
#pragma once

#include <cstring>

#include <recado/core/bytes.hpp>
#include <recado/wire/machine.hpp>

namespace recado::device {

/// Bytes of the broker's stream, and behind them one datagram of any service: most of both are looked at at once. A
/// datagram whose place is needed counts as lost on the way; none is taken while so much of the stream waits that there
/// would be no room for it.
class arrivals {
 public:
  /// `memory` must outlive it.
  explicit arrivals(mutable_bytes memory) : memory_(memory) {}
  arrivals(const arrivals&) = delete;
  arrivals& operator=(const arrivals&) = delete;

  /// What has come of the stream and wasn't consumed.
  bytes waiting() const { return memory_.subspan(begin_, end_ - begin_); }
  /// So many of them are of no use any more.
  void consumed(std::size_t n) { begin_ += n; }
  /// None of them is.
  void clear() { begin_ = end_ = 0; }
  /// The place for more of the stream; what waits moves to the front.
  mutable_bytes room() {
    const std::size_t kept = end_ - begin_;
    if (begin_ != 0 && kept != 0) std::memmove(memory_.data(), memory_.data() + begin_, kept);
    begin_ = 0, end_ = kept;
    return memory_.subspan(end_);
  }
  /// So many bytes were put there.
  void came(std::size_t n) {
    if (n != 0) drop_datagram();
    end_ += n;
  }

  /// The place for a datagram of so many bytes, for `held` from now on, which must not move while it lies there; empty
  /// if there is no room.
  mutable_bytes take(datagram& held, std::size_t size) {
    if (memory_.size() - end_ < size) return {};
    if (owner_ != &held) drop_datagram();
    owner_ = &held;
    return memory_.subspan(end_, size);
  }

 private:
  void drop_datagram() {
    if (owner_ != nullptr) owner_->payload = {};
    owner_ = nullptr;
  }

  std::size_t begin_ = 0, end_ = 0;  // of the stream's bytes
  datagram* owner_ = nullptr;
  mutable_bytes memory_;
};

}  // namespace recado::device
