// Packed texts: ASCII in which a byte of 0x80 or more stands for a fragment, something that such texts say often. The
// compiler packs them, with the longest fragment that fits; `unpack` writes them.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <recado/core/text.hpp>

namespace recado {
namespace packing {

/// The fragments, the longer ones first, each with a bar at its end.
inline constexpr std::string_view fragments =
    "its of strength|a DHCP reply |in PEM or DER|not supported|signed by an |the server's |certificate |"
    "longer than |there is no |authenticat|certificate|the server |DNS server|NTP server|check the |nder 112 b|"
    "signature |acknowled|authority|can't be |another |doesn't |unknown |without |address|client |configu|"
    "connect|dentifi|interfa|larger |network|of the |rotocol|session|speaks |, and |a new |check |messag|"
    "server|storag|topic | and |, or |DHCP |able |allow|error|give |given|host |memor|name |that |the p|this |"
    "valid|with | is | or |TLS |acke|and |answ|ave |brok|for |has |ing |ion |its |key |n't |not |one |sign|"
    "the |time|too |was |'s |an |as |be |ed |er |ers|es |for|in |ion|is |it |mor|no |of |or |por|rec|sen|to |"
    "a |ar|as|at|ce|d |de|e |ed|en|er|in|is|le|li|lo|ma|on|or|re|s |se|st|t |th|y |";

/// The fragments one by one, and those with the same first character linked in their order: so the compiler finds them
/// fast.
struct fragment_list {
  static constexpr unsigned most = 128, none = most;
  unsigned short begin[most + 1] = {};  ///< where each begins in `fragments`; it ends before the bar
  unsigned char first[128] = {};        ///< the first with that first character, or `none`
  unsigned char next[most] = {};        ///< the next with the same one, or `none`
};

/// Splits `fragments`.
consteval fragment_list listed() {
  fragment_list list;
  for (auto& each : list.first) each = fragment_list::none;
  unsigned count = 0;
  for (std::size_t i = 0; i < fragments.size(); ++i)
    if (fragments[i] == '|') list.begin[++count] = static_cast<unsigned short>(i + 1);
  for (unsigned k = count; k-- > 0;) {
    unsigned char& first = list.first[static_cast<unsigned>(fragments[list.begin[k]])];
    list.next[k] = first;
    first = static_cast<unsigned char>(k);
  }
  return list;
}

/// A text of which `size` bytes are used.
template <std::size_t Room>
struct packed_text {
  char bytes[Room] = {};
  std::size_t size = 0;
};

/// A literal as an argument of templates.
template <std::size_t Size>
struct literal {
  char text[Size];
  consteval literal(const char (&from)[Size]) {
    for (std::size_t i = 0; i < Size; ++i) text[i] = from[i];
  }

  /// Packed, with its zero.
  consteval packed_text<Size> packed() const {
    constexpr fragment_list list = listed();
    const char* const known = fragments.data();
    packed_text<Size> result;
    for (std::size_t at = 0; at < Size;) {
      unsigned k = list.first[static_cast<unsigned>(text[at])];
      std::size_t length = 0;
      for (; k != fragment_list::none; k = list.next[k]) {
        length = list.begin[k + 1] - list.begin[k] - 1u;
        std::size_t same = 0;
        while (same < length && at + same < Size && text[at + same] == known[list.begin[k] + same]) ++same;
        if (same == length) break;
      }
      const bool found = k != fragment_list::none;
      result.bytes[result.size++] = found ? static_cast<char>(0x80 + k) : text[at];
      at += found ? length : 1;
    }
    return result;
  }
};

/// The packed text alone.
template <literal Text>
inline constexpr auto packed = [] {
  constexpr auto whole = Text.packed();
  std::array<char, whole.size> result{};
  for (std::size_t i = 0; i < whole.size; ++i) result[i] = whole.bytes[i];
  return result;
}();

}  // namespace packing

/// Writes a packed text up to its zero.
void unpack(const char* text, text_sink& out);

}  // namespace recado
