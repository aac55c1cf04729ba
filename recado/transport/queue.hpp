// Bytes in order in memory that the caller owns.
#pragma once

#include <algorithm>
#include <cstring>

#include <recado/core/bytes.hpp>

namespace recado::transport {

/// What is held keeps its place until all in front of it is gone, but for `compact`.
struct queue {
  mutable_bytes memory;
  std::size_t begin = 0;
  std::size_t size = 0;

  bytes held() const { return memory.subspan(begin, size); }
  std::size_t room() const { return memory.size() - begin - size; }
  std::size_t append(bytes data) {
    const std::size_t count = std::min(data.size(), room());
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
  void clear() { begin = size = 0; }
};

}  // namespace recado::transport
