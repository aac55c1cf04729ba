// The four verbs made of the walkers; each packet_*.cpp instantiates them for its packets.
#pragma once

#include <recado/mqtt/codec.hpp>

namespace recado::mqtt {

/// The bytes of a payload that follow later; nothing but a PUBLISH has them.
template <class P>
std::uint32_t rest_of(const P&) {
  return 0;
}
inline std::uint32_t rest_of(const publish& message) { return message.payload_rest; }

template <class P>
RECADO_MQTT_VERB std::size_t size(const P& one, version protocol) {
  size_walker walk{protocol};
  P::fields(one, walk);
  return 1 + variable_size(walk.size()) + walk.size();
}

/// PUBLISH and its answers: what is sent and received for every message.
template <class P>
inline constexpr bool is_frequent = std::is_same_v<P, publish> || std::is_same_v<P, acknowledgement>;

/// Writes what `measure` measured.
template <class Encode, class P>
[[gnu::always_inline]] inline std::expected<std::size_t, error> write(const P& one, version protocol,
                                                                      const size_walker& measure, std::uint32_t rest,
                                                                      mutable_bytes out) {
  const std::size_t remaining = measure.size();
  if (measure.string_too_long()) [[unlikely]]
    return std::unexpected{error::string_too_long};
  if (remaining > remaining_length_max) [[unlikely]]
    return std::unexpected{error::message_too_large};
  const std::size_t written = 1 + variable_size(remaining) + remaining - rest;
  if (out.size() < written) [[unlikely]]
    return std::unexpected{error::no_room};
  std::byte* at = out.data();
  *at++ = static_cast<std::byte>(static_cast<unsigned>(one.type) << 4 | one.flags());
  Encode walk{protocol, write_variable(at, remaining)};
  P::fields(one, walk);
  return written;
}

template <class P>
__attribute__((noinline)) std::expected<std::size_t, error> encode_any(const P& one, version protocol,
                                                                       mutable_bytes out) {
  size_walker measure{protocol};
  P::fields(one, measure);
  return write<encode_walker>(one, protocol, measure, rest_of(one), out);
}

template <class P>
RECADO_MQTT_VERB std::expected<std::size_t, error> encode(const P& one, version protocol, mutable_bytes out) {
#if !defined(__OPTIMIZE_SIZE__)
  if constexpr (is_frequent<P>) {
    plain_size_walker measure{protocol};
    P::fields(one, measure);
    if (measure.plain()) [[likely]]
      return write<plain_encode_walker>(one, protocol, measure, 0, out);
  }
#endif
  return encode_any(one, protocol, out);
}

template <class P>
defect decode(fixed_header header, bytes data, const decode_options& options, P& result) {
  const std::size_t total = header.total();
  const bool partial = data.size() < total;
  if (data.size() < header.size || (partial && !std::is_same_v<P, publish>))
    return {error::incomplete, field::remaining_length, 0};
  result.set_header(header.type, header.flags);
  decode_walker walk{options, data.first(partial ? data.size() : total).subspan(header.size), partial};
  P::fields(result, walk);
  if constexpr (std::is_same_v<P, publish>)
    result.payload_rest = partial ? static_cast<std::uint32_t>(total - data.size()) : 0;
  return walk.result(data.data());
}

template <class P>
RECADO_MQTT_VERB std::size_t take([[maybe_unused]] bytes in, [[maybe_unused]] const decode_options& options,
                                  [[maybe_unused]] P& result) {
#if !defined(__OPTIMIZE_SIZE__)
  if (in.size() < 2) return 0;
  const auto first = std::to_integer<unsigned>(in[0]);
  if (!P::is_usual(first)) return 0;
  const std::byte* at = in.data() + 2;
  std::size_t remaining = std::to_integer<std::size_t>(in[1]);
  if (remaining >= 0x80) {
    if (in.size() < 3 || in[2] == std::byte{0} || in[2] >= std::byte{0x80}) return 0;
    remaining = remaining - 0x80 + (std::to_integer<std::size_t>(in[2]) << 7);
    ++at;
  }
  const std::byte* const end = at + remaining;
  const auto total = static_cast<std::size_t>(end - in.data());
  if (in.size() < total || total > options.packet_bytes_max) return 0;
  result.set_header(static_cast<packet_type>(first >> 4), static_cast<std::uint8_t>(first & 15));
  scan_walker walk{options, at, end};
  P::fields(result, walk);
  return walk.well() ? total : 0;
#else
  return 0;
#endif
}

// One line for each packet.
#define RECADO_MQTT_INSTANTIATE(P)                                                        \
  template std::size_t size<P>(const P&, version);                                        \
  template std::expected<std::size_t, error> encode<P>(const P&, version, mutable_bytes); \
  template defect decode<P>(fixed_header, bytes, const decode_options&, P&)

}  // namespace recado::mqtt
