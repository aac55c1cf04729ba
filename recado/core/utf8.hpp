// UTF-8 as Unicode 3.9 (table 3-7) and RFC 3629 define it: no surrogates, no overlong forms.
#pragma once

#include <cstddef>
#include <cstdint>

#include <recado/core/bytes.hpp>

namespace recado {

/// The length (1 to 4) of the well-formed UTF-8 sequence at the front of `data`, or 0 if there is none.
std::size_t utf8_sequence_length(bytes data);

/// True if the well-formed two-byte sequence at the front encodes a C1 control character (U+0080 to U+009F).
inline bool utf8_is_c1(bytes data) {
  return data.size() > 1 && data[0] == std::byte{0xc2} && data[1] < std::byte{0xa0};
}

/// True if all of `data` is well-formed UTF-8. U+0000 counts as well-formed.
bool is_utf8(bytes data);

/// The same for a text that comes in pieces, cut anywhere.
class utf8_check {
 public:
  void add(bytes piece);  ///< Looks at the next bytes of the text.
  /// True if all pieces together are well-formed.
  bool well_formed() const { return left_ == 0; }
  /// True if no more pieces could make them so.
  bool is_broken() const { return left_ == broken; }

 private:
  static constexpr std::uint8_t broken = 0xff;
  std::uint8_t left_ = 0;           // bytes that are missing of a character, or `broken`
  std::uint8_t min_ = 0, max_ = 0;  // what the next one of them may be
};

}  // namespace recado
