// Memory out of one piece that is given once: what Mbed TLS has instead of a heap.
#pragma once

#include <array>

#include <recado/core/bytes.hpp>

namespace recado::tls::mbedtls {

/// How much of the pool is and was in use, in bytes, with what each block costs.
struct pool_usage {
  std::size_t size = 0;           ///< all of it
  std::size_t used = 0;           ///< taken now
  std::size_t high_water = 0;     ///< the most that was ever taken at once
  std::size_t taken_count = 0;    ///< how often memory was taken
  std::size_t refused_count = 0;  ///< how often there was none
};

/// Blocks of any size, joined again when they are given back. Free blocks lie in lists by the power of two of their
/// size, so that taking and giving back are a few steps, as the arithmetic of Mbed TLS needs it.
class pool {
 public:
  /// Works in `memory` from now on, whatever it worked in before.
  void give(mutable_bytes memory);
  /// Memory of at least `size` bytes, not cleared; null if there is none.
  void* take(std::size_t size);
  /// Gives back what `take` gave, or nothing if it is null.
  void release(void* memory);
  /// See `pool_usage`.
  const pool_usage& usage() const { return usage_; }

 private:
  static constexpr std::size_t granule = 2 * sizeof(void*);
  static constexpr std::size_t classes = 8 * sizeof(void*);
  struct block {
    std::size_t size;    // of the whole block; the lowest bit says that it is taken
    std::size_t before;  // size of the block before this one, 0 for the first
    block* next;         // only while it is free
    block* previous;
  };
  static constexpr std::size_t header = 2 * sizeof(std::size_t);
  static constexpr std::size_t smallest = header + granule;

  static std::size_t class_of(std::size_t size);
  static bool taken(const block* one) { return (one->size & 1) != 0; }
  block* after(block* one) const;
  void put(block* one);
  void drop(block* one);
  block* find(std::size_t size);
  void split(block* one, std::size_t size);

  std::byte* begin_ = nullptr;
  std::byte* end_ = nullptr;
  std::array<block*, classes> free_{};
  std::size_t nonempty_ = 0;  // a bit for each list with something in it
  pool_usage usage_;
};

}  // namespace recado::tls::mbedtls
