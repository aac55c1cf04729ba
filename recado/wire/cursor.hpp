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
  constexpr explicit reader(bytes data) : begin_(data.data()), at_(begin_), end_(begin_ + data.size()) {}

  template <std::unsigned_integral T>
  constexpr T number() {
    if (remaining() < sizeof(T)) return fail(), T{};
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value = value << 8 | std::to_integer<std::uint64_t>(at_[i]);
    at_ += sizeof(T);
    return static_cast<T>(value);
  }
  constexpr std::uint8_t u8() { return number<std::uint8_t>(); }
  constexpr std::uint16_t u16() { return number<std::uint16_t>(); }
  constexpr std::uint32_t u32() { return number<std::uint32_t>(); }
  constexpr std::uint64_t u64() { return number<std::uint64_t>(); }

  /// The next `count` bytes, in place; empty and failed if there are fewer.
  constexpr bytes take(std::size_t count) {
    if (remaining() < count) return fail(), bytes{};
    const bytes result{at_, count};
    at_ += count;
    return result;
  }
  constexpr bytes rest() const { return {at_, remaining()}; }
  constexpr std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  constexpr std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  constexpr bool failed() const { return failed_; }
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
  constexpr explicit writer(mutable_bytes memory)
      : begin_(memory.data()), at_(begin_), end_(begin_ + memory.size()) {}

  template <std::unsigned_integral T>
  constexpr void number(T value) {
    if (room() < sizeof(T)) return fail();
    for (std::size_t i = 0; i < sizeof(T); ++i)
      at_[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * (sizeof(T) - 1 - i)) & 0xff);
    at_ += sizeof(T);
  }
  constexpr void u8(std::uint8_t value) { number(value); }
  constexpr void u16(std::uint16_t value) { number(value); }
  constexpr void u32(std::uint32_t value) { number(value); }
  constexpr void u64(std::uint64_t value) { number(value); }

  void put(bytes data) {
    if (room() < data.size()) return fail();
    copy(data, {at_, data.size()});
    at_ += data.size();
  }
  void fill(std::size_t count, std::byte value = std::byte{0}) {
    if (room() < count) return fail();
    for (std::size_t i = 0; i < count; ++i) at_[i] = value;
    at_ += count;
  }
  constexpr std::size_t room() const { return static_cast<std::size_t>(end_ - at_); }
  constexpr std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  /// What was written so far.
  constexpr mutable_bytes written() const { return {begin_, offset()}; }
  constexpr bool failed() const { return failed_; }
  constexpr void fail() { failed_ = true, end_ = at_; }

 private:
  std::byte* begin_;
  std::byte* at_;
  std::byte* end_;
  bool failed_ = false;
};

}  // namespace recado::wire
