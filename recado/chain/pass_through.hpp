// The filter that does nothing but cut the stream into other pieces: proof of the shape, and a stand-in for TLS.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <variant>

#include <recado/wire/machine.hpp>

namespace recado::chain {

/// Passes bytes through its two buffers unchanged, at most `piece` at a time, and becomes ready at the first `receive`
/// after `opened`, as a handshake would make it.
class pass_through {
 public:
  struct secured {};                    ///< the stream above may begin
  using event = std::variant<secured>;  ///< What `receive` answers.

  /// The buffers for plaintext and for what goes below (at least one byte each); `piece` is at least 1.
  pass_through(mutable_bytes incoming, mutable_bytes outgoing, std::size_t piece = SIZE_MAX)
      : in_{incoming}, out_{outgoing}, piece_(piece) {}

  /// A verb of the shape; see recado/wire/machine.hpp.
  void opened(instant) {
    *this = {in_.memory, out_.memory, piece_};
    open_ = true;
  }
  /// A verb of the shape; see recado/wire/machine.hpp.
  void lost(fault, instant) { *this = {in_.memory, out_.memory, piece_}; }
  /// A verb of the shape; see recado/wire/machine.hpp.
  std::optional<event> receive(bytes& in, instant) {
    if (!open_) return std::nullopt;
    if (!ready_) {
      ready_ = true;
      return secured{};
    }
    if (in_.begin + in_.size == in_.memory.size()) in_.compact();
    in = in.subspan(in_.append(in.first(std::min(in.size(), piece_))));
    return std::nullopt;
  }
  /// A verb of the shape; see recado/wire/machine.hpp.
  bytes pending(instant) const { return out_.held().first(std::min(out_.size, piece_)); }
  void sent(std::size_t n) { out_.drop(n); }  ///< A verb of the shape; see recado/wire/machine.hpp.
  /// A verb of the shape; see recado/wire/machine.hpp.
  instant deadline() const { return open_ && !ready_ ? instant::min() : never; }

  bool ready() const { return ready_; }           ///< True once plaintext may be written.
  bytes plaintext() const { return in_.held(); }  ///< What was heard, up to `consumed`.
  void consumed(std::size_t n) { in_.drop(n); }   ///< So much of it was used.
  /// Takes plaintext; returns how much.
  std::size_t write(bytes data, instant) {
    if (!ready_ || closed_) return 0;
    return out_.append(data.first(std::min(data.size(), piece_)));
  }
  void close(instant) { closed_ = true; }  ///< Nothing more is written.
  /// True once `close` was called: nothing is written any more.
  bool closed() const { return closed_; }

 private:
  // `pending` keeps its place until it is sent, so the held bytes move only when all in front of them are gone.
  struct queue {
    mutable_bytes memory;
    std::size_t begin = 0;
    std::size_t size = 0;

    bytes held() const { return memory.subspan(begin, size); }
    std::size_t append(bytes data) {
      const std::size_t count = std::min(data.size(), memory.size() - begin - size);
      copy(data.first(count), memory.subspan(begin + size, count));
      size += count;
      return count;
    }
    void drop(std::size_t count) {
      begin += count, size -= count;
      if (size == 0) begin = 0;
    }
    void compact() {
      if (begin != 0) std::memmove(memory.data(), memory.data() + begin, size);
      begin = 0;
    }
  };

  queue in_;
  queue out_;
  std::size_t piece_;
  bool open_ = false;
  bool ready_ = false;
  bool closed_ = false;
};
static_assert(stream_filter<pass_through>);

}  // namespace recado::chain
