// JSON (RFC 8259) on one line, written as it comes.
#pragma once

#include <cstdint>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/core/text.hpp>

namespace recado::capture {

/// Members and elements in the order of the calls. A key is empty for the elements of an array and the outermost value.
class json_writer {
 public:
  /// Writes to `out`, which must outlive it.
  explicit json_writer(text_sink& out) : out_(out) {}

  /// Opens an object.
  void begin_object(std::string_view key = {}) { open(key, '{'); }
  /// Closes the innermost one.
  void end_object() { close('}'); }
  /// Opens an array.
  void begin_array(std::string_view key = {}) { open(key, '['); }
  /// Closes the innermost one.
  void end_array() { close(']'); }
  /// Text that isn't well-formed UTF-8 becomes hexadecimal digits, under the key with "_hex" behind it.
  void text(std::string_view key, std::string_view value);
  /// A number, in decimal.
  void number(std::string_view key, std::uint64_t value);
  /// One that may be negative.
  void signed_number(std::string_view key, std::int64_t value);
  /// True or false.
  void boolean(std::string_view key, bool value);
  /// Ends the line.
  void end_line() { out_ << '\n', first_ = true; }

 private:
  void name(std::string_view key, std::string_view suffix = {});
  void open(std::string_view key, char bracket);
  void close(char bracket);
  void quoted(std::string_view text);

  text_sink& out_;
  bool first_ = true;
};

}  // namespace recado::capture
