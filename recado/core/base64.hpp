// Base64 as RFC 4648 §4 defines it: with padding, without line breaks, one spelling for each value.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <recado/core/bytes.hpp>

namespace recado {

/// The length of `size` bytes in base64.
constexpr std::size_t base64_size(std::size_t size) { return (size + 2) / 3 * 4; }

/// Writes `data` to the front of `out`, which has at least `base64_size(data.size())` bytes; returns its length.
std::size_t base64_encode(bytes data, mutable_bytes out);

/// Reads all of `text` into `out` and returns the length; nothing if a character doesn't belong there, the padding or
/// the unused bits are wrong (RFC 4648 §3.5), or `out` is too small.
std::optional<std::size_t> base64_decode(std::string_view text, mutable_bytes out);

}  // namespace recado
