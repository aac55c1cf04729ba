// Reading and writing big-endian fields with one check each and an error that sticks.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <recado/core/bytes.hpp>

namespace recado::wire {

/// Reads from the front of borrowed bytes. Reading past the end yields zeros and `failed()`.
class reader {
 public:
  /// Reads from the first byte of `data`, which must outlive it.
  constexpr explicit reader(bytes data) : begin_(data.data()), at_(begin_), end_(begin_ + data.size()) {}

  /// The next number in network byte order; 0 and failed if too few bytes are left.
  template <std::unsigned_integral T>
  constexpr T number() {
    if (remaining() < sizeof(T)) return fail(), T{};
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value = value << 8 | std::to_integer<std::uint64_t>(at_[i]);
    at_ += sizeof(T);
    return static_cast<T>(value);
  }
  constexpr std::uint8_t u8() { return number<std::uint8_t>(); }     ///< the next number of that width
  constexpr std::uint16_t u16() { return number<std::uint16_t>(); }  ///< the next number of that width
  constexpr std::uint32_t u32() { return number<std::uint32_t>(); }  ///< the next number of that width
  constexpr std::uint64_t u64() { return number<std::uint64_t>(); }  ///< the next number of that width

  /// The next `count` bytes, in place; empty and failed if there are fewer.
  constexpr bytes take(std::size_t count) {
    if (remaining() < count) return fail(), bytes{};
    const bytes result{at_, count};
    at_ += count;
    return result;
  }
  /// What hasn't been read.
  constexpr bytes rest() const { return {at_, remaining()}; }
  /// How many bytes that is.
  constexpr std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  /// How many bytes have been read.
  constexpr std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  /// True once something was read beyond the end, or by `fail`.
  constexpr bool failed() const { return failed_; }
  /// Gives up: nothing is left to be read.
  constexpr void fail() { failed_ = true, at_ = end_; }

 private:
  const std::byte* begin_;
  const std::byte* at_;
  const std::byte* end_;
  bool failed_ = false;
};

/// Writes to the front of memory that the caller owns. What doesn't fit is not written and `failed()`.
class writer {
 public:
  /// Writes from the first byte of `memory`, which must outlive it.
  constexpr explicit writer(mutable_bytes memory)
      : begin_(memory.data()), at_(begin_), end_(begin_ + memory.size()) {}

  /// Writes a number in network byte order, whole or not at all.
  template <std::unsigned_integral T>
  constexpr void number(T value) {
    if (room() < sizeof(T)) return fail();
    for (std::size_t i = 0; i < sizeof(T); ++i)
      at_[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * (sizeof(T) - 1 - i)) & 0xff);
    at_ += sizeof(T);
  }
  constexpr void u8(std::uint8_t value) { number(value); }    ///< of that width
  constexpr void u16(std::uint16_t value) { number(value); }  ///< of that width
  constexpr void u32(std::uint32_t value) { number(value); }  ///< of that width
  constexpr void u64(std::uint64_t value) { number(value); }  ///< of that width

  /// Writes these bytes, all or none.
  void put(bytes data) {
    if (room() < data.size()) return fail();
    copy(data, {at_, data.size()});
    at_ += data.size();
  }
  /// Writes `count` times the same byte, all or none.
  void fill(std::size_t count, std::byte value = std::byte{0}) {
    if (room() < count) return fail();
    for (std::size_t i = 0; i < count; ++i) at_[i] = value;
    at_ += count;
  }
  /// How many bytes still fit.
  constexpr std::size_t room() const { return static_cast<std::size_t>(end_ - at_); }
  /// How many bytes were written.
  constexpr std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  /// What was written so far.
  constexpr mutable_bytes written() const { return {begin_, offset()}; }
  /// True once something didn't fit, or by `fail`.
  constexpr bool failed() const { return failed_; }
  /// Gives up: nothing fits any more.
  constexpr void fail() { failed_ = true, end_ = at_; }

 private:
  std::byte* begin_;
  std::byte* at_;
  std::byte* end_;
  bool failed_ = false;
};

}  // namespace recado::wire
