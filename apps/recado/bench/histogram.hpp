// Times in microseconds, counted in classes that are 1/128 of their value wide or narrower.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace recado::app::bench {

class histogram {
 public:
  void add(std::int64_t microseconds) {
    const auto value = static_cast<std::uint64_t>(std::clamp<std::int64_t>(microseconds, 0, longest));
    ++counts_[place_of(value)];
    ++total_;
    most_ = std::max(most_, value);
  }
  std::uint64_t total() const { return total_; }
  std::uint64_t most() const { return most_; }
  /// What `share` (0 to 1) of the values don't exceed.
  std::uint64_t quantile(double share) const {
    const double wanted = share * static_cast<double>(total_);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      below += counts_[i];
      if (below != 0 && static_cast<double>(below) >= wanted) return std::min(most_, highest_of(i));
    }
    return most_;
  }

 private:
  static constexpr unsigned fine_bits = 7;  // of precision
  static constexpr std::uint64_t fine = 1U << fine_bits;
  static constexpr std::int64_t longest = (std::int64_t{1} << 40) - 1;  // twelve days

  static std::size_t place_of(std::uint64_t value) {
    if (value < 2 * fine) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - fine_bits - 1;
    return shift * fine + (value >> shift);
  }
  static std::uint64_t highest_of(std::size_t place) {
    if (place < 2 * fine) return place;
    const std::size_t shift = place / fine - 1;
    return ((place - shift * fine + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (40 - fine_bits + 1) * fine> counts_{};
  std::uint64_t total_ = 0, most_ = 0;
};

}  // namespace recado::app::bench
