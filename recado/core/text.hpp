// Writing text without a heap: what prints packets and errors on a board as on a PC.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <recado/core/bytes.hpp>

namespace recado {

/// Receives text in pieces. Printers write to it; consoles, strings and files implement it.
class text_sink {
 public:
  /// Takes a piece of text, of any length.
  virtual void write(std::string_view text) = 0;

  /// Writes it.
  text_sink& operator<<(std::string_view text) { return write(text), *this; }
  /// Writes it up to its zero.
  text_sink& operator<<(const char* text) { return write(text), *this; }
  /// Writes one character.
  text_sink& operator<<(char c) { return write({&c, 1}), *this; }
  text_sink& operator<<(bool) = delete;

  /// An unsigned number in decimal.
  text_sink& number(std::uint64_t value);
  /// The same, padded with `fill` on the left to `width` characters.
  text_sink& number(std::uint64_t value, std::size_t width, char fill = ' ');
  /// A signed number in decimal.
  text_sink& signed_number(std::int64_t value);
  /// A number in lower-case hexadecimal with exactly `digits` digits, without a prefix.
  text_sink& hex(std::uint64_t value, std::size_t digits);
  /// Bytes as lower-case hexadecimal, two digits each, with `separator` between them unless it is 0.
  text_sink& hex(bytes data, char separator = 0);
  /// Bytes as text in double quotes: printable ASCII and well-formed UTF-8 stay, the rest is `\xNN`.
  text_sink& quoted(bytes data);

 protected:
  ~text_sink() = default;
};

/// Text into memory that the caller owns; what doesn't fit is dropped and `truncated()` says so.
class buffer_sink final : public text_sink {
 public:
  /// The memory must outlive it.
  explicit buffer_sink(std::span<char> memory);
  /// What has no room is left out.
  void write(std::string_view text) override;
  /// What was written so far.
  std::string_view view() const { return {memory_.data(), size_}; }
  /// True if something had no room.
  bool truncated() const { return truncated_; }
  /// Begins anew.
  void clear() { size_ = 0, truncated_ = false; }

 private:
  std::span<char> memory_;
  std::size_t size_ = 0;
  bool truncated_ = false;
};

}  // namespace recado
