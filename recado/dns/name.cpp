#include <recado/dns/name.hpp>

#include <algorithm>

namespace recado::dns {

namespace {

constexpr unsigned pointer_mark = 0xc0;  // the two top bits of a length octet (RFC 1035 §4.1.4)

constexpr std::uint8_t value_of(std::byte octet) { return std::to_integer<std::uint8_t>(octet); }

/// Length octets are below 'A', so whole names can be folded.
constexpr std::byte fold(std::byte octet) {
  const std::uint8_t value = value_of(octet);
  return value >= 'A' && value <= 'Z' ? static_cast<std::byte>(value + 32) : octet;
}

bool equal_folded(bytes a, bytes b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](std::byte x, std::byte y) { return fold(x) == fold(y); });
}

bool is_forbidden(char c) {
  const auto value = static_cast<unsigned char>(c);
  return value <= 0x20 || value == 0x7f || c == '\\';
}

}  // namespace

bool name::append(bytes label) {
  if (label.empty() || label.size() > label_octets_max) return false;
  if (size_ + label.size() + 1 > name_octets_max) return false;
  octets_[size_ - 1u] = static_cast<std::byte>(label.size());
  copy(label, mutable_bytes{octets_}.subspan(size_));
  size_ = static_cast<std::uint8_t>(size_ + label.size() + 1);
  octets_[size_ - 1u] = std::byte{0};
  return true;
}

std::expected<name, error> name::parse(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty()) return std::unexpected{error::name_empty};
  if (std::ranges::any_of(text, is_forbidden)) return std::unexpected{error::name_character};
  name result;
  for (bool more = true; more;) {
    const std::size_t end = text.find('.');
    more = end != std::string_view::npos;
    const std::string_view label = text.substr(0, end);
    if (label.empty()) return std::unexpected{error::name_empty};
    if (label.size() > label_octets_max) return std::unexpected{error::label_too_long};
    if (!result.append(as_bytes(label))) return std::unexpected{error::name_too_long};
    if (more) text.remove_prefix(end + 1);
  }
  return result;
}

bool name::ends_in_digits() const {
  std::size_t at = 0, last = 0;
  for (; octets_[at] != std::byte{0}; at += value_of(octets_[at]) + 1u) last = at;
  const bytes label = octets().subspan(last + 1, value_of(octets_[last]));
  return !label.empty() &&
         std::ranges::all_of(label, [](std::byte c) { return value_of(c) >= '0' && value_of(c) <= '9'; });
}

bool name::is_within(const name& parent) const {
  for (std::size_t at = 0;; at += value_of(octets_[at]) + 1u) {
    if (equal_folded(octets().subspan(at), parent.octets())) return true;
    if (octets_[at] == std::byte{0}) return false;
  }
}

bool operator==(const name& a, const name& b) { return equal_folded(a.octets(), b.octets()); }

bool read_name(bytes message, std::size_t& offset, name& out) {
  out.clear();
  std::size_t at = offset;
  std::size_t part = offset;  // where the labels that are being read began: pointers must lead before it
  bool jumped = false;
  while (at < message.size()) {
    const std::uint8_t length = value_of(message[at]);
    if (length == 0) {
      if (!jumped) offset = at + 1;
      return true;
    }
    if (length >= pointer_mark) {
      if (at + 1 >= message.size()) return false;
      const std::size_t target = (length & 0x3fu) << 8 | value_of(message[at + 1]);
      if (target >= part || target < header_octets) return false;
      if (!jumped) offset = at + 2;
      jumped = true;
      at = part = target;
      continue;
    }
    // Lengths from 64 to 191 are the reserved label types (RFC 6891 §5): `append` refuses them.
    if (message.size() - at - 1 < length || !out.append(message.subspan(at + 1, length))) return false;
    at += length + 1u;
  }
  return false;
}

text_sink& operator<<(text_sink& out, const name& what) {
  const bytes octets = what.octets();
  if (octets.size() == 1) return out << '.';
  for (std::size_t at = 0; octets[at] != std::byte{0}; at += value_of(octets[at]) + 1u) {
    for (std::byte octet : octets.subspan(at + 1, value_of(octets[at]))) {
      const auto c = static_cast<char>(octet);
      if (value_of(octet) <= 0x20 || value_of(octet) >= 0x7f) (out << '\\').number(value_of(octet), 3, '0');
      else if (c == '.' || c == '\\') out << '\\' << c;
      else out << c;
    }
    out << '.';
  }
  return out;
}

}  // namespace recado::dns
