#include <recado/mqtt/codec.hpp>

namespace recado::mqtt {

namespace {
constexpr unsigned bit(packet_type type) { return 1U << static_cast<unsigned>(type); }

using enum packet_type;
constexpr unsigned both_send = bit(packet_type::publish) | bit(puback) | bit(pubrec) | bit(pubrel) | bit(pubcomp);
constexpr unsigned in_5_only = bit(packet_type::auth);
constexpr unsigned from_client = both_send | bit(packet_type::connect) | bit(packet_type::subscribe) |
                                 bit(packet_type::unsubscribe) | bit(pingreq) | bit(packet_type::disconnect) |
                                 bit(packet_type::auth);
constexpr unsigned from_server = both_send | bit(packet_type::connack) | bit(suback) | bit(unsuback) | bit(pingresp) |
                                 bit(packet_type::disconnect) | bit(packet_type::auth);
constexpr unsigned with_flags_2 = bit(pubrel) | bit(packet_type::subscribe) | bit(packet_type::unsubscribe);

/// The flags of a PUBLISH: QoS 3 is malformed [MQTT-3.3.1-4], DUP needs QoS 1 or 2 [MQTT-3.3.1-2].
error check_publish_flags(unsigned flags, field& where) {
  if ((flags & 6) == 6) return where = field::qos, error::bad_qos;
  if ((flags & 0xe) == 8) return where = field::duplicate, error::duplicate_with_qos_0;
  return error::none;
}

/// Type and flags of any other packet [MQTT-2.1.3-1]; [MQTT311-2.2.2-1].
error check_first(unsigned type, unsigned flags, const decode_options& options, field& where) {
  const unsigned known = 0xfffe & ~(is_v5(options.protocol) ? 0 : in_5_only);
  unsigned expected = options.from == sender::client ? from_client : from_server;
  // The server of 3.1.1 just closes the connection.
  if (options.protocol == version::v3_1_1 && options.from == sender::server) expected &= ~bit(packet_type::disconnect);
  where = field::packet_type;
  if ((known >> type & 1) == 0) return error::unknown_packet_type;
  if ((expected >> type & 1) == 0) return error::unexpected_packet;
  where = field::flags;
  if (flags != ((with_flags_2 >> type & 1) != 0 ? 2U : 0U)) return error::reserved_flags;
  return error::none;
}
}  // namespace

variable_integer read_variable(const std::byte* at, const std::byte* end) {
  variable_integer result;
  for (std::uint8_t i = 0; i < 4; ++i) {
    if (at + i == end) return {};
    const auto octet = std::to_integer<std::uint32_t>(at[i]);
    result.value |= (octet & 0x7f) << (7 * i);
    if (octet < 0x80) {
      result.size = static_cast<std::uint8_t>(i + 1);
      result.minimal = i == 0 || octet != 0;
      return result;
    }
  }
  result.size = 5;
  return result;
}

defect read_header(bytes in, const decode_options& options, fixed_header& header) {
  header = {};
  if (in.empty()) return {};
  const auto first = std::to_integer<unsigned>(in[0]);
  header.type = static_cast<packet_type>(first >> 4);
  header.flags = static_cast<std::uint8_t>(first & 15);
  field where{};
  const error early = header.type == packet_type::publish ? check_publish_flags(header.flags, where)
                                                          : check_first(first >> 4, header.flags, options, where);
  if (early != error::none) return {early, where, 0};
  const variable_integer length = read_variable(in.data() + 1, in.data() + in.size());
  if (length.size > 4 || (!length.minimal && is_v5(options.protocol)))  // [MQTT-1.5.5-1]
    return {error::bad_variable_byte_integer, field::remaining_length, 1};
  if (length.size == 0) return {};
  header.remaining = length.value;
  header.size = static_cast<std::uint8_t>(1 + length.size);
  if (header.total() > options.packet_bytes_max) return {error::packet_too_large, field::remaining_length, 1};
  return {};
}

}  // namespace recado::mqtt
