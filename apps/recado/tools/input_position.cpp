#include "input_position.hpp"

#include <array>
#include <cerrno>
#include <string>

#include <recado/store/crc32c.hpp>

#include <sys/stat.h>
#include <unistd.h>

namespace recado::app::tools {
namespace {

// The second number of the note: topic 16, ended 1, open 1, unused 13, checksum 32, and the mark of an input 1. A
// subscriber has the length of a file there, which never reaches the mark.
constexpr std::uint64_t mark_input = std::uint64_t{1} << 63, mark_ended = std::uint64_t{1} << 16,
                        mark_open = std::uint64_t{1} << 17;
constexpr unsigned checksum_shift = 31;

}  // namespace

store::note note_of(const input_position& what) {
  return {what.line, mark_input | std::uint64_t{what.checksum} << checksum_shift | (what.ended ? mark_ended : 0U) |
                         (what.open ? mark_open : 0U) | std::uint64_t{what.topic}};
}

std::optional<input_position> input_position_of(const store::note& what) {
  if ((what.second & mark_input) == 0) return std::nullopt;
  return input_position{.line = what.first,
                        .topic = static_cast<std::uint16_t>(what.second),
                        .ended = (what.second & mark_ended) != 0,
                        .open = (what.second & mark_open) != 0,
                        .checksum = static_cast<std::uint32_t>(what.second >> checksum_shift)};
}

std::uint32_t checksum_with(std::string_view line, std::uint32_t so_far) {
  return store::crc32c(as_bytes("\n"), store::crc32c(as_bytes(line), so_far));
}

std::optional<std::size_t> part_with(std::string_view line, std::uint32_t so_far, std::uint32_t wanted) {
  for (std::size_t size = 0;; ++size) {
    if (store::crc32c(as_bytes("\n"), so_far) == wanted) return size;
    if (size == line.size()) return std::nullopt;
    so_far = store::crc32c(as_bytes(line.substr(size, 1)), so_far);
  }
}

same_input begins_with(int file, const input_position& lines, std::uint32_t seed) {
  struct ::stat kind {};
  if (::fstat(file, &kind) != 0 || !S_ISREG(kind.st_mode)) return same_input::unknown;
  ::off_t at = ::lseek(file, 0, SEEK_CUR);
  if (at < 0) return same_input::unknown;
  std::array<char, 65'536> part;
  std::string last;  // line, if it was open
  std::uint32_t sum = seed;
  std::uint64_t count = 0;
  const std::uint64_t whole = lines.open && lines.line != 0 ? lines.line - 1 : lines.line;
  bool within = false;  // a line
  for (bool more = true; more && (count < whole || lines.open);) {
    ::ssize_t got;
    do got = ::pread(file, part.data(), part.size(), at);
    while (got < 0 && errno == EINTR);
    if (got < 0) return same_input::unknown;
    if (got == 0) break;
    at += got;
    for (std::string_view rest{part.data(), static_cast<std::size_t>(got)}; more && !rest.empty();) {
      const std::size_t end = rest.find('\n');
      const std::string_view piece = rest.substr(0, end == rest.npos ? end : end + 1);
      if (count == whole) last += rest.substr(0, end);
      else sum = store::crc32c(as_bytes(piece), sum);
      within = end == rest.npos;
      if (!within) more = count++ != whole && (count < whole || lines.open);
      rest.remove_prefix(piece.size());
    }
  }
  if (lines.open) return part_with(last, sum, lines.checksum) ? same_input::yes : same_input::no;
  if (within) sum = store::crc32c(as_bytes("\n"), sum), ++count;  // a last line without its line feed
  return count == lines.line && sum == lines.checksum ? same_input::yes : same_input::no;
}

}  // namespace recado::app::tools
