// Sequences with a named upper bound, for code without a heap.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <span>
#include <string_view>

namespace recado {

/// Up to `Capacity` values of T in place. `push_back` beyond that returns false and changes nothing.
template <class T, std::size_t Capacity>
class fixed_vector {
 public:
  constexpr fixed_vector() = default;

  /// Puts a copy behind the others; false if there is no room.
  constexpr bool push_back(const T& value) {
    if (size_ == Capacity) return false;
    items_[size_++] = value;
    return true;
  }
  /// Takes the last one out; not when empty.
  constexpr void pop_back() {
    assert(size_ != 0);
    --size_;
  }
  /// Takes one out; those behind it move up.
  constexpr void erase(std::size_t index) {
    assert(index < size_);
    for (std::size_t i = index + 1; i < size_; ++i) items_[i - 1] = items_[i];
    --size_;
  }
  /// Empties it.
  constexpr void clear() { size_ = 0; }

  /// How many there are.
  constexpr std::size_t size() const { return size_; }
  /// True if there is none.
  constexpr bool empty() const { return size_ == 0; }
  /// True if there is no room for another.
  constexpr bool full() const { return size_ == Capacity; }
  /// How many there may be.
  static constexpr std::size_t capacity() { return Capacity; }

  /// One of them, by its place from 0.
  constexpr T& operator[](std::size_t index) {
    assert(index < size_);
    return items_[index];
  }
  /// One of them, by its place from 0.
  constexpr const T& operator[](std::size_t index) const {
    assert(index < size_);
    return items_[index];
  }
  /// The first; not when empty.
  constexpr T& front() { return (*this)[0]; }
  /// The first; not when empty.
  constexpr const T& front() const { return (*this)[0]; }
  /// The last; not when empty.
  constexpr T& back() { return (*this)[size_ - 1]; }
  /// The last; not when empty.
  constexpr const T& back() const { return (*this)[size_ - 1]; }
  /// For loops over all of them.
  constexpr T* begin() { return items_.data(); }
  /// For loops over all of them.
  constexpr T* end() { return items_.data() + size_; }
  /// For loops over all of them.
  constexpr const T* begin() const { return items_.data(); }
  /// For loops over all of them.
  constexpr const T* end() const { return items_.data() + size_; }
  /// All of them; valid until it is changed.
  constexpr operator std::span<const T>() const { return {items_.data(), size_}; }

  /// Item by item.
  constexpr bool operator==(const fixed_vector& other) const {
    if (size_ != other.size_) return false;
    for (std::size_t i = 0; i < size_; ++i)
      if (!(items_[i] == other.items_[i])) return false;
    return true;
  }

 private:
  std::array<T, Capacity> items_{};
  std::size_t size_ = 0;
};

/// Where the text of a `fixed_string` lies, whatever its capacity: what writes there is code once, not for each.
struct text_space {
  char* items;           ///< the first character
  std::size_t& size;     ///< how many there are
  std::size_t capacity;  ///< how many there may be

  /// Puts text behind it; false, and unchanged, if it has no room.
  constexpr bool append(std::string_view text) const {
    if (text.size() > capacity - size) return false;
    for (const char c : text) items[size++] = c;
    return true;
  }
};

/// Text of up to `Capacity` characters in place. `assign` of a longer one returns false and clears.
template <std::size_t Capacity>
class fixed_string {
 public:
  constexpr fixed_string() = default;

  /// Replaces the text; false, and empty, if it is too long.
  constexpr bool assign(std::string_view text) {
    size_ = 0;
    return append(text);
  }
  /// Puts text behind it; false, and unchanged, if it has no room.
  constexpr bool append(std::string_view text) { return space().append(text); }
  /// Where it lies; not beyond its life.
  constexpr text_space space() { return {items_.data(), size_, Capacity}; }
  /// Empties it.
  constexpr void clear() { size_ = 0; }
  /// The text; valid until it is changed.
  constexpr std::string_view view() const { return {items_.data(), size_}; }
  /// The same.
  constexpr operator std::string_view() const { return view(); }
  /// How many there are.
  constexpr std::size_t size() const { return size_; }
  /// True if there is none.
  constexpr bool empty() const { return size_ == 0; }
  /// How many there may be.
  static constexpr std::size_t capacity() { return Capacity; }
  /// Byte by byte.
  constexpr bool operator==(const fixed_string& other) const { return view() == other.view(); }

 private:
  std::array<char, Capacity> items_{};
  std::size_t size_ = 0;
};

}  // namespace recado
