// Bytes that somebody wrote down as hexadecimal digits: by hand, in C, or by hexdump, xxd, od or a packet analyser.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace recado::capture {

/// Why a text isn't hexadecimal, and where (both from 1).
struct hex_trouble {
  std::string_view cause;  ///< half a sentence
  std::size_t line = 1;    ///< the line
  std::size_t column = 1;  ///< the octet in that line
};

/// True unless there are octets that no text of digits contains.
bool may_be_hex_text(std::string_view data);

/// Reads pairs of digits, with or without spaces, commas, colons, "0x", "\x", braces and quotes between them; what
/// stands behind '#' or "//" in a line is a comment. Offsets in front and characters behind are recognised and left
/// out, as xxd, hexdump (also -C), od -A x -t x1, tcpdump -X and Wireshark write them; offsets must be right. A line
/// "*" repeats the one before it up to the next offset, at most `hex_repeated_bytes_max` bytes in all.
std::expected<std::string, hex_trouble> read_hex(std::string_view text);
/// The most that lines with "*" may add, in bytes.
inline constexpr std::size_t hex_repeated_bytes_max = std::size_t{16} << 20;

}  // namespace recado::capture
