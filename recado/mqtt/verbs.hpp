// The four verbs made of the walkers; each packet_*.cpp instantiates them for its packets.
#pragma once

#include <recado/mqtt/codec.hpp>

namespace recado::mqtt {

/// The bytes of a payload that follow later; nothing but a PUBLISH has them.
template <class P>
std::uint32_t rest_of(const P&) {
  return 0;
}
inline std::uint32_t rest_of(const publish& packet) { return packet.payload_rest; }

template <class P>
std::size_t size(const P& packet, version protocol) {
  size_walker walk{protocol};
  P::fields(packet, walk);
  return 1 + variable_size(walk.size()) + walk.size();
}

template <class P>
std::expected<std::size_t, error> encode(const P& packet, version protocol, mutable_bytes out) {
  size_walker measure{protocol};
  P::fields(packet, measure);
  const std::size_t remaining = measure.size();
  if (measure.string_too_long()) [[unlikely]]
    return std::unexpected{error::string_too_long};
  if (remaining > remaining_length_max) [[unlikely]]
    return std::unexpected{error::message_too_large};
  if (out.size() < 1 + variable_size(remaining) + remaining - rest_of(packet)) [[unlikely]]
    return std::unexpected{error::no_room};
  std::byte* at = out.data();
  *at++ = static_cast<std::byte>(static_cast<unsigned>(packet.type) << 4 | packet.flags());
  encode_walker walk{protocol, write_variable(at, remaining)};
  P::fields(packet, walk);
  return static_cast<std::size_t>(walk.at() - out.data());
}

template <class P>
defect decode(const fixed_header& header, bytes packet, const decode_options& options, P& result) {
  const std::size_t total = header.total();
  const bool partial = packet.size() < total;
  if (packet.size() < header.size) return {error::incomplete, field::remaining_length, 0};
  if constexpr (!std::is_same_v<P, publish>)
    if (partial) return {error::incomplete, field::remaining_length, 0};
  result.set_header(header.type, header.flags);
  decode_walker walk{options, packet.subspan(header.size, partial ? packet.size() - header.size : header.remaining),
                     partial};
  P::fields(result, walk);
  if constexpr (std::is_same_v<P, publish>)
    result.payload_rest = partial ? static_cast<std::uint32_t>(total - packet.size()) : 0;
  return walk.result(packet.data());
}

// One line for each packet.
#define RECADO_MQTT_INSTANTIATE(P)                                                        \
  template std::size_t size<P>(const P&, version);                                        \
  template std::expected<std::size_t, error> encode<P>(const P&, version, mutable_bytes); \
  template defect decode<P>(const fixed_header&, bytes, const decode_options&, P&)

}  // namespace recado::mqtt
