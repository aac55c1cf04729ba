#include <recado/capture/inspect.hpp>

#include <array>

#include <recado/dhcp/error.hpp>
#include <recado/dhcp/packet.hpp>
#include <recado/dns/packet.hpp>
#include <recado/ntp/limits.hpp>
#include <recado/ntp/packet.hpp>
#include <recado/wire/cursor.hpp>

namespace recado::capture {
namespace {

constexpr std::size_t sname_offset = 44;  // RFC 2131 §2, figure 1
constexpr std::size_t file_offset = 108;
constexpr std::size_t cookie_offset = 236;
constexpr std::size_t options_offset = 240;

/// The first option between two offsets that doesn't fit its kind or its field. RFC 3396 lets options come in pieces,
/// whose lengths say nothing: `decode` and this only differ there.
std::optional<blemish> inspect_options(bytes payload, std::size_t begin, std::size_t end) {
  for (std::size_t at = begin; at < end;) {
    const auto code = static_cast<dhcp::option>(payload[at]);
    if (code == dhcp::option::end) return std::nullopt;
    if (code == dhcp::option::pad) {
      ++at;
      continue;
    }
    if (at + 1 == end) return blemish{"an option without its length", at};
    const auto length = std::to_integer<std::size_t>(payload[at + 1]);
    if (length > end - at - 2) return blemish{"an option reaches beyond the options", at + 1};
    const dhcp::option_row* row = dhcp::find_row(code);
    if (row && !dhcp::fits(row->kind, length)) return blemish{"an option has a length that its kind forbids", at + 1};
    at += 2 + length;
  }
  return blemish{"the options don't end with the option END", end};
}

std::optional<blemish> inspect_dhcp(bytes payload) {
  dhcp::packet packet;
  if (const auto done = dhcp::decode_fixed(payload, packet); !done) return blemish{words(done.error()), payload.size()};
  if (packet.cookie != dhcp::magic_cookie) return blemish{words(dhcp::error::bad_cookie), cookie_offset};
  if (const auto found = inspect_options(payload, options_offset, payload.size())) return found;
  std::array<std::byte, 1> scratch{};
  const auto overloaded = dhcp::find_option(packet, dhcp::option::overload, scratch);
  const unsigned fields = overloaded && *overloaded ? std::to_integer<unsigned>((**overloaded)[0]) : 0;
  if ((fields & 1) != 0)
    if (const auto found = inspect_options(payload, file_offset, cookie_offset)) return found;
  if ((fields & 2) != 0)
    if (const auto found = inspect_options(payload, sname_offset, file_offset)) return found;
  return std::nullopt;
}

bool record_is_sound(bytes message, const dns::record& what) {
  dns::name target;
  switch (what.data.type) {
    case dns::record_type::a:
    case dns::record_type::aaaa:
      return address_of(message, what).has_value();
    case dns::record_type::cname:
    case dns::record_type::ns:
    case dns::record_type::ptr:
      return target_of(message, what, target);
    case dns::record_type::soa:
      return soa_of(message, what).has_value();
    case dns::record_type::srv:
      return srv_of(message, what, target).has_value();
    default:
      return true;
  }
}

std::optional<blemish> inspect_dns(bytes message) {
  dns::message_reader reader{message};
  if (reader.failed()) return blemish{"a DNS message is shorter than its header", message.size()};
  for (dns::record what; reader.next(what);)
    if (!record_is_sound(message, what)) return blemish{"a record's data don't fit its type", what.offset};
  if (reader.failed()) return blemish{"a question or record is broken or cut off", reader.offset()};
  if (reader.offset() != message.size()) return blemish{"bytes are left over behind the last record", reader.offset()};
  return std::nullopt;
}

std::optional<blemish> inspect_ntp(bytes payload) {
  if (payload.size() < ntp::packet_octets) return blemish{"an NTP packet is shorter than 48 bytes", payload.size()};
  if (payload.size() % 4 != 0) return blemish{"an NTP packet's length is no multiple of 4", payload.size()};
  const ntp::packet what = *ntp::decode(payload);
  if (what.version_number() < 1 || what.version_number() > 4) return blemish{"the NTP version is not 1 to 4", 0};
  return std::nullopt;
}

}  // namespace

std::optional<blemish> inspect(application what, bytes payload) {
  switch (what) {
    case application::dhcp:
      return inspect_dhcp(payload);
    case application::dns:
      return inspect_dns(payload);
    case application::ntp:
      return inspect_ntp(payload);
    case application::unknown:
      break;
  }
  return std::nullopt;
}

bool resembles(application what, bytes payload) {
  if (what == application::dhcp) {
    wire::reader in{payload};
    (void)in.take(cookie_offset);
    return in.u32() == dhcp::magic_cookie;
  }
  if (inspect(what, payload)) return false;
  if (what == application::ntp) {
    const auto packet = ntp::decode(payload);
    const auto mode = static_cast<unsigned>(packet->association());
    return packet->version_number() >= 3 && mode >= 1 && mode <= 5 && packet->stratum <= 16;
  }
  if (what != application::dns) return false;
  const dns::message_reader reader{payload};
  return reader.head().opcode() == 0 && payload.size() > 12;
}

}  // namespace recado::capture
