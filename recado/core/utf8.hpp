// UTF-8 as Unicode 3.9 (table 3-7) and RFC 3629 define it: no surrogates, no overlong forms.
#pragma once

#include <cstddef>

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

}  // namespace recado
