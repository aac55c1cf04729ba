// Lists of arguments, put together.
#pragma once

#include <string>
#include <vector>

namespace recado::test {

using words = std::vector<std::string>;

inline words operator+(words left, const words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

}  // namespace recado::test
