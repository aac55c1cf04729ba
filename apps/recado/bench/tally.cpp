#include "tally.hpp"

#include <algorithm>

namespace recado::app::bench {

void tally::note_unusual(std::uint64_t number) {
  if (!begun_) begun_ = true, first_ = next_ = number;
  if (number >= next_) {
    skip_to(number);
    return note(number);
  }
  if (next_ - number >= window - 64) {  // too old to know: taken as one that was overtaken
    ++out_of_order_, ++different_;
  } else if ((word_of(number) & bit_of(number)) != 0) {
    ++duplicated_;
  } else {
    word_of(number) |= bit_of(number);
    ++out_of_order_, ++different_;
  }
  first_ = std::min(first_, number);
}

// The words between are of numbers that haven't come.
void tally::skip_to(std::uint64_t number) {
  const std::uint64_t words = std::min<std::uint64_t>(number / 64 - next_ / 64, seen_.size());
  for (std::uint64_t i = 0; i < words; ++i) word_of(number - 64 * i) = 0;
  if (next_ % 64 == 0) word_of(next_) = 0;
  next_ = number;
}

}  // namespace recado::app::bench
