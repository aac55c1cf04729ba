// OpenSSL's BIO over the filter's own memory: reads straight from the bytes that `receive` was given,
// writes straight into the buffer that `pending` shows. For sources of the back end only.
#pragma once

#include <algorithm>

#include <recado/core/bytes.hpp>
#include <recado/tls/openssl/handles.hpp>

namespace recado::tls::openssl {

/// Bytes on their way out, in a ring: what is in it keeps its address until it is taken.
class ring {
 public:
  explicit ring(mutable_bytes memory) : memory_(memory) {}

  std::size_t capacity() const { return memory_.size(); }
  std::size_t room() const { return memory_.size() - size_; }
  bool empty() const { return size_ == 0; }
  void clear() { head_ = size_ = 0; }
  /// The oldest bytes that lie in one piece.
  bytes front() const { return memory_.subspan(head_, std::min(size_, memory_.size() - head_)); }
  void pop(std::size_t n) {
    n = std::min(n, front().size());
    head_ = (head_ + n) % memory_.size();
    size_ -= n;
    if (size_ == 0) head_ = 0;
  }
  /// Takes as much as there is room for.
  std::size_t push(bytes data) {
    data = data.first(std::min(data.size(), room()));
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

struct transport {
  bytes* in = nullptr;  ///< set while `receive` runs
  ring out;
};

/// A BIO of that kind; `ends` must outlive it. Null if there is no memory.
bio_handle make_bio(transport& ends);

}  // namespace recado::tls::openssl
