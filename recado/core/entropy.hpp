// Randomness as an argument.
#pragma once

#include <cstdint>

#include <recado/core/bytes.hpp>

namespace recado {

/// A source of random bytes that nobody can predict. Boards give a hardware generator, drivers the
/// operating system's, tests a seeded one. A source that fails must not return.
class entropy {
 public:
  /// Fills all of `out`.
  virtual void fill(mutable_bytes out) = 0;

  std::uint16_t u16() { return take<std::uint16_t>(); }  ///< 16 random bits.
  std::uint32_t u32() { return take<std::uint32_t>(); }  ///< 32 random bits.
  std::uint64_t u64() { return take<std::uint64_t>(); }  ///< 64 random bits.
  /// A number in [0, bound), without bias; 0 if bound is 0.
  std::uint64_t below(std::uint64_t bound) {
    if (bound < 2) return 0;
    const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % bound;
    std::uint64_t value = u64();
    while (value >= limit) value = u64();
    return value % bound;
  }

 protected:
  ~entropy() = default;

 private:
  template <class T>
  T take() {
    T value{};
    fill(std::as_writable_bytes(std::span{&value, 1}));
    return value;
  }
};

}  // namespace recado
