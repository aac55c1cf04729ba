// A fault as its one line.
#pragma once

#include <string>

#include <recado/chain/words.hpp>

namespace recado::chain {

inline std::string line_of(const fault& what, std::string_view cause = {}) {
  char memory[1024];
  buffer_sink out{memory};
  describe(what, out, cause);
  return std::string{out.view()};
}

}  // namespace recado::chain
