// Minimum, mean, median, p99 and maximum of samples that lie in the caller's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace recado::device {

/// What many samples say together; all in the unit of the samples.
struct summary {
  std::uint32_t least = 0;           ///< the minimum
  std::uint32_t most = 0;            ///< the maximum
  std::uint32_t median = 0;          ///< of an even number the mean of the middle two, rounded down
  std::uint32_t p99 = 0;             ///< the smallest sample that at least 99 % do not exceed (nearest rank)
  std::uint32_t quarter = 0;         ///< the first quartile, by nearest rank
  std::uint32_t three_quarters = 0;  ///< the third quartile
  std::uint64_t total = 0;           ///< the sum of all
  std::size_t count = 0;             ///< how many samples there were

  /// The arithmetic mean, rounded down; 0 without samples.
  std::uint64_t mean() const { return count == 0 ? 0 : total / count; }
};

/// Summarises the samples, which are sorted in place. No samples: all zero.
summary summarise(std::span<std::uint32_t> samples);

}  // namespace recado::device
