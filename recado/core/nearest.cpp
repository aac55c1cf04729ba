#include <recado/core/nearest.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace recado {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

using row = std::array<std::uint8_t, nearest_word_bytes_max + 1>;

std::string_view only_completion(std::string_view word, std::span<const std::string_view> known) {
  std::string_view found;
  for (const std::string_view candidate : known) {
    if (word.size() < 2 || !candidate.starts_with(word)) continue;
    if (!found.empty()) return {};
    found = candidate;
  }
  return found;
}

}  // namespace

// Optimal string alignment with the last three rows of its matrix: a word and a swap need no more.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  if (a.size() > nearest_word_bytes_max || b.size() > nearest_word_bytes_max) return 2 * nearest_word_bytes_max;
  row before{}, above{}, here{};
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = static_cast<std::uint8_t>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    here[0] = static_cast<std::uint8_t>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      std::size_t best = above[j - 1] + (same ? 0u : 1u);
      best = std::min({best, above[j] + std::size_t{1}, here[j - 1] + std::size_t{1}});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) best = std::min(best, before[j - 2] + std::size_t{1});
      here[j] = static_cast<std::uint8_t>(best);
    }
    before = above, above = here;
  }
  return above[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > nearest_word_bytes_max) return {};
  const std::size_t allowed = word.size() <= 4 ? 1 : 1 + (word.size() - 2) / 3;
  std::string_view found;
  std::size_t least = allowed + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < least && distance < candidate.size()) least = distance, found = candidate;
  }
  return found.empty() ? only_completion(word, known) : found;
}

}  // namespace recado
