// The mark that some editors put in front of a text in UTF-8. Unicode 23.8: it says nothing there and is no part of it.
#pragma once

#include <string_view>

namespace recado {

/// The text of a file without the mark (EF BB BF) in front of it, which nobody sees.
constexpr std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

}  // namespace recado
