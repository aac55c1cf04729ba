// Bytes on their way out. For the back ends.
#pragma once

#include <algorithm>

#include <recado/core/bytes.hpp>

namespace recado::tls {

/// A ring of bytes in given memory: what is in it keeps its address until it is taken.
class ring {
 public:
  /// Empty, in `memory`.
  explicit ring(mutable_bytes memory) : memory_(memory) {}

  std::size_t capacity() const { return memory_.size(); }      ///< All of it.
  std::size_t room() const { return memory_.size() - size_; }  ///< How much may be put in.
  bool empty() const { return size_ == 0; }                    ///< True if there is nothing in it.
  void clear() { head_ = size_ = 0; }                          ///< Drops what is in it.
  /// The oldest bytes that lie in one piece.
  bytes front() const { return memory_.subspan(head_, std::min(size_, memory_.size() - head_)); }
  /// Takes out the oldest `n` of `front()`.
  void pop(std::size_t n) {
    n = std::min(n, front().size());
    head_ = (head_ + n) % memory_.size();
    size_ -= n;
    if (size_ == 0) head_ = 0;
  }
  /// Takes as much as there is room for, and says how much that was.
  std::size_t push(bytes data) {
    data = data.first(std::min(data.size(), room()));
    if (data.empty()) return 0;
    const std::size_t tail = (head_ + size_) % memory_.size();
    const std::size_t straight = std::min(data.size(), memory_.size() - tail);
    copy(data.first(straight), memory_.subspan(tail));
    copy(data.subspan(straight), memory_);
    size_ += data.size();
    return data.size();
  }

 private:
  mutable_bytes memory_;
  std::size_t head_ = 0, size_ = 0;
};

}  // namespace recado::tls
