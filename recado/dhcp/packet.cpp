#include <recado/dhcp/packet.hpp>

#include <algorithm>

#include <recado/dhcp/option_cursor.hpp>
#include <recado/dhcp/option_list.hpp>
#include <recado/dhcp/walk.hpp>

namespace recado::dhcp {

namespace {

using kind = option_kind;

constexpr option_row rows[] = {
#define RECADO_DHCP_ROW(code, what, name) {option::code, kind::what},
    RECADO_DHCP_OPTIONS(RECADO_DHCP_ROW)
#undef RECADO_DHCP_ROW
};

/// The fields that hold options, in the order in which pieces are joined (RFC 3396 §5).
std::array<bytes, 3> option_fields(const packet& in, overload which) {
  const auto bits = static_cast<unsigned>(which);
  return {in.options, bits & 1 ? bytes{in.file} : bytes{}, bits & 2 ? bytes{in.sname} : bytes{}};
}

/// Option 52 stands in the options field only (RFC 2132 §9.3).
std::expected<overload, error> overload_of(const packet& in) {
  for (option_cursor at{in.options}; at.next();)
    if (at.code == option::overload) {
      if (at.value.size() != 1 || at.value[0] == std::byte{0} || at.value[0] > std::byte{3})
        return std::unexpected{error::bad_option};
      return static_cast<overload>(at.value[0]);
    }
  return overload::none;
}

bool well_formed(bytes field, bool end_required) {
  option_cursor at{field};
  while (at.next()) {
  }
  return !at.failed() && (at.ended() || !end_required);
}

}  // namespace

std::string_view words(operation what) {
  switch (what) {
    case operation::request:
      return "request";
    case operation::reply:
      return "reply";
  }
  return "unknown";
}

std::string_view words(hardware_type what) { return what == hardware_type::ethernet ? "Ethernet" : "unknown"; }

std::string_view words(message_type what) {
  constexpr std::string_view names[] = {"none", "DISCOVER", "OFFER",   "REQUEST", "DECLINE",
                                        "ACK",  "NAK",      "RELEASE", "INFORM"};
  const auto index = static_cast<std::size_t>(what);
  return index < std::size(names) ? names[index] : "unknown";
}

std::span<const option_row> option_table() { return rows; }

const option_row* find_row(option code) {
  const auto* const at = std::ranges::find(rows, code, &option_row::code);
  return at == std::end(rows) ? nullptr : at;
}

bool fits(option_kind what, std::size_t length) {
  switch (what) {
    case kind::u8:
    case kind::type:
    case kind::overload:
      return length == 1;
    case kind::u16:
      return length == 2;
    case kind::seconds:
    case kind::address:
      return length == 4;
    case kind::addresses:
      return length != 0 && length % 4 == 0;
    case kind::routes:
      return length >= 5;
    case kind::opaque:
    case kind::text:
    case kind::codes:
      return length != 0;
  }
  return false;
}

std::size_t size(const packet& what) {
  size_walker walk;
  packet::fields(what, walk);
  return walk.size();
}

std::expected<bytes, error> encode(const packet& what, mutable_bytes memory) {
  encode_walker walk{memory};
  packet::fields(what, walk);
  if (walk.out().offset() < message_bytes_min) walk.out().fill(message_bytes_min - walk.out().offset());
  if (walk.out().failed()) return std::unexpected{error::no_room};
  return walk.out().written();
}

outcome<error> decode_fixed(bytes payload, packet& out) {
  decode_walker walk{payload};
  packet::fields(out, walk);
  if (walk.in().failed()) return std::unexpected{error::truncated};
  return {};
}

outcome<error> check_options(const packet& in) {
  if (in.cookie != magic_cookie) return std::unexpected{error::bad_cookie};
  if (!well_formed(in.options, true)) return std::unexpected{error::truncated};
  const auto which = overload_of(in);
  if (!which) return std::unexpected{which.error()};
  for (const bytes field : option_fields(in, *which))
    if (!well_formed(field, false)) return std::unexpected{error::bad_option};
  return {};
}

std::expected<packet, error> decode(bytes payload) {
  packet result;
  if (const auto done = decode_fixed(payload, result); !done) return std::unexpected{done.error()};
  if (const auto done = check_options(result); !done) return std::unexpected{done.error()};
  return result;
}

std::expected<std::optional<bytes>, error> find_option(const packet& in, option code, mutable_bytes scratch) {
  std::optional<bytes> found;
  std::size_t joined = 0;
  for (const bytes field : option_fields(in, overload_of(in).value_or(overload::none)))
    for (option_cursor at{field}; at.next();) {
      if (at.code != code) continue;
      if (!found) {
        found = at.value;
        continue;
      }
      if (joined == 0) {
        if (found->size() > scratch.size()) return std::unexpected{error::bad_option};
        copy(*found, scratch);
        joined = found->size();
      }
      if (at.value.size() > scratch.size() - joined) return std::unexpected{error::bad_option};
      copy(at.value, scratch.subspan(joined));
      joined += at.value.size();
      found = scratch.first(joined);
    }
  const option_row* row = find_row(code);
  if (found && row && !fits(row->kind, found->size())) return std::unexpected{error::bad_option};
  return found;
}

void option_writer::put(option code, bytes value) {
  if (value.size() > 255) return out_.fail();
  out_.u8(static_cast<std::uint8_t>(code));
  out_.u8(static_cast<std::uint8_t>(value.size()));
  out_.put(value);
}

void option_writer::put(option code, const ip_address& value) { put_u32(code, value.v4_value()); }

void option_writer::put_u8(option code, std::uint8_t value) {
  out_.u8(static_cast<std::uint8_t>(code)), out_.u8(1), out_.u8(value);
}

void option_writer::put_u16(option code, std::uint16_t value) {
  out_.u8(static_cast<std::uint8_t>(code)), out_.u8(2), out_.u16(value);
}

void option_writer::put_u32(option code, std::uint32_t value) {
  out_.u8(static_cast<std::uint8_t>(code)), out_.u8(4), out_.u32(value);
}

}  // namespace recado::dhcp
