// Where received bytes wait until a machine has consumed them, always contiguous.
#pragma once

#include <cassert>
#include <cstring>

#include <recado/core/bytes.hpp>

namespace recado::posix {

/// Bytes between the socket and a machine, in memory that the caller owns. What was consumed makes room at the
/// front; the rest (usually half a packet, or nothing) is moved there before the next read, never while an event
/// may point to it. One packet must fit; 64 KiB lets many messages arrive per system call.
class receive_buffer {
 public:
  /// The memory must outlive it.
  explicit receive_buffer(mutable_bytes memory) : memory_(memory) {}

  /// What waits to be consumed.
  bytes data() const { return memory_.subspan(begin_, end_ - begin_); }
  /// The first `n` bytes were consumed. Moves nothing.
  void consumed(std::size_t n) {
    assert(n <= end_ - begin_);
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  /// All the room there is, behind what waits, which is moved to the front for it.
  mutable_bytes room() {
    if (begin_ != 0) {
      std::memmove(memory_.data(), memory_.data() + begin_, end_ - begin_);
      end_ -= begin_, begin_ = 0;
    }
    return memory_.subspan(end_);
  }
  /// `n` bytes were written to the front of `room()`.
  void filled(std::size_t n) {
    assert(n <= memory_.size() - end_);
    end_ += n;
  }
  /// True if a read would get nothing.
  bool full() const { return end_ - begin_ == memory_.size(); }
  /// Throws away what it holds.
  void clear() { begin_ = end_ = 0; }

 private:
  mutable_bytes memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace recado::posix
