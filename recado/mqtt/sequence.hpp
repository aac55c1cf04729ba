// A list as a packet carries it: the caller's values on the way out, the wire's bytes in place on the way in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/dissolve.hpp>
#include <recado/mqtt/limits.hpp>

namespace recado::mqtt {

class encode_walker;

/// How one value of a list stands on the wire. Each T has a specialisation with two functions:
/// `write(out, value)` tells it to an `encode_walker`, and `read(at, end, value)` returns the end of what it read (of
/// validated bytes).
template <class T>
struct wire_item;

/// A borrowed list of T, either of values or of validated bytes of a packet; both read the same. What it
/// refers to must outlive it.
template <class T>
class sequence {
 public:
  /// Walks over the values; valid while the list is.
  class iterator {
   public:
    using value_type = T;                               ///< as the standard library asks for it
    using difference_type = std::ptrdiff_t;             ///< as the standard library asks for it
    using iterator_category = std::input_iterator_tag;  ///< as the standard library asks for it
    /// The end of any list.
    iterator() = default;
    /// The first value.
    explicit iterator(const sequence* part) : part_(part->empty() ? nullptr : part) { enter(); }
    /// The value; until the next step.
    const T& operator*() const { return value_; }
    /// The value; until the next step.
    const T* operator->() const { return &value_; }
    /// To the next.
    iterator& operator++() {
      advance();
      return *this;
    }
    /// To the next.
    iterator operator++(int) {
      iterator before = *this;
      advance();
      return before;
    }
    /// True at the same place.
    bool operator==(const iterator& other) const { return part_ == other.part_ && at_ == other.at_; }

   private:
    void enter() {
      at_ = 0;
      if (part_ != nullptr) load();
    }
    void load() {
      if (part_->raw_ == 0) {
        value_ = static_cast<const T*>(part_->data_)[at_];
        after_ = at_ + 1;
      } else {
        const auto* begin = static_cast<const std::byte*>(part_->data_);
        after_ = static_cast<std::uint32_t>(wire_item<T>::read(begin + at_, begin + part_->count_, value_) - begin);
      }
    }
    RECADO_MQTT_DISSOLVING void advance() {
      at_ = after_;
      if (at_ < part_->count_) return load();
      part_ = part_->next_;
      enter();
    }
    const sequence* part_ = nullptr;
    std::uint32_t at_ = 0;
    std::uint32_t after_ = 0;
    T value_{};
  };

  /// Empty.
  constexpr sequence() = default;
  /// A list of the caller's values.
  constexpr sequence(std::span<const T> values)
      : data_(values.data()), count_(static_cast<std::uint32_t>(values.size())) {}
  /// The same of an array.
  template <std::size_t N>
  constexpr sequence(const T (&values)[N]) : sequence(std::span<const T>{values}) {}
  /// Bytes of a packet that were validated before.
  static constexpr sequence of_wire(bytes validated) {
    sequence result;
    result.data_ = validated.data(), result.count_ = static_cast<std::uint32_t>(validated.size()), result.raw_ = 1;
    return result;
  }

  /// True if there is none.
  constexpr bool empty() const { return count_ == 0; }
  /// Empties it.
  constexpr void clear() { count_ = 0, next_ = nullptr; }
  /// For loops over the values.
  iterator begin() const { return iterator{this}; }
  /// For loops over the values.
  iterator end() const { return {}; }
  /// How many values it holds (counted).
  std::size_t count() const {
    std::size_t result = 0;
    for (auto at = begin(); at != end(); ++at) ++result;
    return result;
  }
  /// Value by value, in their order.
  bool operator==(const sequence& other) const {
    auto a = begin(), b = other.begin();
    for (; a != end() && b != other.end(); ++a, ++b)
      if (!(*a == *b)) return false;
    return a == end() && b == other.end();
  }

 protected:
  /// From now on `rest`, which must outlive this list, lies behind it.
  void append(const sequence& rest) { next_ = rest.empty() ? nullptr : &rest; }

 private:
  friend encode_walker;

  const void* data_ = nullptr;
  const sequence* next_ = nullptr;
  std::uint32_t count_ = 0;  // values, or bytes if raw_
  std::uint32_t raw_ = 0;    // a flag as wide as the padding would be, so that copying means whole words
};

}  // namespace recado::mqtt
