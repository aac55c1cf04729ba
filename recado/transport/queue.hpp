// Bytes in order in memory that the caller owns.
#pragma once

#include <algorithm>
#include <cstring>

#include <recado/core/bytes.hpp>

namespace recado::transport {

/// What is held keeps its place until all in front of it is gone, but for `compact`.
struct queue {
  mutable_bytes memory;   ///< all of it, borrowed
  std::size_t begin = 0;  ///< offset of the first byte that is held
  std::size_t size = 0;   ///< bytes that are held

  /// What is held, in one piece.
  bytes held() const { return memory.subspan(begin, size); }
  /// Bytes that fit behind it; `compact` may make more room.
  std::size_t room() const { return memory.size() - begin - size; }
  /// Takes as many bytes as fit behind what is held, and answers how many.
  std::size_t append(bytes data) {
    const std::size_t count = std::min(data.size(), room());
    copy(data.first(count), memory.subspan(begin + size, count));
    size += count;
    return count;
  }
  /// Forgets bytes at the front, at most `size`.
  void drop(std::size_t count) {
    begin += count, size -= count;
    if (size == 0) begin = 0;
  }
  /// Moves what is held to the beginning of the memory.
  void compact() {
    if (begin != 0) std::memmove(memory.data(), memory.data() + begin, size);
    begin = 0;
  }
  /// Forgets all.
  void clear() { begin = size = 0; }
};

}  // namespace recado::transport
