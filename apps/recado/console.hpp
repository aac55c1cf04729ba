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

  /// From now on a full pipe doesn't hold up SIGINT and SIGTERM, which the caller has blocked and reads himself: what
  /// can't be written then is thrown away, and `write_error` is EINTR.
  void heed_signals() { heeds_signals_ = true; }

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
  bool has_room() const;

  int write_error_ = 0;
  std::uint64_t given_ = 0;
  bool heeds_signals_ = false;
  std::string buffer_;
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

/// Standard output: what the command was asked for.
console& out();
/// Standard error: what went wrong, and progress.
console& err();

}  // namespace recado::app
