#include <recado/transport/text.hpp>

#include <algorithm>

namespace recado::transport {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes the next line, without its end, from the front.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find("\r\n"));
  text.remove_prefix(std::min(line.size() + 2, text.size()));
  return line;
}

/// Calls `visit(value)` for each field of that name.
template <class Visit>
void each_field(const http_answer& in, std::string_view name, Visit&& visit) {
  for (std::string_view rest = in.fields; !rest.empty();) {
    const std::string_view line = take_line(rest);
    const std::size_t colon = line.find(':');
    if (colon != line.npos && equal_in_any_case(line.substr(0, colon), name)) visit(trimmed(line.substr(colon + 1)));
  }
}

bool is_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos || !is_visible(line.substr(0, colon))) return false;
  return std::ranges::none_of(line, [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet < 0x20 && c != '\t') || octet == 0x7f;
  });
}

}  // namespace

bool equal_in_any_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool is_visible(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

void print_base64(bytes data, bytes more, text_sink& out) {
  const std::size_t size = data.size() + more.size();
  const auto octet = [&](std::size_t i) {
    return i >= size ? 0u : std::to_integer<unsigned>(i < data.size() ? data[i] : more[i - data.size()]);
  };
  for (std::size_t i = 0; i < size; i += 3) {
    const unsigned bits = octet(i) << 16 | octet(i + 1) << 8 | octet(i + 2);
    out << alphabet[bits >> 18] << alphabet[bits >> 12 & 63];
    out << (i + 1 < size ? alphabet[bits >> 6 & 63] : '=') << (i + 2 < size ? alphabet[bits & 63] : '=');
  }
}

std::optional<http_answer> parse_http(std::string_view head) {
  if (!head.ends_with("\r\n\r\n")) return std::nullopt;
  head.remove_suffix(2);
  const std::string_view first = take_line(head);
  if (first.size() < 12 || !first.starts_with("HTTP/1.") || first[8] != ' ') return std::nullopt;
  if (first[7] != '0' && first[7] != '1') return std::nullopt;
  if (first.size() > 12 && first[12] != ' ') return std::nullopt;
  http_answer result{0, head};
  for (const char c : first.substr(9, 3)) {
    if (c < '0' || c > '9') return std::nullopt;
    result.status = result.status * 10 + static_cast<unsigned>(c - '0');
  }
  if (result.status < 100) return std::nullopt;
  while (!head.empty())
    if (!is_field(take_line(head))) return std::nullopt;
  return result;
}

std::size_t count_fields(const http_answer& in, std::string_view name) {
  std::size_t count = 0;
  each_field(in, name, [&](std::string_view) { ++count; });
  return count;
}

std::optional<std::string_view> only_field(const http_answer& in, std::string_view name) {
  std::optional<std::string_view> result;
  if (count_fields(in, name) == 1) each_field(in, name, [&](std::string_view value) { result = value; });
  return result;
}

bool has_token(const http_answer& in, std::string_view name, std::string_view token) {
  bool found = false;
  each_field(in, name, [&](std::string_view value) {
    while (!value.empty()) {
      const std::string_view one = value.substr(0, value.find(','));
      found = found || equal_in_any_case(trimmed(one), token);
      value.remove_prefix(std::min(one.size() + 1, value.size()));
    }
  });
  return found;
}

}  // namespace recado::transport
