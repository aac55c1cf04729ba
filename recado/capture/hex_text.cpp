#include <recado/capture/hex_text.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace recado::capture {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::string_view separators = " \t,:;-{}[]()\"'\\";

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return digit(c) >= 0; });
}

std::uint64_t number_of(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) value = value << 4 | static_cast<unsigned>(digit(c));
  return value;
}

/// One group of digits and where it begins in its line.
struct word {
  std::string_view text;
  std::size_t column = 0;
  bool prefixed = false;  ///< by 0x
};

std::vector<word> words_of(std::string_view line, std::size_t column) {
  std::vector<word> result;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(separators, at)) != line.npos) {
    const std::size_t end = std::min(line.find_first_of(separators, at), line.size());
    word one{line.substr(at, end - at), column + at, false};
    const bool zero_x = one.text.starts_with("0x") || one.text.starts_with("0X");
    const bool backslash_x = one.text.starts_with('x') && at > 0 && line[at - 1] == '\\';
    if (zero_x || backslash_x) one.text.remove_prefix(zero_x ? 2 : 1), one.prefixed = true;
    result.push_back(one);
    at = end;
  }
  return result;
}

/// A line taken apart: the offset in front of it, and what stands between that and the characters behind.
struct parts {
  std::optional<std::uint64_t> offset;
  std::string_view digits;
  std::size_t column = 0;
  bool swapped = false;  ///< words of two octets in the order of a little-endian machine, as plain hexdump writes them
};

class text_reader {
 public:
  std::expected<std::string, hex_trouble> read(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // which some editors write
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    for (std::size_t line = 1; !text.empty(); ++line) {
      const std::string_view one = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(one.size() + 1, text.size()));
      trouble_.line = line;
      if (!take(one)) return std::unexpected(trouble_);
    }
    if (repeating_) return fail("nothing says how often the line above \"*\" repeats", 0), std::unexpected(trouble_);
    return std::move(data_);
  }

 private:
  bool fail(std::string_view cause, std::size_t column) {
    trouble_.cause = cause, trouble_.column = column + 1;
    return false;
  }

  bool take(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t begin = line.find_first_not_of(blanks);
    if (begin == line.npos) return true;
    line.remove_prefix(begin);
    // digits never stand behind characters, so that these may have a '#', too
    line = line.substr(0, std::min(line.find('#'), line.find("//")));
    line = line.substr(0, line.find_last_not_of(blanks) + 1);
    if (line.empty()) return true;
    if (line == "*") return data_.empty() ? fail("there is no line to repeat", begin) : (repeating_ = true);
    const parts found = split(line, begin);
    if (found.offset && !reach(*found.offset, begin)) return false;
    const std::size_t before = data_.size();
    for (const word& one : words_of(found.digits, found.column))
      if (!append(one, found.swapped)) return false;
    last_ = {before, data_.size() - before};
    return true;
  }

  parts split(std::string_view line, std::size_t column) const {
    parts result{{}, line, column, false};
    std::string_view first = line.substr(0, line.find_first_of(" \t:"));
    const std::size_t behind = first.size();
    const bool colon = behind < line.size() && line[behind] == ':';
    if (first.starts_with("0x")) first.remove_prefix(2);
    if (!is_digits(first) || first.size() < 4 || first.size() > 16) return result;
    const std::string_view rest = line.substr(std::min(behind + (colon ? 1 : 0), line.size()));
    const bool groups_of_two = colon || two_digits_each(rest);
    const bool plain_hexdump = first.size() == 7 && four_digits_each(rest);
    const bool final_length = rest.empty() && offsets_;
    // without a colon only its value tells an offset from digits that stand together
    if (!colon && !offsets_ && (!data_.empty() || number_of(first) != 0)) return result;
    if (!groups_of_two && !plain_hexdump && !final_length) return result;
    if (colon && behind + 1 < line.size() && !blanks.contains(line[behind + 1])) return result;  // "100c:0004"
    result.offset = number_of(first);
    result.digits = without_characters(rest, colon);
    result.column = column + static_cast<std::size_t>(result.digits.data() - line.data());
    result.swapped = plain_hexdump;
    return result;
  }

  static bool each_has(std::string_view rest, std::size_t digits) {
    const std::vector<word> all = words_of(without_characters(rest, false), 0);
    return !all.empty() && std::ranges::all_of(all, [digits](const word& one) {
      return one.text.size() == digits && is_digits(one.text);
    });
  }
  static bool two_digits_each(std::string_view rest) { return each_has(rest, 2); }
  static bool four_digits_each(std::string_view rest) { return each_has(rest, 4); }

  /// xxd and tcpdump leave two spaces before the characters, hexdump -C a bar, Wireshark three spaces.
  static std::string_view without_characters(std::string_view rest, bool colon) {
    const std::size_t begin = std::min(rest.find_first_not_of(blanks), rest.size());
    std::string_view digits = rest.substr(begin);
    digits = digits.substr(0, digits.find('|'));
    return digits.substr(0, digits.find(colon ? "  " : "   "));
  }

  bool reach(std::uint64_t offset, std::size_t column) {
    if (!offsets_ && data_.empty()) base_ = offset;  // an excerpt may begin anywhere
    offsets_ = true;
    if (offset < base_) return fail("the offset is smaller than the one before", column);
    const std::uint64_t at = offset - base_;
    if (repeating_) {
      if (at < data_.size() || at > hex_repeated_bytes_max || last_.size == 0)
        return fail("the offset does not fit the repeated line", column);
      while (data_.size() < at) data_ += data_[data_.size() - last_.size];
      repeating_ = false;
    }
    if (odd_ && at + 1 == data_.size()) data_.pop_back();  // hexdump fills its last word with a zero octet
    odd_ = false;
    return at == data_.size() || fail("the offset does not continue the line before", column);
  }

  bool append(const word& one, bool swapped) {
    const std::string_view text = one.text;
    const auto strange = std::ranges::find_if(text, [](char c) { return digit(c) < 0; });
    if (strange != text.end())
      return fail("this is no hexadecimal digit", one.column + static_cast<std::size_t>(strange - text.begin()));
    if (one.prefixed && text.size() == 1) return data_ += static_cast<char>(digit(text[0])), true;
    if (text.empty() || text.size() % 2 != 0) return fail("an octet has two digits, here is one too few", one.column);
    const std::size_t before = data_.size();
    for (std::size_t i = 0; i < text.size(); i += 2)
      data_ += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
    if (swapped) std::reverse(data_.begin() + static_cast<std::ptrdiff_t>(before), data_.end()), odd_ = true;
    return true;
  }

  struct piece {
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  std::string data_;
  hex_trouble trouble_;
  piece last_;  // what the line before gave
  std::uint64_t base_ = 0;
  bool offsets_ = false;
  bool repeating_ = false;
  bool odd_ = false;
};

}  // namespace

bool may_be_hex_text(std::string_view data) {
  return std::ranges::all_of(data, [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet >= 0x20 && octet != 0x7f) || c == '\t' || c == '\r' || c == '\n';
  });
}

std::expected<std::string, hex_trouble> read_hex(std::string_view text) { return text_reader{}.read(text); }

}  // namespace recado::capture
