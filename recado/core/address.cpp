#include <recado/core/address.hpp>

#include <bit>

namespace recado {

namespace {

std::optional<std::uint32_t> parse_number(std::string_view text, unsigned base, std::size_t digits_max) {
  if (text.empty() || text.size() > digits_max) return {};
  std::uint32_t value = 0;
  for (char c : text) {
    unsigned digit = 99;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A' + 10);
    if (digit >= base) return {};
    value = value * base + digit;
  }
  return value;
}

/// Cuts the part before `separator` off the front of `rest`; the last part ends `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return part;
}

std::optional<ip_address> parse_v4(std::string_view text) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    if (i < 3 && text.find('.') == std::string_view::npos) return {};
    const std::string_view part = i < 3 ? next_part(text, '.') : text;
    const auto octet = parse_number(part, 10, 3);
    if (!octet || *octet > 255 || (part.size() > 1 && part[0] == '0')) return {};
    value = value << 8 | *octet;
  }
  return ip_address::v4(value);
}

struct groups {
  std::array<std::uint16_t, 8> values{};
  std::size_t count = 0;

  bool push(std::uint32_t value) {
    if (count == values.size()) return false;
    values[count++] = static_cast<std::uint16_t>(value);
    return true;
  }
};

/// Reads groups separated by ':', the last of which may be an IPv4 address.
std::optional<groups> parse_groups(std::string_view text, bool may_end_in_v4) {
  groups result;
  if (text.empty()) return result;
  for (bool more = true; more;) {
    more = text.find(':') != std::string_view::npos;
    const std::string_view part = next_part(text, ':');
    if (!more && may_end_in_v4 && part.find('.') != std::string_view::npos) {
      const auto v4 = parse_v4(part);
      if (!v4 || !result.push(v4->v4_value() >> 16) || !result.push(v4->v4_value() & 0xffff)) return {};
      return result;
    }
    const auto group = parse_number(part, 16, 4);
    if (!group || !result.push(*group)) return {};
  }
  return result;
}

std::optional<ip_address> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  const bool has_gap = gap != std::string_view::npos;
  const auto head = parse_groups(has_gap ? text.substr(0, gap) : text, !has_gap);
  const auto tail = parse_groups(has_gap ? text.substr(gap + 2) : std::string_view{}, true);
  if (!head || !tail) return {};
  const std::size_t count = head->count + tail->count;
  if (has_gap ? count > 7 : count != 8) return {};
  std::array<std::uint16_t, 8> values{};
  for (std::size_t i = 0; i < head->count; ++i) values[i] = head->values[i];
  for (std::size_t i = 0; i < tail->count; ++i) values[8 - tail->count + i] = tail->values[i];
  ip_address result{ip_address::kind::v6, {}};
  for (std::size_t i = 0; i < 8; ++i) {
    result.octets[2 * i] = static_cast<std::byte>(values[i] >> 8);
    result.octets[2 * i + 1] = static_cast<std::byte>(values[i] & 0xff);
  }
  return result;
}

std::uint16_t group_of(const ip_address& address, std::size_t index) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(address.octets[2 * index]) << 8 |
                                    std::to_integer<unsigned>(address.octets[2 * index + 1]));
}

struct zero_run {
  std::size_t begin = 8, length = 0;
};

/// The first of the longest runs of at least two zero groups (RFC 5952 §4.2).
zero_run longest_zero_run(const ip_address& address) {
  zero_run best;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && group_of(address, end) == 0) ++end;
    if (end - i >= 2 && end - i > best.length) best = {i, end - i};
    if (end > i) i = end - 1;
  }
  return best;
}

void write_hex(text_sink& out, std::uint16_t value) {
  const unsigned digits = value < 0x10 ? 1 : value < 0x100 ? 2 : value < 0x1000 ? 3 : 4;
  out.hex(value, digits);
}

void write_v6(text_sink& out, const ip_address& address) {
  const zero_run gap = longest_zero_run(address);
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == gap.begin) {
      out << "::";
      i += gap.length - 1;
      continue;
    }
    if (i != 0 && i != gap.begin + gap.length) out << ':';
    write_hex(out, group_of(address, i));
  }
}

}  // namespace

std::optional<ip_address> parse_address(std::string_view text) {
  if constexpr (has_ipv6)
    if (text.find(':') != std::string_view::npos) return parse_v6(text);
  return parse_v4(text);
}

std::optional<mac_address> parse_mac(std::string_view text) {
  if (text.size() != 17) return {};
  mac_address result;
  for (auto& octet : result.octets) {
    const auto value = parse_number(next_part(text, ':'), 16, 2);
    if (!value) return {};
    octet = static_cast<std::byte>(*value);
  }
  return result;
}

std::optional<unsigned> prefix_length(ip_address netmask) {
  const std::uint32_t mask = netmask.v4_value();
  const auto ones = static_cast<unsigned>(std::countl_one(mask));
  if (!netmask.is_v4() || mask != netmask_of(ones).v4_value()) return {};
  return ones;
}

ip_address netmask_of(unsigned length) {
  return ip_address::v4(length == 0 ? 0 : ~std::uint32_t{0} << (32 - length));
}

bool same_peer(const endpoint& a, const endpoint& b) {
  const bool same_scope = a.address.scope == b.address.scope || a.address.scope == 0 || b.address.scope == 0;
  return a.port == b.port && a.address.family == b.address.family && a.address.octets == b.address.octets && same_scope;
}

text_sink& operator<<(text_sink& out, const ip_address& address) {
  if constexpr (has_ipv6)
    if (address.is_v6()) return write_v6(out, address), out;
  if (!address.is_v4()) return out << "no address";
  for (std::size_t i = 0; i < 4; ++i) {
    if (i != 0) out << '.';
    out.number(std::to_integer<std::uint64_t>(address.octets[i]));
  }
  return out;
}

text_sink& operator<<(text_sink& out, const endpoint& where) {
  if (where.address.is_v6()) out << '[' << where.address << ']';
  else out << where.address;
  out << ':';
  return out.number(where.port);
}

text_sink& operator<<(text_sink& out, const mac_address& address) { return out.hex(bytes{address.octets}, ':'); }

}  // namespace recado
