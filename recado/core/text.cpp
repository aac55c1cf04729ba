#include <recado/core/text.hpp>

#include <algorithm>

#include <recado/core/utf8.hpp>

namespace recado {

namespace {
constexpr char digit(std::uint64_t value) { return "0123456789abcdef"[value & 15]; }
}  // namespace

text_sink& text_sink::number(std::uint64_t value) { return number(value, 0); }

text_sink& text_sink::number(std::uint64_t value, std::size_t width, char fill) {
  char digits[20];
  std::size_t count = 0;
  do {
    digits[sizeof digits - ++count] = digit(value % 10);
    value /= 10;
  } while (value != 0);
  for (std::size_t i = count; i < width; ++i) *this << fill;
  write({digits + sizeof digits - count, count});
  return *this;
}

text_sink& text_sink::signed_number(std::int64_t value) {
  if (value >= 0) return number(static_cast<std::uint64_t>(value));
  *this << '-';
  return number(0 - static_cast<std::uint64_t>(value));
}

text_sink& text_sink::hex(std::uint64_t value, std::size_t digits) {
  for (std::size_t i = digits; i-- > 0;) *this << digit(i < 16 ? value >> (4 * i) : 0);
  return *this;
}

text_sink& text_sink::hex(bytes data, char separator) {
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (i != 0 && separator != 0) *this << separator;
    hex(std::to_integer<std::uint64_t>(data[i]), 2);
  }
  return *this;
}

text_sink& text_sink::quoted(bytes data) {
  *this << '"';
  while (!data.empty()) {
    const std::size_t length = utf8_sequence_length(data);
    const auto first = std::to_integer<unsigned char>(data[0]);
    if (first == '"' || first == '\\') {
      *this << '\\' << static_cast<char>(first);
    } else if (length == 0 || first < 0x20 || first == 0x7f || (first == 0xc2 && utf8_is_c1(data))) {
      *this << "\\x";
      hex(first, 2);
    } else {
      write(as_text(data.first(length)));
      data = data.subspan(length);
      continue;
    }
    data = data.subspan(1);
  }
  return *this << '"';
}

buffer_sink::buffer_sink(std::span<char> memory) : memory_(memory) {}

void buffer_sink::write(std::string_view text) {
  const std::size_t room = memory_.size() - size_;
  const std::size_t taken = std::min(room, text.size());
  std::copy_n(text.data(), taken, memory_.data() + size_);
  size_ += taken;
  truncated_ = truncated_ || taken < text.size();
}

}  // namespace recado
