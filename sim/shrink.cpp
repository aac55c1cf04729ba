#include <sim/shrink.hpp>

#include <algorithm>
#include <cinttypes>

namespace recado::sim {

std::string kind_of(const std::string& violation) {
  std::string kind = violation;
  std::erase_if(kind, [](char one) { return one >= '0' && one <= '9'; });
  return kind;
}

// Delta debugging (Zeller and Hildebrandt 2002): pieces of halving size are left out as long as the life still fails.
plan shrink(plan all, const std::string& kind, const std::function<void(std::size_t)>& tell) {
  for (std::size_t piece = std::max<std::size_t>(all.mishaps.size() / 2, 1); !all.mishaps.empty();) {
    bool smaller = false;
    for (std::size_t at = 0; at < all.mishaps.size();) {
      plan less = all;
      const std::size_t end = std::min(at + piece, less.mishaps.size());
      less.mishaps.erase(less.mishaps.begin() + static_cast<std::ptrdiff_t>(at),
                         less.mishaps.begin() + static_cast<std::ptrdiff_t>(end));
      if (kind_of(live(less).violation) != kind) {
        at += piece;
        continue;
      }
      all = std::move(less);
      smaller = true;
      tell(all.mishaps.size());
    }
    if (piece == 1 && !smaller) break;
    piece = std::max<std::size_t>(piece / 2, 1);
  }
  return all;
}

outcome live_least(std::uint64_t seed, bool traces) {
  plan all = make_plan(seed);
  const outcome whole = live(all);
  if (whole.violation.empty()) return whole;
  insert(all, whole.added);
  all.adds = false;  // the least life has fewer faults than others: that is the point
  const std::size_t before = all.mishaps.size();
  all = shrink(std::move(all), kind_of(whole.violation),
               [](std::size_t left) { std::fprintf(stderr, "still fails with %zu mishaps\n", left); });
  std::printf("seed %" PRIu64 ": %zu of %zu mishaps are needed\n", seed, all.mishaps.size(), before);
  if (!traces) std::fputs(print(all).c_str(), stdout);
  return live(all, traces ? stdout : nullptr);
}

}  // namespace recado::sim
