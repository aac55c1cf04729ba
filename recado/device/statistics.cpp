#include <recado/device/statistics.hpp>

#include <algorithm>

namespace recado::device {
namespace {

/// The smallest sample that at least `percent` of all do not exceed.
std::uint32_t rank(std::span<const std::uint32_t> sorted, std::size_t percent) {
  const std::size_t place = (sorted.size() * percent + 99) / 100;
  return sorted[place == 0 ? 0 : place - 1];
}

}  // namespace

summary summarise(std::span<std::uint32_t> samples) {
  if (samples.empty()) return {};
  std::ranges::make_heap(samples);  // `sort` is half a kilobyte more, and the samples of one size are few
  std::ranges::sort_heap(samples);
  summary result;
  result.count = samples.size();
  result.least = samples.front();
  result.most = samples.back();
  const std::size_t middle = samples.size() / 2;
  const std::uint64_t upper = samples[middle];
  result.median = static_cast<std::uint32_t>(samples.size() % 2 == 1 ? upper : (samples[middle - 1] + upper) / 2);
  result.p99 = rank(samples, 99);
  result.quarter = rank(samples, 25);
  result.three_quarters = rank(samples, 75);
  for (const std::uint32_t each : samples) result.total += each;
  return result;
}

}  // namespace recado::device
