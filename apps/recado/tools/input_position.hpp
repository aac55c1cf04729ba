// How much of its standard input `recado pub --session` has taken over, as the journal's note says it: the next run
// with the same input goes on there. An input is the same if its first lines are, by their checksum.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <recado/store/record.hpp>

namespace recado::app::tools {

struct input_position {
  std::uint64_t line = 0;      ///< so many lines were taken, for all topics,
  std::uint16_t topic = 0;     ///< and the next one for so many of them
  bool ended = false;          ///< there was no further line
  bool open = false;           ///< the last of them had no line feed yet: more of it may come
  std::uint32_t checksum = 0;  ///< CRC-32C of those lines, each with a line feed
  constexpr bool operator==(const input_position&) const = default;
};

store::note note_of(const input_position& what);
/// Nothing if the note says something else: nothing was taken, or it is of a subscriber's output.
std::optional<input_position> input_position_of(const store::note& what);

/// The checksum goes on over a line.
std::uint32_t checksum_with(std::string_view line, std::uint32_t so_far);
/// How much of a line makes the checksum `wanted` behind `so_far`: of one that has grown since, the part that was
/// there.
std::optional<std::size_t> part_with(std::string_view line, std::uint32_t so_far, std::uint32_t wanted);

/// Whether an input begins with the lines of a position; `unknown` if it can't be read beforehand (it is no file).
enum class same_input : std::uint8_t { yes, no, unknown };
/// Reads from where the file stands, and leaves it there. `seed` is the checksum of no lines.
same_input begins_with(int file, const input_position& lines, std::uint32_t seed);

}  // namespace recado::app::tools
