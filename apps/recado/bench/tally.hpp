// Which of a sender's numbered messages came: lost, duplicated, out of order.
#pragma once

#include <array>
#include <cstdint>

namespace recado::app::bench {

class tally {
 public:
  /// The message with this number came.
  void note(std::uint64_t number) {
    if (number != next_ || !begun_) [[unlikely]]
      return note_unusual(number);
    if (number % 64 == 0) word_of(number) = 0;
    word_of(number) |= bit_of(number);
    ++next_, ++different_;
  }
  /// Different messages that came.
  std::uint64_t different() const { return different_; }
  /// Those missing among the first that came and the last.
  std::uint64_t lost() const { return next_ - first_ > different_ ? next_ - first_ - different_ : 0; }
  /// Those that came once more.
  std::uint64_t duplicated() const { return duplicated_; }
  /// Those that came behind one with a higher number.
  std::uint64_t out_of_order() const { return out_of_order_; }

 private:
  static constexpr std::uint64_t window = 65'536;  // numbers behind the highest that are remembered

  std::uint64_t& word_of(std::uint64_t number) { return seen_[number / 64 % seen_.size()]; }
  static std::uint64_t bit_of(std::uint64_t number) { return std::uint64_t{1} << number % 64; }
  void note_unusual(std::uint64_t number);
  void skip_to(std::uint64_t number);

  std::uint64_t first_ = 0, next_ = 0;
  std::uint64_t different_ = 0, duplicated_ = 0, out_of_order_ = 0;
  bool begun_ = false;
  std::array<std::uint64_t, window / 64> seen_{};
};

}  // namespace recado::app::bench
