#include <sim/shrink.hpp>

#include <algorithm>

namespace recado::sim {

// Delta debugging (Zeller and Hildebrandt 2002): pieces of halving size are left out as long as the life still fails.
plan shrink(plan all, const std::function<void(std::size_t)>& tell) {
  for (std::size_t piece = std::max<std::size_t>(all.mishaps.size() / 2, 1); !all.mishaps.empty();) {
    bool smaller = false;
    for (std::size_t at = 0; at < all.mishaps.size();) {
      plan less = all;
      const std::size_t end = std::min(at + piece, less.mishaps.size());
      less.mishaps.erase(less.mishaps.begin() + static_cast<std::ptrdiff_t>(at),
                         less.mishaps.begin() + static_cast<std::ptrdiff_t>(end));
      if (live(less).violation.empty()) {
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

}  // namespace recado::sim
