// A message in words, one field per line.
#include <algorithm>

#include <recado/dhcp/option_cursor.hpp>
#include <recado/dhcp/option_list.hpp>
#include <recado/dhcp/packet.hpp>
#include <recado/wire/cursor.hpp>

namespace recado::dhcp {

namespace {

bytes until_zero(bytes data) {
  return data.first(static_cast<std::size_t>(std::ranges::find(data, std::byte{0}) - data.begin()));
}

ip_address take_address(wire::reader& in) { return ip_address::v4(in.u32()); }

void print_addresses(bytes value, text_sink& out) {
  wire::reader in{value};
  for (bool first = true; in.remaining() != 0; first = false) {
    if (!first) out << ", ";
    out << take_address(in);
  }
}

void print_seconds(std::uint32_t value, text_sink& out) {
  if (value == 0xffffffff) out << "infinite";
  else out.number(value) << " s";
}

void print_codes(bytes value, text_sink& out) {
  bool first = true;
  for (const std::byte code : value) {
    if (!first) out << ", ";
    first = false;
    out.number(std::to_integer<std::uint64_t>(code));
    if (const auto name = name_of(static_cast<option>(code)); !name.empty()) out << ' ' << name;
  }
}

void print_routes(bytes value, text_sink& out) {
  wire::reader in{value};
  for (bool first = true; in.remaining() != 0; first = false) {
    if (!first) out << ", ";
    const unsigned prefix = in.u8();
    std::uint32_t destination = 0;
    for (unsigned i = 0; i < 4; ++i)
      destination = destination << 8 | (prefix <= 32 && i < (prefix + 7) / 8 ? in.u8() : 0u);
    const ip_address router = take_address(in);
    if (in.failed() || prefix > 32) {
      out << "malformed";
      return;
    }
    out << ip_address::v4(destination) << '/', out.number(prefix) << " via " << router;
  }
}

void print_overload(std::uint8_t value, text_sink& out) {
  constexpr std::string_view names[] = {"none", "file holds options", "sname holds options",
                                        "file and sname hold options"};
  out << (value < std::size(names) ? names[value] : "unknown");
}

void print_value(option_kind kind, bytes value, text_sink& out) {
  wire::reader in{value};
  switch (kind) {
    case option_kind::u8:
      out.number(in.u8());
      break;
    case option_kind::u16:
      out.number(in.u16());
      break;
    case option_kind::seconds:
      print_seconds(in.u32(), out);
      break;
    case option_kind::address:
    case option_kind::addresses:
      print_addresses(value, out);
      break;
    case option_kind::text:
      out.quoted(value);
      break;
    case option_kind::type:
      out << words(static_cast<message_type>(in.u8()));
      break;
    case option_kind::codes:
      print_codes(value, out);
      break;
    case option_kind::routes:
      print_routes(value, out);
      break;
    case option_kind::overload:
      print_overload(in.u8(), out);
      break;
    case option_kind::opaque:
      out.hex(value, ':');
      break;
  }
}

void print_option(option code, bytes value, text_sink& out) {
  const option_row* row = find_row(code);
  out << "option ";
  out.number(static_cast<std::uint8_t>(code));
  if (row) out << ' ' << name_of(code);
  out << ": ";
  if (!row) out.hex(value, ':');
  else if (fits(row->kind, value.size())) print_value(row->kind, value, out);
  else out.hex(value, ':') << " (wrong length or part of a split option)";
  out << '\n';
}

void print_options(bytes field, text_sink& out) {
  for (option_cursor at{field}; at.next();) print_option(at.code, at.value, out);
}

/// Prints each fixed field on a line of its own.
class line_walker {
 public:
  line_walker(text_sink& out, std::uint8_t overloaded) : out_(out), overloaded_(overloaded) {}

  template <wire::scalar T>
  void operator()(std::string_view name, const T& value) {
    out_ << name << ": ";
    if constexpr (requires { words(value); }) out_ << words(value) << " (", out_.number(wire::to_wire(value)) << ')';
    else if constexpr (sizeof(T) == 4) out_ << "0x", out_.hex(value, 8);
    else out_.number(value);
    if (name == "secs") out_ << " s";
    if (name == "flags" && (wire::to_wire(value) & broadcast_flag)) out_ << " (broadcast)";
    out_ << '\n';
  }
  void operator()(std::string_view name, const ipv4& value) { out_ << name << ": " << to_address(value) << '\n'; }
  void operator()(std::string_view name, const std::array<std::byte, 16>& chaddr) {
    out_ << name << ": ", out_.hex(bytes{chaddr}.first(6), ':') << '\n';
  }
  void operator()(std::string_view name, const std::array<std::byte, 64>& sname) { names(name, sname, 2); }
  void operator()(std::string_view name, const std::array<std::byte, 128>& file) { names(name, file, 1); }
  void operator()(std::string_view, const bytes& options) { print_options(options, out_); }

 private:
  void names(std::string_view name, bytes value, std::uint8_t bit) {
    if (overloaded_ & bit) {
      out_ << name << ": holds options\n";
      print_options(value, out_);
    } else {
      out_ << name << ": ", out_.quoted(until_zero(value)) << '\n';
    }
  }

  text_sink& out_;
  std::uint8_t overloaded_;
};

}  // namespace

std::string_view name_of(option code) {
  switch (code) {
#define RECADO_DHCP_NAME(code, what, name) \
  case option::code:                       \
    return name;
    RECADO_DHCP_OPTIONS(RECADO_DHCP_NAME)
#undef RECADO_DHCP_NAME
    default:
      return "";
  }
}

void print(bytes payload, text_sink& out) {
  const auto what = decode(payload);
  if (!what) {
    out << "not a DHCP message: " << words(what.error()) << '\n';
    return;
  }
  std::array<std::byte, 1> scratch{};
  const auto overloaded = find_option(*what, option::overload, scratch);
  line_walker walk{out, overloaded && *overloaded ? std::to_integer<std::uint8_t>((**overloaded)[0]) : std::uint8_t{0}};
  packet::fields(*what, walk);
}

}  // namespace recado::dhcp
