#include <algorithm>

#include <recado/pki/report.hpp>

namespace recado::pki {
namespace {

constexpr std::size_t name_columns = 28;
constexpr std::size_t value_columns = 90;
constexpr std::string_view digits = "0123456789ABCDEF";

std::string printable(std::string_view text) {
  std::string safe;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c >= 0x20 && c != 0x7f && !c1) safe += text[i];
    else safe += {'\\', 'x', digits[c >> 4], digits[c & 15]};
  }
  return safe;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\r')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

/// How much of a line fits: up to the last space or colon if there is one in the second half.
std::size_t fold_at(std::string_view line) {
  if (line.size() <= value_columns) return line.size();
  const std::size_t at = line.substr(0, value_columns).find_last_of(" :,");
  return at != std::string_view::npos && at > value_columns / 2 ? at + 1 : value_columns;
}

}  // namespace

std::string hex_of(bytes data, char separator) {
  std::string text;
  for (const std::byte each : data) {
    const auto value = std::to_integer<unsigned>(each);
    if (!text.empty()) text += separator;
    text += {digits[value >> 4], digits[value & 15]};
  }
  return text;
}

void report::title(std::string_view text) {
  if (!text_.empty()) text_ += '\n';
  text_ += std::string{text} + '\n';
}

void report::field(std::string_view name, std::string_view value) {
  std::string label = "  " + printable(name);
  bool first = true;
  while (!value.empty() || first) {
    const std::size_t end = std::min(value.find('\n'), value.size());
    const std::string line = printable(trimmed(value.substr(0, end)));
    value.remove_prefix(std::min(end + 1, value.size()));
    if (line.empty() && !first) continue;
    std::string_view rest = line;
    do {
      const std::size_t size = fold_at(rest);
      label.resize(std::max(label.size() + 1, name_columns), ' ');
      text_ += label + std::string{rest.substr(0, size)} + '\n';
      rest.remove_prefix(size);
      label.clear();
      first = false;
    } while (!rest.empty());
  }
}

}  // namespace recado::pki
