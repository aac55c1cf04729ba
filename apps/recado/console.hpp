// What the program prints: colours only where a person looks, and never a broken pipe as a crash.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <recado/core/text.hpp>

namespace recado::app {

/// What a piece of text means; the console decides whether and how that is coloured.
enum class style : std::uint8_t { plain, strong, faint, good, warning, bad, title };

/// A text sink over a file descriptor. It buffers a line on a terminal and more elsewhere; `flush` sends it.
class console final : public text_sink {
 public:
  /// Colours are used if `descriptor` is a terminal, NO_COLOR is unset or empty (no-color.org) and TERM isn't "dumb".
  explicit console(int descriptor);
  ~console() { flush(); }
  console(const console&) = delete;
  console& operator=(const console&) = delete;

  void write(std::string_view text) override;
  void flush();

  /// From now on `flush` writes no more than the descriptor takes at once, so that nobody waits for a slow reader: the
  /// rest is held. Beyond `held_bytes_max` the writer waits after all. SIGINT, SIGTERM and SIGHUP, which the caller has
  /// blocked and reads himself, end such a wait: what can't be written then is thrown away, and `write_error` is EINTR.
  void pace() { paced_ = true; }
  static constexpr std::size_t held_bytes_max = 64 << 20;
  /// Bytes that wait for room.
  std::size_t held() const { return buffer_.size() - at_; }
  /// Writes all, waiting for the reader as long as it takes.
  void drain();
  /// From now on nobody waits for the reader.
  void give_up() { given_up_ = true; }

  int descriptor() const { return descriptor_; }
  /// Bytes that it was given, flushed or not.
  std::uint64_t given() const { return given_; }
  /// True if a person looks: the place for progress that is redrawn in place.
  bool is_terminal() const { return terminal_; }
  bool has_colours() const { return colours_; }
  void use_colours(bool yes) { colours_ = yes; }
  /// The errno of the first write that failed, 0 if none did. EPIPE: the reader has gone, which is no error of
  /// ours; whoever prints for ever ends then.
  int write_error() const { return write_error_; }
  /// Columns of the terminal, 80 where there is none.
  unsigned columns() const;

 private:
  int descriptor_;
  bool terminal_;
  bool colours_;
  bool has_room(int wait_ms) const;
  bool write_some(std::size_t most);
  void wait_for_room();
  void drop();

  int write_error_ = 0;
  std::uint64_t given_ = 0;
  bool paced_ = false, given_up_ = false;
  std::string buffer_;
  std::size_t at_ = 0;  // what stands before it was written
};

/// Text with a meaning: `out() << painted{style::good, "done"} << '\n'`.
struct painted {
  style how = style::plain;
  std::string_view text;
};
console& operator<<(console& to, const painted& what);
template <class T>
console& operator<<(console& to, const T& value) {
  static_cast<text_sink&>(to) << value;
  return to;
}

/// A number with its noun, as in counted(2, "line", "lines").
std::string counted(std::uint64_t count, std::string_view one, std::string_view more);

/// Standard output: what the command was asked for.
console& out();
/// What to do where standard output can't be written to.
std::string_view remedy_of_output(int error);
/// Standard error: what went wrong, and progress.
console& err();

}  // namespace recado::app
